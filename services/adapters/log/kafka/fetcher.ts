// One fetch loop over a changing set of cursors, on a link of its own since a fetch parks at the
// broker. A cursor is one partition being read: it says how much it has room for and takes what
// comes.
// Modes of the loop: asking (some cursor has room and its leader is not asked already) ↔ resting
// (until an answer or wake()) → closed.
// Invariant: a cursor gets records in order, once, from its `next` on; what was fetched from where
// it no longer stands (it was sought meanwhile) is thrown away.
import { setTimeout as pause } from 'node:timers/promises';
import { openBell } from '../../../core/bell.ts';
import { isLogError, logError, type StoredRecord } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import {
  type DecodedBatches,
  decodeBatches,
  type Fetched,
  type Unreadable,
} from './decode-fetch.ts';
import { answered, codes, isKafkaFailure } from './failure.ts';
import { type Link, requestMsMax } from './link.ts';
import { type FetchPartition, fetchRecords, listOffsets } from './wire.ts';

/** An idle fetch parks at the broker for so long: a cursor that is added or sought waits for it. */
const parkMsMax = 150;
const fetchBytesMax = 8 * 1024 * 1024;
/** While a broker is away. */
const retryDelayMs = 200;

export interface Cursor {
  readonly topic: string;
  readonly partition: number;
  /** The offset of the next record wanted. */
  next(): bigint;
  /** Bytes; 0: nothing now. */
  room(): number;
  take(records: readonly StoredRecord[], next: bigint, highWatermark: bigint): void;
  /** The cursor stands before the first record that is kept, or beyond the last. */
  outside(start: bigint, end: bigint): void;
  fail(error: Error): void;
}

interface Sifted {
  readonly records: readonly StoredRecord[];
  readonly next: bigint;
}

export interface Fetcher {
  add(cursor: Cursor): void;
  remove(cursor: Cursor): void;
  /** A cursor has room again, or stands elsewhere. */
  wake(): void;
  close(): void;
}

