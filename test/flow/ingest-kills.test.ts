import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../services/core/job.ts';
import { logError } from '../../services/core/log.ts';
import type { IngestLimits } from '../../services/ingest/limits.ts';
import {
  csvManifest,
  gzipFile,
  type IngestRoom,
  inventoryManifest,
  manifestBucket,
  openIngestRoom,
} from '../support/ingest-room.ts';
import type { MemoryS3 } from '../support/memory-s3.ts';

const never = new Promise<never>(() => {});
const partitions = 2;
const shape = { rangeBytes: 60, rangesAhead: 2, filesAhead: 2, commitRowsMax: 8 };

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `"src","k${from + index}","1"\n`).join('');

const inventory = (s3: MemoryS3): Manifest =>
  inventoryManifest(s3, 'Bucket, Key, Size', [
    gzipFile('1.csv.gz', rows(0, 30)),
    { key: '2.csv.gz', bytes: Buffer.concat([gzipSync(rows(30, 47)), gzipSync(rows(47, 60))]) },
    gzipFile('3.csv.gz', ''),
    gzipFile('4.csv.gz', rows(60, 70)),
  ]);

const list = (s3: MemoryS3): Manifest =>
  csvManifest(s3, Array.from({ length: 70 }, (_, index) => `src,k${index}\r\n`).join(''));

const shapes: readonly {
  readonly name: string;
  readonly manifest: (s3: MemoryS3) => Manifest;
  readonly limits: Partial<IngestLimits>;
}[] = [
  { name: 'a CSV manifest', manifest: list, limits: shape },
  { name: 'an inventory inflated in one call', manifest: inventory, limits: shape },
  {
    name: 'an inventory inflated as a stream',
    manifest: inventory,
    limits: { ...shape, inflateAtOnceBytesMax: 0, inflatedAheadBytesMax: 100 },
  },
];

async function tasksUndisturbed(
  manifest: (s3: MemoryS3) => Manifest,
): Promise<Awaited<ReturnType<IngestRoom['tasks']>>> {
  const room = await openIngestRoom({ partitions });
  room.start();
  await room.submit({ manifest: manifest(room.s3) });
  await room.verdict();
  return room.tasks();
}

/** At the n-th step of its ports something happens to the ingest; true if it came so far. */
async function disturbedAt(
  n: number,
  { manifest, limits }: (typeof shapes)[number],
  happen: (label: string, kill: () => void) => Promise<void>,
  expected: Awaited<ReturnType<IngestRoom['tasks']>>,
): Promise<boolean> {
  const room = await openIngestRoom({ partitions, limits });
  let steps = 0;
  let isDisturbed = false;
  const disturbed = Promise.withResolvers<void>();
  const first = room.start({
    step: async (label) => {
      steps += 1;
      if (steps < n) return;
      if (steps > n && isDisturbed) return never;
      isDisturbed = true;
      disturbed.resolve();
      await happen(label, () => first.kill());
    },
  });
  const ended = first.ended.catch((error: unknown) => {
    expect(error).toMatchObject({ failure: 'lost' });
  });
  await room.submit({ manifest: manifest(room.s3) });
  await Promise.race([disturbed.promise, room.verdict(), ended]);
  if (isDisturbed) room.start();
  expect(await room.verdict(), `killed at step ${n}`).toMatchObject({
    kind: 'prepared',
    total: 70,
  });
  expect(await room.tasks(), `killed at step ${n}`).toEqual(expected);
  expect(await room.ends()).toEqual(expected.map((tasks) => tasks.length));
  return isDisturbed;
}

