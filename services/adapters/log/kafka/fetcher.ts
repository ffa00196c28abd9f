// One fetch loop over a changing set of cursors, on a link of its own since a fetch parks at the
// broker. A cursor is one partition being read: it says how much it has room for and takes what
// comes.
// Modes of the loop: asking (some cursor has room and its leader is not asked already) ↔ resting
// (until an answer or wake()) → closed.
// Invariant: a cursor gets records in order, once, from its `next` on; what was fetched from where
// it no longer stands (it was sought meanwhile) is thrown away.
import { openBell } from '../../../core/bell.ts';
import { isLogError, logError, type StoredRecord } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { DamagedBatch, type DecodedBatches, decodeBatches, type Fetched } from './decode-fetch.ts';
import { answered, codes, isKafkaFailure, refused, unanswered } from './failure.ts';
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
  /** Since when each could not be read. */
  const failing = new Map<Cursor, number>();
  /** Of those, which are not asked for at this moment. */
  const resting = new Set<Cursor>();
  const bell = openBell();
  const closing = new AbortController();
  const closed = closing.signal;

  async function run(): Promise<void> {
    while (!closed.aborted) {
      const wanting = [...cursors].filter(isWanting);
      if (!(await begin(wanting))) await bell.heard(closed);
    }
  }

  function isWanting(cursor: Cursor): boolean {
    return !asked.has(cursor) && !resting.has(cursor) && cursor.room() > 0;
  }

  /** Asks each leader that is not busy for what it leads. false: there is nothing to ask for. */
  async function begin(wanting: readonly Cursor[]): Promise<boolean> {
    const leaders = new Map<string, Cursor[]>();
    for (const cursor of wanting) {
      try {
        const leader = await link.leaderOf(cursor.topic, cursor.partition);
        if (!busy.has(leader)) leaders.set(leader, [...(leaders.get(leader) ?? []), cursor]);
      } catch (error) {
        putOff(cursor, error);
      }
    }
    for (const [leader, led] of leaders) track(fetchOnce(leader, led));
    return leaders.size > 0;
  }

  async function fetchOnce(leader: string, led: readonly Cursor[]): Promise<void> {
    busy.add(leader);
    for (const cursor of led) asked.add(cursor);
    try {
      await fetchFrom(leader, led);
    } catch (error) {
      for (const cursor of led) putOff(cursor, error);
    } finally {
      busy.delete(leader);
      for (const cursor of led) asked.delete(cursor);
      bell.ring();
    }
  }

  /** A partition that cannot be read now delays itself alone; for too long, it fails. */
  function putOff(cursor: Cursor, error: unknown): void {
    if (closed.aborted || !cursors.has(cursor)) return;
    const nowMs = performance.now();
    const sinceMs = failing.get(cursor) ?? nowMs;
    failing.set(cursor, sinceMs);
    const isPassing = isKafkaFailure(error) && error.remedy !== 'refused';
    if (!isPassing || nowMs - sinceMs > link.awayMsMax) return giveUp(cursor, error);
    link.forget();
    resting.add(cursor);
    setTimeout(() => {
      resting.delete(cursor);
      bell.ring();
    }, retryDelayMs);
  }

  function giveUp(cursor: Cursor, error: unknown): void {
    cursors.delete(cursor);
    cursor.fail(failed(error));
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
      if (entry === undefined) continue;
      try {
        await hand(leader, entry.cursor, entry.from, fetched);
        failing.delete(entry.cursor);
      } catch (error) {
        putOff(entry.cursor, error);
      }
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
    const decoded = decodedOf(fetched, from, place);
    if (decoded.next > from) {
      cursor.take(sift(leader, cursor, decoded), decoded.next, fetched.highWatermark);
    }
  }

  /** What is not ours is said, and left out. */
  function sift(leader: string, cursor: Cursor, decoded: DecodedBatches): readonly StoredRecord[] {
    const { topic, partition } = cursor;
    const say = (offset: bigint, reason: string): void => {
      brokers.notice({ kind: 'foreign', topic, partition, offset, broker: leader, reason });
    };
    for (const { offset, reason } of decoded.unreadable) say(offset, reason);
    return decoded.records.filter(({ offset, value }) => {
      const isForeign = brokers.isForeign(topic, value);
      if (isForeign) say(offset, 'not a frame of s3batch');
      return !isForeign;
    });
  }

  async function bounds(leader: string, cursor: Cursor): Promise<readonly [bigint, bigint]> {
    const [start, end] = await Promise.all(
      (['-2', '-1'] as const).map((timestamp) => offsetAt(link, leader, cursor, timestamp)),
    );
    return [start ?? 0n, end ?? 0n];
  }

  const remove = (cursor: Cursor): void => {
    cursors.delete(cursor);
    failing.delete(cursor);
  };

  function track(work: Promise<void>): void {
    work.catch((error: unknown) => {
      for (const cursor of cursors) giveUp(cursor, error);
    });
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

/**
 * Damage may be of the way here: it is asked for again, for as long as for brokers that are away.
 */
function decodedOf({ batches, aborted }: Fetched, from: bigint, place: string): DecodedBatches {
  try {
    return decodeBatches(batches, from, aborted);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw error instanceof DamagedBatch ? unanswered(place, reason) : refused(place, reason);
  }
}

function placeOf(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic}/${place.partition}`;
}

function failed(error: unknown): Error {
  if (isLogError(error)) return error;
  return logError('lost', error instanceof Error ? error.message : String(error));
}
