// A lane: the writer of one partition's identity, and reading, which runs ahead into a bounded
// buffer that the fetch loop fills.
// Modes: live → revoked (given to another, fenced, the space gone, the log ended or lost), once.
// Invariant: the buffer holds the records from the reading place on, without a gap; what is fetched
// from elsewhere after a seek never gets in.
import { openBell } from '../../../core/bell.ts';
import {
  type Lane,
  type LogError,
  type LogFailure,
  logError,
  type StoredRecord,
} from '../../../core/log.ts';
import type { Cursor, Fetcher } from './fetcher.ts';
import type { KafkaWriter } from './writer.ts';

/** Read ahead of the caller, per lane. */
const bufferBytesMax = 1024 * 1024;
/** What a record weighs beside its key and value. */
const recordBytes = 64;

export interface LaneOptions {
  readonly writer: KafkaWriter;
  readonly fetcher: Fetcher;
  /** As the brokers call it. */
  readonly topic: string;
  readonly partition: number;
  readonly identity: string;
  /** Aborted by the end of the log: parked reads resolve quietly then. */
  readonly ended: AbortSignal;
  readonly onLag: (records: bigint) => void;
  readonly onReleased: () => void;
}

export interface KafkaLane {
  readonly lane: Lane;
  revoke(failure: LogFailure, message: string): void;
}

export function openLane(options: LaneOptions): KafkaLane {
  const { writer, fetcher, topic, partition, identity, ended } = options;
  const revoked = new AbortController();
  const bell = openBell();
  let failure: LogError | null = null;
  let buffer: StoredRecord[] = [];
  let bufferedBytes = 0;
  let fetchNext = writer.position.next;
  let reading = false;
  let highWatermark = 0n;
  /** After the last record that came; what follows up to fetchNext are marks of transactions. */
  let recordsEnd = fetchNext;
  let lagTold = -1n;

  const tellLag = (isOver = false): void => {
    const { next } = writer.position;
    const isCaughtUp = isOver || (next >= recordsEnd && fetchNext >= highWatermark);
    const behind = isCaughtUp || highWatermark < next ? 0n : highWatermark - next;
    if (behind === lagTold || (revoked.signal.aborted && !isOver)) return;
    lagTold = behind;
    options.onLag(behind);
  };

  const revoke = (kind: LogFailure, message: string): void => {
    if (failure !== null) return;
    failure = logError(kind, `${identity}: ${message}`);
    fetcher.remove(cursor);
    writer.fail(kind, message);
    revoked.abort();
    bell.ring();
    tellLag(true);
  };

  const cursor: Cursor = {
    topic,
    partition,
    next: () => fetchNext,
    room: () => (bufferedBytes > bufferBytesMax / 2 ? 0 : bufferBytesMax - bufferedBytes),
    take: (records, next, end) => {
      for (const record of records) {
        buffer.push(record);
        bufferedBytes += bytesOf(record);
        recordsEnd = record.offset + 1n;
      }
      fetchNext = next;
      highWatermark = end;
      tellLag();
      bell.ring();
    },
    outside: (start, end) => {
      const { next, note } = writer.position;
      const hasCommitted = next > 0n || note !== '';
      if (fetchNext > end || (hasCommitted && next < start)) {
        revoke(
          'broken',
          `${topic}/${partition} holds ${start} to ${end}, but ${next} is the next to be read; ` +
            'records that were not consumed are gone from the brokers',
        );
      } else fetchNext = start;
    },
    fail: (error) => revoke('lost', error.message),
  };

  const takeUpTo = (bytesMax: number): readonly StoredRecord[] => {
    let bytes = 0;
    let count = 0;
    for (const { key, value } of buffer) {
      bytes += key.length + (value?.length ?? 0);
      if (count > 0 && bytes > bytesMax) break;
      count += 1;
    }
    const taken = buffer.slice(0, count);
    drop(count);
    return taken;
  };

  const drop = (count: number): void => {
    for (const record of buffer.slice(0, count)) bufferedBytes -= bytesOf(record);
    buffer = buffer.slice(count);
    if (bufferedBytes <= bufferBytesMax / 2) fetcher.wake();
  };

  const read = async (bytesMax: number, signal: AbortSignal): Promise<readonly StoredRecord[]> => {
    if (reading) throw new Error(`two reads at once of ${identity}`);
    reading = true;
    try {
      for (;;) {
        if (ended.aborted || signal.aborted) return [];
        if (failure !== null) throw failure;
        if (buffer.length > 0) return takeUpTo(bytesMax);
        await bell.heard(AbortSignal.any([signal, ended]));
      }
    } finally {
      reading = false;
    }
  };

  const seek = (next: bigint): void => {
    const first = buffer[0];
    const isBuffered = first !== undefined && first.offset <= next && next <= fetchNext;
    if (isBuffered || next === fetchNext) {
      const kept = buffer.findIndex(({ offset }) => offset >= next);
      drop(kept === -1 ? buffer.length : kept);
      return;
    }
    buffer = [];
    bufferedBytes = 0;
    fetchNext = next;
    fetcher.wake();
  };

  fetcher.add(cursor);
  writer.over.addEventListener('abort', () => revoke('fenced', 'it has another holder'), {
    once: true,
  });
  const lane: Lane = {
    partition,
    revoked: revoked.signal,
    get position() {
      return writer.position;
    },
    commit: async (records, position) => {
      await writer.commit(records, position);
      tellLag();
    },
    release: async () => {
      options.onReleased();
      tellLag(true);
      fetcher.remove(cursor);
      await writer.release();
    },
    read,
    seek,
  };
  return { lane, revoke };
}

function bytesOf({ key, value }: StoredRecord): number {
  return key.length + (value?.length ?? 0) + recordBytes;
}
