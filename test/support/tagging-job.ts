// A job that tags every object of a bucket, for the system tests: seeded in the sandbox, created by
// the wire protocol, and judged by what lies in S3 afterwards.
import { expect } from 'vitest';
import { encodeKey } from '../../services/core/key.ts';
import { createJob } from '../../services/standalone/demo/ask-control.ts';
import { jobXml } from './control-front.ts';
import {
  accountId,
  makeBuckets,
  type Running,
  reportRows,
  type StandaloneWorld,
  seed,
  sortRows,
  tagsOf,
  untilComplete,
} from './standalone-world.ts';

export interface TaggingManifest {
  readonly keys: readonly string[];
  readonly objectArn: string;
  readonly etag: string;
}

const source = 'source';
const reports = 'reports';
const reportPrefix = 'system';

/** Seeds the objects and their manifest under that name. */
export function seedTagging(
  world: StandaloneWorld,
  name: string,
  keys: readonly string[],
): TaggingManifest {
  makeBuckets(world, source, reports, 'manifests');
  for (const one of keys) seed(world, source, one, `object ${one}`);
  const rows = keys.map((one) => `${source},${encodeKey(one)}\n`).join('');
  const etag = seed(world, 'manifests', `${name}.csv`, rows);
  return { keys, objectArn: `arn:aws:s3:::manifests/${name}.csv`, etag };
}

export function plainKeys(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `photos/${String(index).padStart(6, '0')}.jpg`,
  );
}

export async function createTagging(
  running: Running,
  manifest: TaggingManifest,
  value: string,
): Promise<string> {
  return createJob(
    running.control,
    accountId,
    jobXml({
      operation:
        '<Operation><S3PutObjectTagging><TagSet><member><Key>round</Key>' +
        `<Value>${value}</Value></member></TagSet></S3PutObjectTagging></Operation>`,
      manifest:
        '<Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format><Fields>' +
        '<member>Bucket</member><member>Key</member></Fields></Spec><Location>' +
        `<ObjectArn>${manifest.objectArn}</ObjectArn><ETag>${manifest.etag}</ETag>` +
        '</Location></Manifest>',
      report:
        `<Report><Bucket>arn:aws:s3:::${reports}</Bucket><Format>Report_CSV_20180820</Format>` +
        `<Enabled>true</Enabled><Prefix>${reportPrefix}</Prefix>` +
        '<ReportScope>AllTasks</ReportScope></Report>',
    }),
  );
}

/** Waits for the end: each object is reported once, as succeeded, and carries the tag. */
export async function expectTagged(
  world: StandaloneWorld,
  running: Running,
  manifest: TaggingManifest,
  jobId: string,
  value: string,
): Promise<void> {
  const { keys } = manifest;
  const job = await untilComplete(running.control, jobId);
  expect(job).toMatchObject({ total: keys.length, succeeded: keys.length, failed: 0 });
  const rows = keys.map((one) => [
    source,
    encodeKey(one),
    '',
    'succeeded',
    '200',
    '',
    'Successful',
  ]);
  expect(await reportRows(world, reports, reportPrefix, jobId)).toEqual(sortRows(rows));
  const wrong = keys.filter((one) => tagsOf(world, source, one)?.join() !== `round=${value}`);
  expect(wrong).toEqual([]);
}
