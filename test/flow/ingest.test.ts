import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeKey } from '../../services/core/key.ts';
import { partitionOf } from '../../services/core/partition.ts';
import {
  csvManifest,
  gzipFile,
  inventoryManifest,
  openIngestRoom,
  reportBucket,
} from '../support/ingest-room.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`);

test('rows of a CSV manifest become tasks in its order, by the declared fields', async () => {
  const room = await openIngestRoom();
  const manifest = csvManifest(
    room.s3,
    'skipped,photos,a%20b+c,v1\r\n,photos,"d,e",\n"x",photos,plain,null',
    ['Ignore', 'Bucket', 'Key', 'VersionId'],
  );
  room.start();
  await room.submit({ manifest });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 3 });
  expect(await room.rows()).toEqual([
    ['photos', 'a b c', 'v1'],
    ['photos', 'd,e', ''],
    ['photos', 'plain', 'null'],
  ]);
  expect(await room.ends()).toEqual([3]);
});

test('a manifest without version column gives tasks without version', async () => {
  const room = await openIngestRoom();
  room.start();
  await room.submit({ manifest: csvManifest(room.s3, 'photos,a\nphotos,a\n') });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 2 });
  expect(await room.rows()).toEqual([
    ['photos', 'a', null],
    ['photos', 'a', null],
  ]);
});

test('an empty manifest is prepared with no task and an End in every partition', async () => {
  const room = await openIngestRoom({ partitions: 4 });
  room.start();
  await room.submit({ manifest: csvManifest(room.s3, '') });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 0 });
  expect(await room.ends()).toEqual([0, 0, 0, 0]);
});

test('an ETag with quotes is that without', async () => {
  const room = await openIngestRoom();
  const manifest = csvManifest(room.s3, 'photos,a\n');
  expect(manifest.location.etag).toMatch(/^".*"$/);
  room.start();
  await room.submit({ manifest });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 1 });
});

test.each([0, 1_000_000])(
  'the tasks of many data files stand in manifest order, however far ahead they are read (%i)',
  async (inflateAtOnceBytesMax) => {
    const limits = { inflateAtOnceBytesMax, rangeBytes: 50, filesAhead: 5 };
    const room = await openIngestRoom({ limits: { ...limits, commitRowsMax: 10 } });
    const keys = names(500);
    const files = Array.from({ length: 20 }, (_, file) =>
      gzipFile(
        `data/${file}.csv.gz`,
        keys
          .slice(file * 25, file * 25 + 25)
          .map((key) => `"src","${key}","1"\n`)
          .join(''),
      ),
    );
    room.start();
    await room.submit({ manifest: inventoryManifest(room.s3, 'Bucket, Key, Size', files) });
    expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 500 });
    expect((await room.rows()).map(([, key]) => key)).toEqual(keys);
    expect(room.buffered.bytes).toBe(0);
  },
);

test('several gzip members in one data file are one file', async () => {
  const room = await openIngestRoom();
  const bytes = Buffer.concat([gzipSync('"src","a"\n"sr'), gzipSync('c","b"\n'), gzipSync('\n\n')]);
  room.start();
  await room.submit({
    manifest: inventoryManifest(room.s3, 'Bucket, Key', [{ key: 'd.csv.gz', bytes }]),
  });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 2 });
  expect((await room.rows()).map(([, key]) => key)).toEqual(['a', 'b']);
});

test('every task stands in the partition of its key, with ordinals 0, 1, 2 … there', async () => {
  const room = await openIngestRoom({ partitions: 8, limits: { commitRowsMax: 64 } });
  const keys = names(2000).map((key) => `${key} ${key}`);
  const manifest = csvManifest(room.s3, keys.map((key) => `photos,${encodeKey(key)}\n`).join(''));
  room.start();
  await room.submit({ manifest });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 2000 });
  const partitions = await room.tasks();
  for (const [partition, tasks] of partitions.entries()) {
    const expected = keys.filter((key) => partitionOf('photos', key, 8) === partition);
    expect(tasks.map(({ task }) => task.key)).toEqual(expected);
    expect(tasks.map(({ ordinal }) => ordinal)).toEqual(expected.map((_, ordinal) => ordinal));
  }
  expect(await room.ends()).toEqual(partitions.map((tasks) => tasks.length));
});

