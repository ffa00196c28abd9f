// What the embedded log refuses, and what it says: a second owner, a foreign or corrupt file, a full
// disk. Nothing is overwritten by a refusal.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connectLog } from '../../services/adapters/log/sqlite/connect.ts';
import { fileOf, refuseNetwork, spaceOf } from '../../services/adapters/log/sqlite/directory.ts';
import { type LogOwnerOptions, openLogOwner } from '../../services/adapters/log/sqlite/owner.ts';
import type { Space, TopicShape } from '../../services/core/log.ts';

/** Nobody else writes there while a test looks at its free space. */
const memoryDisk = '/dev/shm';
if (!existsSync(memoryDisk)) console.warn(`SKIPPED without ${memoryDisk}: a disk told fine again`);
const forever = new AbortController().signal;
const space: Space = 'job.full';
const topics: readonly TopicShape[] = [{ topic: 'tasks', partitions: 1, keep: 'consumed' }];
const record = (bytes: number) => ({
  topic: 'tasks',
  partition: 0,
  key: '',
  value: new Uint8Array(bytes),
});

function newDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 's3batch-directory-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'data');
}

async function open(directory: string, options: Partial<LogOwnerOptions> = {}) {
  const owner = await openLogOwner({ directory, ...options });
  let ended = false;
  const end = async () => {
    if (!ended) await owner.end();
    ended = true;
  };
  onTestFinished(end);
  return { ...connectLog(owner.port()), owner, end };
}

/** A directory that has been used and left. */
async function usedDirectory(): Promise<string> {
  const directory = newDirectory();
  const { spaces, end } = await open(directory);
  await spaces.create(space, topics);
  await end();
  return directory;
}

