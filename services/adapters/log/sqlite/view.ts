// A view in the service's thread: one loop that asks for the next records and folds them.
// Invariant: every record below `at` has been folded, in the order of its partition.
import type { Space, StoredRecord, View } from '../../../core/log.ts';
import type { Connection } from './connection.ts';
import { decodeRecords } from './frame.ts';

const foldBytesMax = 1024 * 1024;
const noTarget = Number.MAX_SAFE_INTEGER;

interface Waiter {
  readonly enough: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export async function followTopic(
  connection: Connection,
  space: Space,
  topic: string,
  fold: (record: StoredRecord) => void,
  signal: AbortSignal,
): Promise<View> {
  const { view } = await connection.expect({ op: 'follow', space, topic }, 'view');
  const released = new AbortController();
  const over = [signal, released.signal, connection.ended];
  const waiters = new Set<Waiter>();
  const targets = new Set<number>();
  let at = 0;
  let folds = 0;
  let request = 0;
  let broken: unknown = null;
  const wanted = () => Math.min(noTarget, ...targets);
  const tell = () => {
    for (const waiter of waiters) if (waiter.enough()) waiter.resolve();
  };
  const folding = async () => {
    for (;;) {
      request = connection.nextId();
      const asked = { op: 'fold', view, wanted: wanted(), bytesMax: foldBytesMax } as const;
      const answer = await connection.until(asked, 'records', over, request);
      if (answer === null) break;
      const records = decodeRecords(answer.records, 0);
      for (const record of records) fold(record);
      folds += records.length;
      at = answer.records.next;
      tell();
    }
    for (const waiter of waiters) waiter.resolve();
    connection.ask({ op: 'unfollow', view }).catch(() => {});
  };
  folding().catch((error: unknown) => {
    broken = error;
    for (const waiter of waiters) waiter.reject(error);
  });
  const wait = async (enough: () => boolean, waitSignal: AbortSignal) => {
    if ([...over, waitSignal].some(({ aborted }) => aborted)) return;
    if (broken !== null) throw broken;
    if (enough()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { enough, resolve, reject };
    const abort = () => resolve();
    waitSignal.addEventListener('abort', abort, { once: true });
    waiters.add(waiter);
    try {
      await promise;
    } finally {
      waiters.delete(waiter);
      waitSignal.removeEventListener('abort', abort);
    }
  };
  return {
    caughtUp: async (target, waitSignal) => {
      const last = target === 'now' ? await headOf(connection, space, waitSignal) : Number(target);
      if (last === null) return;
      const below = last + 1;
      targets.add(below);
      connection.nudge(request, wanted());
      try {
        await wait(() => at >= below, waitSignal);
      } finally {
        targets.delete(below);
      }
    },
    changed: (waitSignal) => {
      const before = folds;
      return wait(() => folds > before, waitSignal);
    },
    release: async () => released.abort(),
  };
}

async function headOf(
  connection: Connection,
  space: Space,
  signal: AbortSignal,
): Promise<number | null> {
  const answer = await connection.until({ op: 'head', space }, 'offset', [signal]);
  return answer === null ? null : answer.offset;
}
