// The ledger of a lane: which slices were read, which of their tasks have an outcome, and the
// position that follows. Pure.
// Invariant: every ordinal below the position's slice, or in its note, has exactly one result in
// the log once the position is committed with the outcomes it counts.
import type { Position } from '../core/log.ts';
import type { Task, TaskRecord } from '../core/task.ts';
import { laneNote, parseLaneNote } from './note.ts';

interface OpenSlice {
  readonly offset: bigint;
  unfinished: number;
}

export interface LaneTask {
  readonly ordinal: number;
  readonly task: Task;
  readonly slice: OpenSlice;
}

export interface Ledger {
  /** Takes one record in; returns the tasks in it that still have no outcome. */
  take(offset: bigint, record: TaskRecord): readonly LaneTask[];
  /** These outcomes go into the next commit. */
  finish(done: Iterable<LaneTask>): void;
  /** The tasks of End{count}; null before it was read. */
  readonly count: number | null;
  /** End was read and every task before it has been finished. */
  isComplete(): boolean;
  position(): Position;
}

export function openLedger(start: Position): Ledger {
  const { finished } = parseLaneNote(start.note);
  const open = new Map<bigint, OpenSlice>();
  let after = start.next;
  let expectedOrdinal: number | null = null;
  let count: number | null = null;

  function takeSlice(offset: bigint, first: number, tasks: readonly Task[]): LaneTask[] {
    const follows = expectedOrdinal === null ? first <= finished.low : first === expectedOrdinal;
    if (!follows) {
      const before = expectedOrdinal ?? finished.low;
      throw new Error(`The slice at ${offset} starts with ordinal ${first}, after ${before}`);
    }
    expectedOrdinal = first + tasks.length;
    const slice: OpenSlice = { offset, unfinished: 0 };
    const left: LaneTask[] = [];
    for (const [index, task] of tasks.entries()) {
      if (!finished.has(first + index)) left.push({ ordinal: first + index, task, slice });
    }
    slice.unfinished = left.length;
    if (left.length > 0) open.set(offset, slice);
    return left;
  }

  const isComplete = () => count !== null && open.size === 0;
  return {
    get count() {
      return count;
    },
    isComplete,
    take: (offset, record) => {
      if (count !== null) throw new Error(`A record follows End, at ${offset}`);
      after = offset + 1n;
      if (record.kind === 'slice') return takeSlice(offset, record.firstOrdinal, record.tasks);
      count = record.count;
      return [];
    },
    finish: (done) => {
      for (const { ordinal, slice } of done) {
        if (!finished.add(ordinal)) throw new Error(`Ordinal ${ordinal} was finished twice`);
        slice.unfinished -= 1;
        if (slice.unfinished === 0) open.delete(slice.offset);
      }
      if (isComplete() && (finished.low !== count || finished.holes !== 0)) {
        throw new Error(`End counts ${count} tasks, but the lowest unfinished is ${finished.low}`);
      }
    },
    position: () => {
      const [lowest] = open.keys();
      return {
        next: lowest ?? after,
        note: laneNote(isComplete() ? 'exhausted' : 'open', finished),
      };
    },
  };
}