/** purpose is shown in the client's name. */
export function openFetcher(brokers: Brokers, purpose: string): Fetcher {
  const link = brokers.openLink(purpose);
  const cursors = new Set<Cursor>();
  /** Of a fetch that is under way. */
  const asked = new Set<Cursor>();
  const busy = new Set<string>();
  /** Since when nothing has been fetched, and not for want of records; null: all is well. */
  let failingSinceMs: number | null = null;
  const bell = openBell();
  /** Up to where each has been looked at twice. */
  const suspects = new WeakMap<Cursor, bigint>();
  const closing = new AbortController();
  const closed = closing.signal;

  async function run(): Promise<void> {
    while (!closed.aborted) {
      const wanting = [...cursors].filter((cursor) => !asked.has(cursor) && cursor.room() > 0);
      if (!(await begin(wanting))) await bell.heard(closed);
    }
  }

  /** Asks each leader that is not busy for what it leads. false: there is nothing to ask for. */
  async function begin(wanting: readonly Cursor[]): Promise<boolean> {
    const leaders = new Map<string, Cursor[]>();
    try {
      for (const cursor of wanting) {
        const leader = await link.leaderOf(cursor.topic, cursor.partition);
        if (!busy.has(leader)) leaders.set(leader, [...(leaders.get(leader) ?? []), cursor]);
      }
    } catch (error) {
      await recover(wanting, error);
      return true;
    }
    for (const [leader, led] of leaders) track(fetchOnce(leader, led));
    return leaders.size > 0;
  }

  /** A leader that is away delays its own partitions only. */
  async function fetchOnce(leader: string, led: readonly Cursor[]): Promise<void> {
    busy.add(leader);
    for (const cursor of led) asked.add(cursor);
    try {
      await fetchFrom(leader, led);
      failingSinceMs = null;
    } catch (error) {
      await recover(led, error);
    } finally {
      busy.delete(leader);
      for (const cursor of led) asked.delete(cursor);
      bell.ring();
    }
  }

  async function recover(failing: readonly Cursor[], error: unknown): Promise<void> {
    if (closed.aborted) return;
    if (!isKafkaFailure(error) || error.remedy === 'refused') return failAll(failing, error);
    const nowMs = performance.now();
    failingSinceMs ??= nowMs;
    if (nowMs - failingSinceMs > link.awayMsMax) return failAll(failing, error);
    link.forget();
    await pause(retryDelayMs, undefined, { signal: closed }).catch(() => {});
  }

  async function fetchFrom(leader: string, led: readonly Cursor[]): Promise<void> {
    const wanted = new Map(led.map((cursor) => [placeOf(cursor), { cursor, from: cursor.next() }]));
    const topics = new Map<string, FetchPartition[]>();
    for (const { cursor, from } of wanted.values()) {
      const { topic, partition } = cursor;
      const entry = { partition, fetchOffset: from.toString(), maxBytes: cursor.room() };
      topics.set(topic, [...(topics.get(topic) ?? []), entry]);
    }
    const answer = await link.send(
      leader,
      fetchRecords,
      {
        replicaId: -1,
        isolationLevel: 1,
        maxWaitTime: parkMsMax,
        minBytes: 1,
        maxBytes: fetchBytesMax,
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      },
      parkMsMax + requestMsMax,
    );
    for (const fetched of answer) {
      const entry = wanted.get(placeOf(fetched));
      if (entry !== undefined) await hand(leader, entry.cursor, entry.from, fetched);
    }
  }

  async function hand(
    leader: string,
    cursor: Cursor,
    from: bigint,
    fetched: Fetched,
  ): Promise<void> {
    const place = `Fetch of ${placeOf(fetched)} at ${from} from ${leader}`;
    if (!cursors.has(cursor) || cursor.next() !== from) return;
    if (fetched.errorCode === codes.offsetOutOfRange) {
      const [start, end] = await bounds(leader, cursor);
      if (cursors.has(cursor) && cursor.next() === from) cursor.outside(start, end);
      return;
    }
    if (fetched.errorCode !== 0) throw answered(fetched.errorCode, place);
    try {
      const decoded = decodeBatches(fetched.batches, from, fetched.aborted);
      if (decoded.next === from) return;
      const { records, next } = sift(leader, cursor, decoded);
      cursor.take(records, next, fetched.highWatermark);
    } catch (error) {
      remove(cursor);
      cursor.fail(error instanceof Error ? new Error(`${place}: ${error.message}`) : failed(error));
    }
  }

  /**
   * Without what is not ours. The first time it is seen the reader stops before it and fetches it
   * once more: what was damaged on its way to us comes whole then.
   */
  function sift(leader: string, cursor: Cursor, decoded: DecodedBatches): Sifted {
    const { topic, partition } = cursor;
    const foreign: Unreadable[] = [...decoded.unreadable];
    for (const { offset, value } of decoded.records) {
      if (brokers.isForeign(topic, value)) foreign.push({ offset, reason: 'it has not our form' });
    }
    const sure = suspects.get(cursor) ?? -1n;
    const unsure = foreign.map(({ offset }) => offset).filter((offset) => offset > sure);
    const stop = unsure.reduce((low, offset) => (offset < low ? offset : low), decoded.next);
    const offsets = new Set(foreign.map(({ offset }) => offset));
    for (const { offset, reason } of foreign) {
      if (offset >= stop) continue;
      brokers.notice({ kind: 'foreign', topic, partition, offset, broker: leader, reason });
    }
    if (stop < decoded.next) suspects.set(cursor, stop);
    const records = decoded.records.filter(({ offset }) => offset < stop && !offsets.has(offset));
    return { records, next: stop };
  }

  async function bounds(leader: string, cursor: Cursor): Promise<readonly [bigint, bigint]> {
    const [start, end] = await Promise.all(
      (['-2', '-1'] as const).map((timestamp) => offsetAt(link, leader, cursor, timestamp)),
    );
    return [start ?? 0n, end ?? 0n];
  }

  function failAll(failing: readonly Cursor[], error: unknown): void {
    for (const cursor of failing) {
      cursors.delete(cursor);
      cursor.fail(failed(error));
    }
  }

  const remove = (cursor: Cursor): void => {
    cursors.delete(cursor);
  };

  function track(work: Promise<void>): void {
    work.catch((error: unknown) => failAll([...cursors], error));
  }

  track(run());
  return {
    add: (cursor) => {
      cursors.add(cursor);
      bell.ring();
    },
    remove,
    wake: () => bell.ring(),
    close: () => {
      closing.abort();
      link.close();
    },
  };
}

/** timestamp -1: the end, records of open transactions included; -2: the start. */
export async function offsetAt(
  link: Link,
  leader: string,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  timestamp: string,
): Promise<bigint> {
  const told = await link.send(leader, listOffsets, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ topic, partitions: [{ partition, timestamp }] }],
  });
  const found = told.responses[0]?.partitions[0];
  const what = `looking up the bounds of ${topic}/${partition} at ${leader}`;
  if (found === undefined) throw answered(codes.unknownTopicOrPartition, what);
  if (found.errorCode !== 0) throw answered(found.errorCode, what);
  return BigInt(found.offset);
}

function placeOf(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic}/${place.partition}`;
}

function failed(error: unknown): Error {
  if (isLogError(error)) return error;
  return logError('lost', error instanceof Error ? error.message : String(error));
}
