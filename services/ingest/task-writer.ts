// Writes tasks as slices, with the cursor in the same commit. One commit is under way while the
// next is packed, and no more: that is the backpressure on everything that reads.
// Invariant: a committed cursor stands behind exactly the rows whose slices are committed.
import { taskRecordCodec } from '../../schemas/codec.ts';
import type { NewRecord, Writer } from '../core/log.ts';
import { tasksTopic } from '../core/names.ts';
import { partitionOf } from '../core/partition.ts';
import { openSlices, type SliceRecord } from '../core/slice.ts';
import type { Task } from '../core/task.ts';
import { type Cursor, cursorNote } from './cursor.ts';
import type { IngestLimits } from './limits.ts';

export type ReadingPlace = Omit<Extract<Cursor, { kind: 'reading' }>, 'kind' | 'ordinals'>;

export interface TaskWriter {
  add(task: Task): void;
  /** True once what is packed is enough for a commit. */
  isDue(): boolean;
  /** Commits everything packed, with that place behind it, as soon as the commit before stands. */
  commit(place: ReadingPlace): Promise<void>;
  /** The last commit: the rest, and End in every partition. Resolves to the number of tasks. */
  finish(): Promise<number>;
  /** Until no commit is under way; throws what the last one threw. */
  settled(): Promise<void>;
}

type Settled = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown };

export function openTaskWriter(
  writer: Writer,
  counts: readonly number[],
  limits: Pick<IngestLimits, 'commitRowsMax' | 'commitBytesMax'>,
): TaskWriter {
  const slices = openSlices(counts);
  const partitions = counts.length;
  let records: NewRecord[] = [];
  let rows = 0;
  let bytes = 0;
  let underWay: Promise<Settled> = Promise.resolve({ kind: 'done' });

  function pack({ partition, record }: SliceRecord): void {
    const value = taskRecordCodec.encode(record);
    bytes += value.length;
    records.push({ topic: tasksTopic, partition, key: '', value });
  }

  async function settled(): Promise<void> {
    const before = await underWay;
    if (before.kind === 'failed') throw before.error;
  }

  async function send(cursor: Cursor): Promise<void> {
    await settled();
    const total = BigInt(cursor.kind === 'done' ? cursor.total : sum(cursor.ordinals));
    underWay = settle(writer.commit(records, { next: total, note: cursorNote(cursor) }));
    records = [];
    rows = 0;
    bytes = 0;
  }

  return {
    add: (task) => {
      rows += 1;
      const closed = slices.add(partitionOf(task.bucket, task.key, partitions), task);
      if (closed !== null) pack(closed);
    },
    isDue: () => rows >= limits.commitRowsMax || bytes >= limits.commitBytesMax,
    commit: async (place) => {
      for (const slice of slices.flush()) pack(slice);
      await send({ kind: 'reading', ...place, ordinals: slices.counts() });
    },
    finish: async () => {
      for (const slice of slices.end()) pack(slice);
      const total = sum(slices.counts());
      await send({ kind: 'done', total });
      await settled();
      return total;
    },
    settled,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A commit that nobody waits for yet must not reject. */
async function settle(commit: Promise<void>): Promise<Settled> {
  try {
    await commit;
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
