// How long a job stood still after a fault, measured at its results by the observer: from kill -9 of
// a worker to the next committed result on each lane that it held, and from the moment at which a
// restarted broker answers to the next committed result anywhere.
// A result counts if it lies at or beyond where its partition ended right after the fault, open
// transactions included: what was written before it, and only seen after it, does not.
import { setTimeout as pause } from 'node:timers/promises';
import type { Observer, SeenRecord } from './observer.ts';

const endsTriesMax = 100;
const endsPauseMs = 20;

export interface Watched {
  readonly what: 'worker' | 'broker';
  readonly jobId: string;
  readonly atMs: number;
  /** The partitions concerned, each with the first offset that counts. */
  readonly from: ReadonlyMap<number, bigint>;
}

export interface Recovery {
  readonly what: Watched['what'];
  readonly tookMs: number;
  /** No other fault was under way, from this one to its recovery. */
  readonly isAlone: boolean;
}

/** null: the brokers cannot be asked, or no lane is concerned. */
export async function watchRecovery(
  observer: Observer,
  what: Watched['what'],
  jobId: string,
  atMs: number,
  lanes: readonly number[] | 'all',
): Promise<Watched | null> {
  const ends = await endsSoon(observer, jobId);
  if (ends === null) return null;
  const from = new Map([...ends].filter(([lane]) => lanes === 'all' || lanes.includes(lane)));
  return from.size === 0 ? null : { what, jobId, atMs, from };
}

/** A broker that has just come back knows no leaders yet. Asked later, fewer results count. */
async function endsSoon(observer: Observer, jobId: string) {
  for (let attempt = 1; attempt <= endsTriesMax; attempt += 1) {
    try {
      return await observer.ends(jobId);
    } catch {
      await pause(endsPauseMs);
    }
  }
  return null;
}

/**
 * A worker's lanes all have to go on, a broker's any. null: none of them had a result to come. Also
 * the time of the recovery, for whoever asks what else happened until then.
 */
export function recoveredAt(
  { what, from }: Watched,
  records: readonly SeenRecord[],
): number | null {
  const times = [...from].flatMap(([partition, offset]) => {
    const next = records.filter((one) => one.partition === partition && one.offset >= offset);
    return next.length === 0 ? [] : [Math.min(...next.map(({ seenMs }) => seenMs))];
  });
  if (times.length === 0) return null;
  return what === 'worker' ? Math.max(...times) : Math.min(...times);
}

export function recoveryText(all: readonly Recovery[], what: Watched['what']): string {
  const name =
    what === 'worker'
      ? 'kill -9 of a worker to the next result on its lanes'
      : 'a restarted broker answering to the next result';
  const line = (chosen: readonly Recovery[]): string => {
    const sorted = chosen.map(({ tookMs }) => Math.round(tookMs)).toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    return sorted.length === 0 ? 'none' : `median ${median} ms, worst ${sorted.at(-1)} ms`;
  };
  const own = all.filter((one) => one.what === what);
  const alone = own.filter(({ isAlone }) => isAlone);
  return (
    `${name}: alone ${line(alone)} (${alone.length}), ` +
    `among other faults too ${line(own)} (${own.length})`
  );
}