test('the data directory is made with mode 0700, and an owned one is closed to others', async () => {
  const directory = newDirectory();
  const first = await open(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  await first.end();
  chmodSync(directory, 0o755);
  await open(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('a second owner is refused by directory and remedy, and the first goes on', async () => {
  const directory = newDirectory();
  const { log, spaces } = await open(directory);
  await spaces.create(space, topics);
  const refusal = `${directory} is in use by another process. Stop that one, or set S3BATCH_DATA`;
  await expect(openLogOwner({ directory })).rejects.toThrow(refusal);
  await expect(openLogOwner({ directory })).rejects.toThrow(refusal);
  await log.send(space, [record(10)]);
});

test('a second process is refused, and the first goes on', async () => {
  const directory = newDirectory();
  const { log, spaces } = await open(directory);
  await spaces.create(space, topics);
  const committer = fileURLToPath(new URL('log-committer.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [committer, directory, '0'], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain(`${directory} is in use by another process`);
  await log.send(space, [record(10)]);
});

test('a directory of other files is refused and left as it was', async () => {
  const directory = newDirectory();
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'thesis.txt'), 'mine');
  await expect(openLogOwner({ directory })).rejects.toThrow(
    `${directory} holds files that are not this log's. Set S3BATCH_DATA`,
  );
  expect(readdirSync(directory)).toEqual(['thesis.txt']);
  expect(statSync(directory).mode & 0o777).toBe(0o755);
});

test('a directory that cannot be made is named', async () => {
  const parent = newDirectory();
  writeFileSync(parent, 'a file');
  await expect(openLogOwner({ directory: parent })).rejects.toThrow(`${parent} is not a directory`);
  const directory = join(parent, 'data');
  await expect(openLogOwner({ directory })).rejects.toThrow(`${directory} cannot be made`);
});

test('a network file system is refused by kind', () => {
  expect(() => refuseNetwork('/data', 0x6969)).toThrow('/data lies on a network file system (NFS)');
  expect(() => refuseNetwork('/data', 0xef53)).not.toThrow();
});

test.each([
  ['text', 'this is no database'.repeat(1_000), 'not a database'],
  ['nothing', '', 'a database of another program'],
])('a file of %s is refused by name and not overwritten', async (_kind, content, why) => {
  const directory = await usedDirectory();
  const path = fileOf(directory, 'job.foreign');
  writeFileSync(path, content);
  await expect(openLogOwner({ directory })).rejects.toThrow(path);
  await expect(openLogOwner({ directory })).rejects.toThrow(why);
  expect(readFileSync(path, 'utf8')).toBe(content);
});

test('a database of another program is refused by name and not changed', async () => {
  const directory = await usedDirectory();
  const path = fileOf(directory, 'job.foreign');
  const foreign = new DatabaseSync(path);
  foreign.exec('CREATE TABLE accounts (id INTEGER)');
  foreign.close();
  const before = readFileSync(path);
  await expect(openLogOwner({ directory })).rejects.toThrow(
    `${path} is not a file of this log: it is a database of another program`,
  );
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a file of a later version is refused', async () => {
  const directory = await usedDirectory();
  const path = fileOf(directory, space);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await expect(openLogOwner({ directory })).rejects.toThrow(`${path} is not a file of this log`);
});

test('a truncated file is refused by name and not overwritten', async () => {
  const directory = await usedDirectory();
  const path = fileOf(directory, space);
  truncateSync(path, 4096);
  await expect(openLogOwner({ directory })).rejects.toThrow(path);
  expect(statSync(path).size).toBe(4096);
});

test('a foreign owner.lock is refused by name', async () => {
  const directory = newDirectory();
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'owner.lock'), 'held by hand'.repeat(1_000));
  await expect(openLogOwner({ directory })).rejects.toThrow(join(directory, 'owner.lock'));
});

test('what a crash left of drops and creations is cleared', async () => {
  const directory = await usedDirectory();
  const file = fileOf(directory, 'job.half');
  for (const left of [`${file}.dropped`, `${file}.creating`, `${file}-wal`, `${file}-shm`]) {
    writeFileSync(left, 'left');
  }
  const { spaces } = await open(directory);
  expect((await spaces.list()).map((entry) => entry.space)).toEqual([space]);
  expect(readdirSync(directory).filter((name) => name.includes('half'))).toEqual([]);
});

test('a full disk is told as lost, nothing of the commit stands, and room lets it go on', async () => {
  const directory = newDirectory();
  const { log, spaces, end } = await open(directory, { pagesMax: 200 });
  await spaces.create(space, topics);
  const writer = await log.claim(space, 'ingest', forever);
  await writer.commit([record(1_000)], { next: 1n, note: 'fits' });
  const bulk = writer.commit([record(1_000), record(2_000_000)], { next: 2n, note: 'too much' });
  await expect(bulk).rejects.toMatchObject({ failure: 'lost' });
  await expect(log.send(space, [record(2_000_000)])).rejects.toThrow(
    `the disk of ${directory} is full. Free some space`,
  );
  await end();
  const later = await open(directory);
  const again = await later.log.claim(space, 'ingest', forever);
  expect(again.position).toEqual({ next: 1n, note: 'fits' });
  await again.commit([record(2_000_000)], { next: 2n, note: '' });
});

test('below the reserve only the control space may write, and a low disk is told', async () => {
  const told = Promise.withResolvers<boolean>();
  const { log, spaces } = await open(newDirectory(), {
    lowDiskBytes: Number.MAX_SAFE_INTEGER,
    reserveBytes: Number.MAX_SAFE_INTEGER,
    onLowDisk: (low) => told.resolve(low),
  });
  expect(await told.promise).toBe(true);
  await spaces.create(space, topics);
  await spaces.create('control', topics);
  await expect(log.send(space, [record(10)])).rejects.toMatchObject({ failure: 'lost' });
  await log.send('control', [record(10)]);
});

test.skipIf(!existsSync(memoryDisk))(
  'a disk is told low and fine again though nobody writes',
  async () => {
    const directory = mkdtempSync(join(memoryDisk, 's3batch-low-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const filler = join(directory, 'filler');
    const data = join(directory, 'data');
    const { bavail, bsize } = statfsSync(memoryDisk);
    const marginBytes = 96 * 1024 * 1024;
    const news: boolean[] = [];
    const told = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await open(data, {
      lowDiskBytes: bavail * bsize - marginBytes,
      onLowDisk: (low) => told[news.push(low) - 1]?.resolve(),
    });
    writeFileSync(filler, new Uint8Array(marginBytes + 16 * 1024 * 1024));
    await told[0]?.promise;
    rmSync(filler);
    await told[1]?.promise;
    expect(news).toEqual([true, false]);
  },
);

test('a service whose owner has gone is told that all is lost', async () => {
  const { log, spaces, end } = await open(newDirectory());
  await spaces.create(space, topics);
  const view = await log.follow(space, 'tasks', () => {}, forever);
  const changed = expect(view.changed(forever)).rejects.toMatchObject({ failure: 'lost' });
  await end();
  await changed;
  await expect(log.send(space, [record(10)])).rejects.toMatchObject({ failure: 'lost' });
});

test('a topic kept by time forgets what is older', async () => {
  const { log, spaces } = await open(newDirectory());
  await spaces.create(space, [{ topic: 'tasks', partitions: 1, keep: { ms: 1 } }]);
  const first = await log.send(space, [record(10)]);
  let oldest = first;
  while (oldest === first) {
    await log.send(space, [record(10)]);
    const offsets: bigint[] = [];
    const view = await log.follow(space, 'tasks', ({ offset }) => offsets.push(offset), forever);
    await view.caughtUp('now', forever);
    await view.release();
    oldest = offsets[0] ?? first + 1n;
  }
  expect(oldest).toBeGreaterThan(first);
});

test('consumed records give their room back', async () => {
  const { log, spaces } = await open(newDirectory());
  await spaces.create(space, topics);
  const sizeOf = async () => (await spaces.list())[0]?.bytes ?? 0;
  for await (const lane of log.join(space, 'tasks', 'worker', forever)) {
    let largest = 0;
    for (let round = 0; round < 40; round += 1) {
      await log.send(space, [record(2_000_000)]);
      const [read] = await lane.read(1, forever);
      await lane.commit([], { next: (read?.offset ?? 0n) + 1n, note: '' });
      largest = Math.max(largest, await sizeOf());
    }
    // 80 MB went through; the file and its write-ahead log keep a part of that.
    expect(largest).toBeLessThan(60_000_000);
    break;
  }
});

test('file names stand for their spaces and never leave the directory', () => {
  for (const name of [
    'control',
    'events',
    'job.a-1',
    'job.A/../ä b',
    'job._',
    'job.%00',
  ] as const) {
    const file = fileOf('/data', name).slice('/data/'.length);
    expect(file).toMatch(/^[a-z0-9._-]+\.sqlite$/);
    expect(spaceOf(file)).toBe(name);
  }
  expect(spaceOf('accounts.sqlite')).toBe(null);
});
