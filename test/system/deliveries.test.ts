// Recorded Inventory deliveries through a real process: once by CreateJob, once dropped for a rule.
// Every row of the inventory stands in the report once, with the answer that S3 gives for its
// version, and exactly the versions that succeeded carry the tag.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJob, listJobIds } from '../../services/standalone/demo/ask-control.ts';
import { jobOfTheDrop } from '../../services/standalone/demo/watch.ts';
import { jobXml, roleArn } from '../support/control-front.ts';
import {
  type InventoryRow,
  md5Hex,
  type RecordedDelivery,
  recordedDeliveries,
} from '../support/recorded-deliveries.ts';
import {
  accountId,
  makeBuckets,
  newVersion,
  openStandaloneWorld,
  type ReportFields,
  type Running,
  reportRows,
  type StandaloneWorld,
  seed,
  sortRows,
  tagsOf,
  untilComplete,
} from '../support/standalone-world.ts';

const deliveries = recordedDeliveries();
/** Inventories list objects of terabytes; the sandbox holds none that is larger than this. */
const bytesMax = 1_000_000;
const never = new AbortController().signal;

let world: StandaloneWorld;
let running: Running;

beforeAll(async () => {
  world = await openStandaloneWorld();
  makeBuckets(world, 'reports');
  for (const { sourceBucket, destinationBucket, rows } of deliveries) {
    makeBuckets(world, sourceBucket, destinationBucket);
    for (const row of rows.filter(({ isLatest }) => !isLatest)) seedVersion(row);
    for (const row of rows.filter(({ isLatest }) => isLatest)) seedVersion(row);
  }
  running = await world.start({
    S3BATCH_RULES: world.write('rules.json', deliveries.map(ruleFor)),
    S3BATCH_RULES_POLL_MS: '200',
  });
});
afterAll(async () => world[Symbol.asyncDispose]());

/** The version with the inventory's own id, which no PutObject could give it. */
function seedVersion(row: InventoryRow): void {
  if (row.versionId === null || row.bytes > bytesMax) return;
  const objects = world.sandbox.store.buckets.get(row.bucket)?.objects;
  const content = row.bytes === 5 ? 'test\n' : new Uint8Array(row.bytes);
  const version = {
    ...newVersion(row.isDeleteMarker ? '' : content),
    versionId: row.versionId === '' ? 'null' : row.versionId,
    isDeleteMarker: row.isDeleteMarker,
    lastModifiedMs: 0,
  };
  objects?.set(row.key, [...(objects.get(row.key) ?? []), version]);
}

function ruleFor({ name, sourceBucket, destinationBucket }: RecordedDelivery) {
  return {
    name,
    bucket: destinationBucket,
    prefix: `drops/${sourceBucket}/${name}/`,
    sourceBucket,
    roleArn,
    operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: `${name} by rule` }] } },
    report: {
      Enabled: true,
      Bucket: 'arn:aws:s3:::reports',
      Prefix: 'by-rule',
      ReportScope: 'AllTasks',
    },
  };
}

test.skipIf(deliveries.length === 0).each(deliveries)(
  'the delivery $name runs by CreateJob, and each of its rows is reported as S3 answers it',
  async (delivery) => {
    const { name, destinationBucket: bucket } = delivery;
    seed(world, bucket, delivery.dataKey, delivery.data);
    const etag = seed(world, bucket, `${name}/manifest.json`, delivery.manifest(delivery.dataKey));
    const tag = `${name} by CreateJob`;
    const jobId = await createJob(
      running.control,
      accountId,
      jobXml({
        operation:
          '<Operation><S3PutObjectTagging><TagSet><member><Key>seen</Key>' +
          `<Value>${tag}</Value></member></TagSet></S3PutObjectTagging></Operation>`,
        manifest:
          '<Manifest><Spec><Format>S3InventoryReport_CSV_20161130</Format></Spec><Location>' +
          `<ObjectArn>arn:aws:s3:::${bucket}/${name}/manifest.json</ObjectArn>` +
          `<ETag>${etag}</ETag></Location></Manifest>`,
        report:
          '<Report><Bucket>arn:aws:s3:::reports</Bucket><Format>Report_CSV_20180820</Format>' +
          '<Enabled>true</Enabled><Prefix>by-call</Prefix><ReportScope>AllTasks</ReportScope>' +
          '</Report>',
      }),
    );
    await expectOutcome(delivery, jobId, 'by-call', tag);
  },
);

