// What S3 Control lets a job ask for and this version cannot do yet. Such a job is created, so that
// every client's request is understood; it fails in Preparing, before its manifest is read, with a
// reason that names the part. The law stands here alone: due.ts asks it, and so does whoever would
// otherwise begin to work on the part.
import type { Failure, JobRequest } from './job.ts';

const code = 'NotImplemented';

/** null: everything that the request asks for is built. */
export function notBuilt({ manifest }: Pick<JobRequest, 'manifest'>): Failure | null {
  const part =
    manifest.format === 'generated' ? 'ManifestGenerator (S3JobManifestGenerator)' : null;
  if (part === null) return null;
  return {
    code,
    reason: `This version of s3batch does not do ${part} yet. No object was touched.`,
  };
}
