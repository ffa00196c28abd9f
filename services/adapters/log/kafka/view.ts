// A view: every partition of a topic folded from its start, and on as records come. It belongs to
// no group, so it leaves nothing behind on the brokers.
// Invariant: folds happen in the order of each partition. 'now' is the end of each partition as the
// brokers have it at the call, records of transactions under way included: what had been
// acknowledged before the call lies below it, though its commit marker may still be on its way.
import { isLogError, logError, type StoredRecord, type View } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { type Cursor, offsetAt, openFetcher } from './fetcher.ts';

const foldBytesMax = 1024 * 1024;

interface Waiter {
  readonly enough: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface KafkaView extends View {
  /** Ends every wait with this, and folding. */
  fail(error: Error): void;
}

/** The view fetches on a link of its own, and asks for the ends of partitions on the shared one. */
export function openView(
  brokers: Brokers,
  topic: string,
  partitions: number,
  fold: (record: StoredRecord) => void,
  signal: AbortSignal,
): KafkaView {
  const released = new AbortController();
  const over = AbortSignal.any([signal, released.signal]);
  const waiters = new Set<Waiter>();
  const positions = Array.from({ length: partitions }, () => 0n);
  let folds = 0;
  let broken: { readonly error: unknown } | null = null;

  const settle = (): void => {
    for (const waiter of waiters) {
      if (broken !== null) waiter.reject(broken.error);
      else if (over.aborted || waiter.enough()) waiter.resolve();
    }
  };
  const { link } = brokers;
  const fetcher = openFetcher(brokers, 'view');
  const fail = (error: unknown): void => {
    broken ??= { error };
    fetcher.close();
    settle();
  };
  const cursorOf = (partition: number): Cursor => {
    const positionOf = (): bigint => positions[partition] ?? 0n;
    const foldAt = (record: StoredRecord): void => {
      try {
        fold(record);
      } catch (error) {
        throw located(error, `${topic}/${partition} at offset ${record.offset}`);
      }
    };
    return {
      topic,
      partition,
      next: positionOf,
      room: () => (broken === null && !over.aborted ? foldBytesMax : 0),
      take: (records, next) => {
        try {
          for (const record of records) foldAt(record);
        } catch (error) {
          fail(error);
          return;
        }
        folds += records.length;
        positions[partition] = next;
        settle();
      },
      // What is gone from the start was kept by time, or compacted away.
      outside: (start, end) => {
        if (positionOf() > end) {
          const text = `${topic}/${partition} ends at ${end}, but was read up to ${positionOf()}`;
          fail(logError('lost', text));
        } else positions[partition] = start;
      },
      fail,
    };
  };
  for (const partition of positions.keys()) fetcher.add(cursorOf(partition));
  over.addEventListener(
    'abort',
    () => {
      fetcher.close();
      settle();
    },
    { once: true },
  );
  if (over.aborted) fetcher.close();

  async function wait(enough: () => boolean, waitSignal: AbortSignal): Promise<void> {
    if (over.aborted || waitSignal.aborted) return;
    if (broken !== null) throw broken.error;
    if (enough()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { enough, resolve, reject };
    const abort = (): void => resolve();
    waitSignal.addEventListener('abort', abort, { once: true });
    waiters.add(waiter);
    try {
      await promise;
    } finally {
      waiters.delete(waiter);
      waitSignal.removeEventListener('abort', abort);
    }
  }

  /** null: the wait was given up. */
  async function ends(waitSignal: AbortSignal): Promise<readonly bigint[] | null> {
    const all = AbortSignal.any([over, waitSignal]);
    const found = await link.retry(
      () =>
        Promise.all(
          positions.map(async (_position, partition) => {
            const leader = await link.leaderOf(topic, partition);
            return offsetAt(link, leader, { topic, partition }, '-1');
          }),
        ),
      all,
    );
    return found === 'aborted' ? null : found;
  }

  return {
    caughtUp: async (target, waitSignal) => {
      if (over.aborted || waitSignal.aborted) return;
      if (broken !== null) throw broken.error;
      if (target !== 'now' && partitions > 1) {
        throw new Error(`${topic} has ${partitions} partitions: an offset says nothing of them`);
      }
      const wanted = target === 'now' ? await ends(waitSignal) : [target + 1n];
      if (wanted === null) return;
      await wait(
        () => wanted.every((end, partition) => (positions[partition] ?? 0n) >= end),
        waitSignal,
      );
    },
    changed: async (waitSignal) => {
      const before = folds;
      await wait(() => folds > before, waitSignal);
    },
    release: async () => released.abort(),
    fail,
  };
}

/** The same error, with the place in its message. */
function located(error: unknown, place: string): unknown {
  if (error instanceof Error && !isLogError(error)) error.message = `${place}: ${error.message}`;
  return error;
}
