// How fast the embedded log is, through the real adapter from another thread: durable records of
// 150 bytes per second in batches of 1,000, and how long a small commit takes beside that.
// Run by hand: node test/bench/log.ts [seconds] [batches in flight]. Prints figures, asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { connectLog } from '../../services/adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../../services/adapters/log/sqlite/owner.ts';
import type { Log, NewRecord, Space } from '../../services/core/log.ts';

const bulkSpace: Space = 'job.bench';
const partitions = 8;
const batchRecords = 1_000;
const recordBytes = 150;
const forever = new AbortController().signal;

interface IngestOrder {
  readonly port: MessagePort;
  readonly seconds: number;
  readonly inFlight: number;
  readonly done: MessagePort;
}

function batch(partition: number): readonly NewRecord[] {
  return Array.from({ length: batchRecords }, (_, index) => ({
    topic: 'tasks',
    partition,
    key: '',
    value: new Uint8Array(recordBytes).fill(index),
  }));
}

/** One claimed writer per stream; each has one batch in flight. */
async function ingest(log: Log, seconds: number, inFlight: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let records = 0;
  const stream = async (index: number) => {
    const writer = await log.claim(bulkSpace, `ingest-${index}`, forever);
    const rows = batch(index % partitions);
    for (let next = 1n; performance.now() < until; next += 1n) {
      await writer.commit(rows, { next, note: '' });
      records += rows.length;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => stream(index)));
  return records;
}

async function ingestInThread(order: IngestOrder): Promise<void> {
  const { log } = connectLog(order.port);
  const started = performance.now();
  const records = await ingest(log, order.seconds, order.inFlight);
  order.done.postMessage({ records, seconds: (performance.now() - started) / 1_000 });
  order.done.close();
  await log.end();
}

async function smallCommits(log: Log, stopped: AbortSignal): Promise<readonly number[]> {
  const writer = await log.claim('control', 'coordinator', forever);
  const times: number[] = [];
  const value = new Uint8Array(300);
  for (let next = 1n; !stopped.aborted; next += 1n) {
    const started = performance.now();
    const record = { topic: 'jobs', partition: 0, key: `${next % 10n}`, value };
    await writer.commit([record], { next, note: '' });
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times.toSorted((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): string {
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return `${(sorted[at] ?? Number.NaN).toFixed(2)} ms`;
}

async function runOnce(seconds: number, inFlight: number, small: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 's3batch-bench-'));
  const owner = await openLogOwner({ directory });
  const { log, spaces } = connectLog(owner.port());
  await spaces.create(bulkSpace, [{ topic: 'tasks', partitions, keep: { ms: 1e12 } }]);
  await spaces.create('control', [{ topic: 'jobs', partitions: 1, keep: 'compacted' }]);
  const { port1: done, port2: theirs } = new MessageChannel();
  const finished = new Promise<{ records: number; seconds: number }>((resolve) => {
    done.on('message', resolve);
  });
  const port = owner.port();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { port, done: theirs, seconds, inFlight },
    transferList: [port, theirs],
  });
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  const stop = new AbortController();
  const latencies = small ? smallCommits(log, stop.signal) : Promise.resolve([]);
  const { records, seconds: took } = await finished;
  stop.abort();
  const sorted = await latencies;
  await exited;
  const rate = Math.round(records / took).toLocaleString('en');
  const lines = [
    `${inFlight} in flight: ${rate} records/s durable (${records} in ${took.toFixed(1)} s)`,
  ];
  if (small) {
    const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    lines.push(`beside it ${sorted.length} small commits: p50 ${p50}, p99 ${p99}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  await log.end();
  await owner.end();
  rmSync(directory, { recursive: true });
}

if (isMainThread) {
  const seconds = Number(process.argv[2] ?? 5);
  const inFlights = process.argv[3] === undefined ? [1, 4, 8] : [Number(process.argv[3])];
  for (const inFlight of inFlights) {
    await runOnce(seconds, inFlight, false);
    await runOnce(seconds, inFlight, true);
  }
} else {
  await ingestInThread(workerData);
}