test.skipIf(deliveries.length === 0).each(deliveries)(
  'the delivery $name, dropped for a rule, becomes one job with the same report',
  async (delivery) => {
    const known = new Set(await listJobIds(running.control, accountId));
    drop(delivery);
    const jobId = await jobOfTheDrop(running.control, accountId, known, never);
    await expectOutcome(delivery, jobId, 'by-rule', `${delivery.name} by rule`);
    expect(await listJobIds(running.control, accountId)).toHaveLength(known.size + 1);
  },
);

/** The folders of a real delivery, manifest.checksum last. */
function drop(delivery: RecordedDelivery): void {
  const { name, sourceBucket, destinationBucket: bucket } = delivery;
  const base = `drops/${sourceBucket}/${name}`;
  const dataKey = `${base}/data/0b9a3f1c-7a52-4f0e-9a53-5c1a4f1e2d3b.csv.gz`;
  const manifest = delivery.manifest(dataKey);
  seed(world, bucket, dataKey, delivery.data);
  const symlink = `s3://${bucket}/${dataKey}\n`;
  seed(world, bucket, `${base}/hive/dt=2024-05-07-01-00/symlink.txt`, symlink);
  seed(world, bucket, `${base}/2024-05-07T01-00Z/manifest.json`, manifest);
  seed(world, bucket, `${base}/2024-05-07T01-00Z/manifest.checksum`, `${md5Hex(manifest)}\n`);
}

async function expectOutcome(
  { rows, name }: RecordedDelivery,
  jobId: string,
  prefix: string,
  tag: string,
): Promise<void> {
  const job = await untilComplete(running.control, jobId);
  const expected = rows.map(reported);
  const failed = expected.filter(([, , , status]) => status === 'failed').length;
  expect(job).toMatchObject({ total: rows.length, succeeded: rows.length - failed, failed });
  expect(await reportRows(world, 'reports', prefix, jobId)).toEqual(sortRows(expected));
  console.log(`${name} ${prefix}: ${rows.length} rows, ${failed} failed as S3 answers them`);

  const tagged = rows.flatMap((row, index) =>
    expected[index]?.[3] === 'succeeded' ? [place(row.key, row.versionId ?? latestOf(row))] : [],
  );
  expect(placesTagged(rows, `seen=${tag}`)).toEqual(tagged.toSorted());
}

/** The row of the report that this row of the inventory must become. */
function reported(row: InventoryRow): ReportFields {
  const start = [row.bucket, row.spelled, row.versionId ?? ''];
  if (row.versionId === '') {
    return [...start, 'failed', '400', 'InvalidRequest', 'Task failed due to missing VersionId'];
  }
  if (row.isDeleteMarker) {
    const message = 'The specified method is not allowed against this resource.';
    return [...start, 'failed', '405', 'MethodNotAllowed', message];
  }
  if (row.versionId !== null && row.bytes > bytesMax) {
    const message = 'The specified version does not exist.';
    return [...start, 'failed', '404', 'NoSuchVersion', message];
  }
  return [...start, 'succeeded', '200', '', 'Successful'];
}

function latestOf({ bucket, key }: InventoryRow): string {
  const versions = world.sandbox.store.buckets.get(bucket)?.objects.get(key);
  return versions?.at(-1)?.versionId ?? '';
}

/** Every version of the inventory's objects, listed or not, that has just this tag. */
function placesTagged(rows: readonly InventoryRow[], tag: string): string[] {
  const bucket = rows[0]?.bucket ?? '';
  const keys = [...new Set(rows.map(({ key }) => key))];
  const objects = world.sandbox.store.buckets.get(bucket)?.objects;
  return keys
    .flatMap((key) =>
      (objects?.get(key) ?? []).flatMap(({ versionId }) =>
        tagsOf(world, bucket, key, versionId)?.join() === tag ? [place(key, versionId)] : [],
      ),
    )
    .toSorted();
}

function place(key: string, versionId: string): string {
  return `${key}\n${versionId}`;
}