describe.each(shapes)('$name', (each) => {
  test('killed at any call of its ports, it goes on where the last commit stands', async () => {
    const expected = await tasksUndisturbed(each.manifest);
    expect(
      expected
        .flat()
        .map(({ task }) => task.key)
        .sort(),
    ).toHaveLength(70);
    let n = 1;
    const kill = async (_: string, killed: () => void) => {
      killed();
      await never;
    };
    while (await disturbedAt(n, each, kill, expected)) n += 1;
    expect(n).toBeGreaterThan(40);
  });

  test('when the log is lost at any call, it throws, and the next one goes on', async () => {
    const expected = await tasksUndisturbed(each.manifest);
    let n = 1;
    const lose = async (label: string) => {
      if (!label.startsWith('s3')) throw logError('lost', label);
      await never;
    };
    while (await disturbedAt(n, each, lose, expected)) n += 1;
    expect(n).toBeGreaterThan(40);
  });
});

test('S3 that fails once at any call changes nothing', async () => {
  const expected = await tasksUndisturbed(inventory);
  for (let after = 0; ; after += 1) {
    const room = await openIngestRoom({ partitions, limits: shape });
    const manifest = inventory(room.s3);
    room.s3.fail({ after, times: 1, answer: { kind: 'unreachable', message: 'reset' } });
    room.start();
    await room.submit({ manifest });
    await room.clock.run(room.verdict());
    expect(await room.tasks()).toEqual(expected);
    if (room.s3.calls.every(({ outcome }) => outcome === 'ok')) break;
  }
});

test('a data file that was replaced between crash and resume fails the job', async () => {
  const limits = { ...shape, filesAhead: 1, rangeBytes: 4096 };
  const room = await openIngestRoom({ partitions, limits });
  const seed = (version: string) =>
    inventoryManifest(room.s3, 'Bucket, Key', [
      {
        key: '1.csv.gz',
        // Stored, not deflated, so that both versions have one size.
        bytes: gzipSync(`"src","${version}"\n`.repeat(20_000), { level: 0 }),
        said: { MD5checksum: 'd41d8cd98f00b204e9800998ecf8427e' },
      },
    ]);
  const manifest = seed('first');
  const committed = Promise.withResolvers<void>();
  const first = room.start({
    step: async (label) => {
      if (!label.startsWith('commit job.') || !label.endsWith('after')) return;
      committed.resolve();
      await never;
    },
  });
  await room.submit({ manifest });
  await committed.promise;
  first.kill();
  seed('other');
  room.start();
  const verdict = await room.verdict();
  expect(verdict).toMatchObject({
    kind: 'unprepared',
    failure: { code: 'InvalidManifestContent' },
  });
  expect(JSON.stringify(verdict)).toContain(
    'Data file 1.csv.gz changed after a part of it had been read.',
  );
  expect(room.s3.peek(manifestBucket, '1.csv.gz')).toBeDefined();
});

test('after the last commit a new ingest only says again what was prepared', async () => {
  const room = await openIngestRoom({ partitions });
  const killed = Promise.withResolvers<void>();
  let sends = 0;
  const first = room.start({
    step: async (label) => {
      if (!label.startsWith('send control') || !label.endsWith('before')) return;
      sends += 1;
      if (sends < 2) return;
      killed.resolve();
      await never;
    },
  });
  await room.submit({ manifest: inventory(room.s3) });
  await killed.promise;
  first.kill();
  const reads = room.s3.calls.length;
  room.start();
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: 70 });
  // The manifest is opened (HEAD, manifest.json), no data file is.
  const after = room.s3.calls.slice(reads);
  expect(after.every(({ key }) => key.endsWith('manifest.json'))).toBe(true);
});

test('of two ingests the one that claims last writes on, the other leaves it the job', async () => {
  const room = await openIngestRoom({ partitions, limits: { ...shape, takenOverRestMs: 1000 } });
  const expected = await tasksUndisturbed(list);
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let commits = 0;
  const slow = room.start({
    step: async (label) => {
      if (!label.startsWith('commit job.') || !label.endsWith('before')) return;
      commits += 1;
      if (commits !== 2) return;
      reached.resolve();
      await held.promise;
    },
  });
  await room.submit({ manifest: list(room.s3) });
  await reached.promise;
  const quick = room.start();
  await room.verdict();
  held.resolve();
  await slow.stop();
  await quick.stop();
  expect(await room.tasks()).toEqual(expected);
});
