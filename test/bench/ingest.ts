// Prints how many rows a second ingest turns into committed slices: an inventory (ten gzipped data
// files, nine columns) and a CSV list, held in memory, into the memory log and the embedded log on
// disk. Run: node test/bench/ingest.ts [rows] [partitions]. Nothing is asserted but the count.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { jobCodec, messageCodec } from '../../schemas/codec.ts';
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import { connectLog } from '../../services/adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../../services/adapters/log/sqlite/owner.ts';
import { systemClock } from '../../services/adapters/process/clock.ts';
import type { Manifest } from '../../services/core/job.ts';
import type { Log, Spaces } from '../../services/core/log.ts';
import {
  controlTopics,
  inboxTopic,
  jobSpace,
  jobsTopic,
  jobTopics,
} from '../../services/core/names.ts';
import { countBuffered } from '../../services/ingest/buffered.ts';
import { runIngest } from '../../services/ingest/run.ts';
import { csvManifest, inventoryManifest, preparingJob } from '../support/ingest-room.ts';
import { type MemoryS3, openMemoryS3 } from '../support/memory-s3.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const partitions = Number(process.argv[3] ?? 4);
const files = 10;

const columns =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass';

const hex = (value: number) => (value * 2654435761).toString(16).padStart(16, '0');

function inventoryRow(row: number): string {
  const key = `photos/2024/${row % 366}/album+${row % 97}/img_${row}.jpg`;
  const version = `v${hex(row)}${hex(row + 1)}`;
  const etag = `${hex(row + 2)}${hex(row + 3)}`;
  return (
    `"source-bucket","${key}","${version}","true","false","${row % 100_000}",` +
    `"2024-05-06T22:37:48.000Z","${etag}","STANDARD"\n`
  );
}

function seedInventoryOf(s3: MemoryS3): Manifest {
  const perFile = Math.ceil(rows / files);
  const data = Array.from({ length: files }, (_, file) => {
    const count = Math.min(perFile, rows - file * perFile);
    const text = Array.from({ length: count }, (_, row) => inventoryRow(file * perFile + row));
    return { key: `data/${file}.csv.gz`, bytes: gzipSync(text.join(''), { level: 6 }) };
  });
  return inventoryManifest(s3, columns, data);
}

function seedList(s3: MemoryS3): Manifest {
  const text = Array.from({ length: rows }, (_, row) => `source-bucket,photos/img_${row}.jpg\n`);
  return csvManifest(s3, text.join(''));
}

interface Opened {
  readonly log: Log;
  readonly spaces: Spaces;
  close(): Promise<void>;
}

function memory(): Promise<Opened> {
  const { log, spaces } = openMemoryLog().connect();
  return Promise.resolve({ log, spaces, close: () => log.end() });
}

async function embedded(): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 's3batch-bench-'));
  const owner = await openLogOwner({ directory });
  const { log, spaces } = connectLog(owner.port());
  const close = async () => {
    await log.end();
    await owner.end();
    await rm(directory, { recursive: true });
  };
  return { log, spaces, close };
}

async function measure(name: string, open: () => Promise<Opened>, s3: MemoryS3, of: Manifest) {
  const opened = await open();
  const { log, spaces } = opened;
  const job = { ...preparingJob({ manifest: of }), partitions, space: 'open' } as const;
  await spaces.create('control', controlTopics);
  await spaces.create(jobSpace(job.id), jobTopics(partitions));
  const prepared = Promise.withResolvers<number>();
  const stopping = new AbortController();
  const onMessage = (value: Uint8Array | null) => {
    const message = value === null ? null : messageCodec.decode(value);
    if (message?.kind === 'prepared') prepared.resolve(message.total);
    if (message?.kind === 'unprepared') prepared.reject(new Error(message.failure.reason));
  };
  await log.follow('control', inboxTopic, ({ value }) => onMessage(value), stopping.signal);
  const buffered = countBuffered();
  const ended = runIngest({ log, roles: s3.roles, clock: systemClock, buffered }, stopping.signal);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const value = jobCodec.encode(job);
  await log.send('control', [{ topic: jobsTopic, partition: 0, key: job.id, value }]);
  const total = await prepared.promise;
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (total !== rows) throw new Error(`${total} tasks of ${rows} rows`);
  stopping.abort();
  await ended;
  await opened.close();
  const perSecond = Math.round(rows / seconds).toLocaleString('en');
  const cpuMicroseconds = ((user + system) / rows).toFixed(2);
  const ahead = (buffered.bytesMost / 2 ** 20).toFixed(1);
  const resident = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  console.log(
    `${name.padEnd(28)} ${perSecond.padStart(10)} rows/s  ${cpuMicroseconds} us CPU/row  ` +
      `${ahead} MiB ahead  ${resident} MiB resident`,
  );
}

console.log(`${rows.toLocaleString('en')} rows, ${partitions} partitions, node ${process.version}`);
for (const [kind, seed] of [
  ['inventory', seedInventoryOf],
  ['list', seedList],
] as const) {
  const s3 = openMemoryS3();
  const manifest = seed(s3);
  await measure(`${kind}, memory log`, memory, s3, manifest);
  await measure(`${kind}, embedded log`, embedded, s3, manifest);
}
