// Measuring: everything that touches S3 is checked before the job may hold tasks, and their number
// is estimated from bytes, since it decides the number of partitions.
import type { Job } from '../core/job.ts';
import { headDataFile } from './head-object.ts';
import { inOrder } from './in-order.ts';
import type { OpenManifest } from './open-manifest.ts';
import type { ManifestFile } from './plan.ts';
import { probeReport } from './probe-report.ts';

/** What a row takes on average, and how much an inventory's gzip shrinks it. */
const rowBytesEstimated = 80;
const inflationEstimated = 8;

export async function measure(
  manifest: OpenManifest,
  job: Job,
  signal: AbortSignal,
): Promise<{ readonly kind: 'measured'; readonly tasksEstimated: number }> {
  const { files, source } = manifest;
  const unseen = files.filter(({ etag }) => etag === null);
  const heads = inOrder(unseen.length, source.limits.headsAtOnce, async (index) => {
    const file = unseen[index];
    if (file !== undefined) await headDataFile(source, file, signal);
  });
  for await (const _ of heads) signal.throwIfAborted();
  await probeReport(source, job, signal);
  return { kind: 'measured', tasksEstimated: estimateTasks(files) };
}

export function estimateTasks(files: readonly ManifestFile[]): number {
  const csvBytes = files.reduce(
    (sum, { bytes, compression }) =>
      sum + bytes * (compression === 'gzip' ? inflationEstimated : 1),
    0,
  );
  return Math.ceil(csvBytes / rowBytesEstimated);
}
