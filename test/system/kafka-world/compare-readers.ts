// What our lanes read of a job's results, held against what an independent client reads of them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SeenRecord } from './observer.ts';

export interface Comparison {
  /** One line per difference; empty: record by record the same. */
  readonly differences: readonly string[];
  readonly committed: number;
  /** Records of aborted transactions, which neither may show. */
  readonly aborted: number;
}

export interface IndependentRecord {
  readonly partition: number;
  readonly offset: bigint;
  /** As base64; null: none. */
  readonly key: string | null;
  readonly value: string | null;
}

export interface IndependentReading {
  readonly records: readonly IndependentRecord[];
  readonly committed: number;
  readonly aborted: number;
}

interface PrintedRecord extends Omit<IndependentRecord, 'offset'> {
  readonly offset: number;
}

const outputBytesMax = 512 * 1024 * 1024;
const differenceCharactersMax = 120;
const script = new URL('./read_results.py', import.meta.url).pathname;
const run = promisify(execFile);

export async function readIndependently(
  python: string,
  broker: string,
  topic: string,
): Promise<IndependentReading> {
  const { stdout } = await run(python, [script, broker, topic], { maxBuffer: outputBytesMax });
  const lines = stdout.trimEnd().split('\n');
  const counts: { committed: number; uncommitted: number } = JSON.parse(lines.pop() ?? '{}');
  const records = lines.map((line): IndependentRecord => {
    const printed: PrintedRecord = JSON.parse(line);
    return { ...printed, offset: BigInt(printed.offset) };
  });
  const { committed, uncommitted } = counts;
  return { records, committed, aborted: uncommitted - committed };
}

export function compare(
  { records, committed, aborted }: IndependentReading,
  ours: readonly SeenRecord[],
): Comparison {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const own = new Set(
    ours.map(({ partition, offset, key, value }) =>
      lineOf(partition, offset, base64(Buffer.from(key)), value === null ? null : base64(value)),
    ),
  );
  const theirs = new Set(
    records.map(({ partition, offset, key, value }) => lineOf(partition, offset, key ?? '', value)),
  );
  const shown = (line: string) => line.slice(0, differenceCharactersMax);
  const differences = [
    ...[...theirs].filter((line) => !own.has(line)).map((line) => `we miss ${shown(line)}`),
    ...[...own].filter((line) => !theirs.has(line)).map((line) => `only we read ${shown(line)}`),
  ];
  if (ours.length !== committed)
    differences.push(`${committed} records there, ${ours.length} here`);
  return { differences, committed, aborted };
}

function lineOf(partition: number, offset: bigint, key: string, value: string | null): string {
  return `${partition}/${offset} ${key} ${value}`;
}