test('the number of tasks is estimated from bytes: CSV / 80, an inventory x 8 / 80', async () => {
  const csv = await openIngestRoom();
  csv.start();
  await csv.submit({ manifest: csvManifest(csv.s3, `photos,${'k'.repeat(792)}\n`) });
  await csv.verdict();
  expect(csv.levels[0]).toMatchObject({ kind: 'measured', tasksEstimated: 10 });

  const inventory = await openIngestRoom();
  const files = [gzipFile('1.csv.gz', '"src","a"\n'), gzipFile('2.csv.gz', '"src","b"\n')];
  inventory.start();
  await inventory.submit({ manifest: inventoryManifest(inventory.s3, 'Bucket, Key', files) });
  await inventory.verdict();
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const tasksEstimated = Math.ceil((bytes * 8) / 80);
  expect(inventory.levels[0]).toMatchObject({ kind: 'measured', tasksEstimated });
});

test('the report bucket is proved writable by a probe that is taken away again', async () => {
  const room = await openIngestRoom();
  room.start();
  await room.submit({
    manifest: csvManifest(room.s3, 'photos,a\n'),
    report: {
      enabled: true,
      bucketArn: `arn:aws:s3:::${reportBucket}`,
      prefix: 'done/',
      scope: 'AllTasks',
      expectedBucketOwner: null,
    },
  });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 1 });
  const onReports = room.s3.calls.filter(({ bucket }) => bucket === reportBucket);
  expect(onReports.map(({ command }) => command)).toEqual(['PutObject', 'DeleteObject']);
  expect(onReports[0]?.key).toMatch(/^done\/job-[0-9a-f-]+\/\.s3batch-write-probe$/);
});

test('a job that is cancelled meanwhile is left without a word', async () => {
  const stepping = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const room = await openIngestRoom({ limits: { rangeBytes: 10, commitRowsMax: 1 } });
  const manifest = csvManifest(
    room.s3,
    names(50)
      .map((key) => `photos,${key}\n`)
      .join(''),
  );
  const running = room.start({
    step: async (label) => {
      if (!label.startsWith('commit job.')) return;
      stepping.resolve();
      await cancelled.promise;
    },
  });
  await room.submit({ manifest });
  await stepping.promise;
  await room.cancel();
  cancelled.resolve();
  await running.stop();
  expect(room.levels.map(({ kind }) => kind)).toEqual(['measured']);
});

test('a level without effect is sent again after a while, and not before', async () => {
  const room = await openIngestRoom();
  const isMuted = { value: true };
  room.mute((level) => isMuted.value && level.kind === 'measured');
  room.start();
  await room.submit({ manifest: csvManifest(room.s3, 'photos,a\n') });
  await room.heard('measured');
  await room.clock.advance(29_000);
  expect(room.levels).toHaveLength(1);
  isMuted.value = false;
  await room.clock.advance(2000);
  expect(await room.clock.run(room.verdict())).toMatchObject({ kind: 'prepared' });
  expect(room.levels.map(({ kind }) => kind)).toEqual(['measured', 'measured', 'prepared']);
});

test('several jobs are worked at once, and no more than the limit', async () => {
  const room = await openIngestRoom({ limits: { jobsAtOnce: 2 } });
  const manifest = csvManifest(room.s3, 'photos,a\n');
  const heads: (() => void)[] = [];
  room.start({
    step: async (label) => {
      if (label === 's3 head before') await new Promise<void>((resolve) => heads.push(resolve));
    },
  });
  for (const job of ['a', 'b', 'c', 'd', 'e']) await room.submit({ manifest }, `job-${job}`);
  const prepared = () => room.levels.filter(({ kind }) => kind === 'prepared');
  for (let done = 0; done < 5; done += 1) {
    await room.clock.advance(0);
    expect(heads).toHaveLength(Math.min(2, 5 - done));
    heads.shift()?.();
    await room.clock.advance(0);
    expect(prepared()).toHaveLength(done + 1);
  }
  expect(
    prepared()
      .map(({ jobId }) => jobId)
      .sort(),
  ).toEqual(['a', 'b', 'c', 'd', 'e'].map((job) => `job-${job}`));
});

test('a record of the jobs topic that cannot be read ends ingest loudly', async () => {
  const room = await openIngestRoom();
  const running = room.start();
  await room.damage();
  await expect(running.ended).rejects.toThrow('cannot be read');
});
