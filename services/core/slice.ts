// Packs tasks into slices, per partition and in order: the unit in which they stand in the log.
// Invariant: ordinals run 0, 1, 2 … per partition, whatever the cuts; a slice holds at most
// sliceTasksMax tasks and sliceBytesMax bytes (one task that is larger stands alone).
import { utf8Bytes } from './key.ts';
import { sliceBytesMax, sliceTasksMax, type Task, type TaskRecord } from './task.ts';

/** Where a partition's next task goes; part of ingest's position. */
export interface SliceRecord {
  readonly partition: number;
  readonly record: TaskRecord;
}

export interface SliceBuilder {
  /** Returns the slice that this task closed, or null. */
  add(partition: number, task: Task): SliceRecord | null;
  /** Closes every open slice, in the order of partitions. */
  flush(): readonly SliceRecord[];
  /** Closes every open slice and ends each partition with its count of tasks. */
  end(): readonly SliceRecord[];
  /** Tasks so far, per partition: the next ordinals. Pass them to openSlices to go on. */
  counts(): readonly number[];
  /** Tasks that stand in open slices. */
  readonly open: number;
}

interface OpenSlice {
  next: number;
  tasks: Task[];
  bytes: number;
}

/** counts: the tasks already written per partition (all 0 for a new job). */
export function openSlices(counts: readonly number[]): SliceBuilder {
  const slices: OpenSlice[] = counts.map((next) => ({ next, tasks: [], bytes: 0 }));
  let open = 0;

  function close(partition: number, slice: OpenSlice): SliceRecord {
    const { tasks } = slice;
    const firstOrdinal = slice.next - tasks.length;
    open -= tasks.length;
    slice.tasks = [];
    slice.bytes = 0;
    return { partition, record: { kind: 'slice', firstOrdinal, tasks } };
  }

  function flush(): SliceRecord[] {
    return slices.flatMap((slice, partition) =>
      slice.tasks.length === 0 ? [] : [close(partition, slice)],
    );
  }

  return {
    add(partition, task) {
      const slice = slices[partition];
      if (slice === undefined) throw new Error(`There is no partition ${partition}.`);
      const bytes = taskBytes(task);
      const full =
        slice.tasks.length > 0 &&
        (slice.tasks.length >= sliceTasksMax || slice.bytes + bytes > sliceBytesMax);
      const closed = full ? close(partition, slice) : null;
      slice.tasks.push(task);
      slice.bytes += bytes;
      slice.next += 1;
      open += 1;
      return closed;
    },
    flush,
    end: () => [
      ...flush(),
      ...slices.map(
        ({ next }, partition): SliceRecord => ({
          partition,
          record: { kind: 'end', count: next },
        }),
      ),
    ],
    counts: () => slices.map(({ next }) => next),
    get open() {
      return open;
    },
  };
}

/** Lengths and markers of one task in Avro: never less than what it takes. */
const taskFrameBytes = 10;

function taskBytes({ bucket, key, written, versionId }: Task): number {
  return (
    taskFrameBytes +
    utf8Bytes(bucket) +
    utf8Bytes(key) +
    (written === null ? 0 : utf8Bytes(written)) +
    (versionId === null ? 0 : utf8Bytes(versionId))
  );
}
