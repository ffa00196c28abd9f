// Proves before any work that the report can be written: puts a small object under the job's own
// report prefix and takes it away again. A role that may put but not delete (all that AWS asks for)
// passes, and leaves the probe behind.
import { Buffer } from 'node:buffer';
import { parseBucketArn } from '../core/arn.ts';
import type { Job } from '../core/job.ts';
import { reportFolder } from '../core/report.ts';
import type { ObjectAddress } from '../core/storage.ts';
import { askStorage } from './ask-storage.ts';
import { problem, shown } from './problem.ts';
import { reportRefused, shownArn } from './reasons.ts';
import type { Source } from './source.ts';

const probeName = '.s3batch-write-probe';

export async function probeReport(source: Source, job: Job, signal: AbortSignal): Promise<void> {
  const { report } = job.request;
  if (!report.enabled) return;
  const bucket = parseBucketArn(report.bucketArn);
  if (bucket === null) {
    throw problem(
      'InvalidReportBucket',
      `The report bucket ${shown(report.bucketArn)} is not the ARN of a bucket ` +
        '(arn:aws:s3:::name).',
    );
  }
  const at = {
    bucket,
    key: `${reportFolder(report.prefix, job.id)}/${probeName}`,
    versionId: null,
  };
  const { objects } = source.storage;
  const bytes = Buffer.from('s3batch checks that the report can be written.\n');
  const { expectedBucketOwner } = report;
  const settings = { contentType: 'text/plain', expectedBucketOwner };
  const put = await askStorage(
    source,
    `PUT ${shownArn(at)}`,
    () => objects.write(at, bytes, settings, signal),
    signal,
  );
  if (put.kind === 'refused') throw reportRefused(at, source.roleArn, put);
  await removeProbe(source, { ...at, versionId: put.value.versionId }, signal);
}

/** By its version where there is one, so that nothing of it stays in a versioned bucket. */
async function removeProbe(source: Source, at: ObjectAddress, signal: AbortSignal): Promise<void> {
  const { objects } = source.storage;
  const what = `DELETE ${shownArn(at)}`;
  await askStorage(source, what, () => objects.remove(at, signal), signal);
}
