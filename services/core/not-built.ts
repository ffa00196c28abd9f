// What S3 Control lets a job ask for and this version cannot do yet. Such a job is created, so that
// every client's request is understood; it fails in Preparing, before its manifest is read, with a
// reason that names the part. The law stands here alone (which operations are built stands in
// operations/registry.ts): due.ts asks it for every job that begins to be prepared.
import type { Failure, JobRequest } from './job.ts';
import { partNotBuilt } from './operations/registry.ts';

const code = 'NotImplemented';

/** null: everything that the request asks for is built. */
export function notBuilt({
  operation,
  manifest,
}: Pick<JobRequest, 'operation' | 'manifest'>): Failure | null {
  const generator = 'ManifestGenerator (S3JobManifestGenerator)';
  const parts = [partNotBuilt(operation), manifest.format === 'generated' ? generator : null];
  const named = parts.filter((part) => part !== null).join(' and ');
  if (named === '') return null;
  const reason = `This version of s3batch does not do ${named} yet. No object was touched.`;
  return { code, reason };
}
