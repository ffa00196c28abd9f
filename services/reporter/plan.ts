// The first pass over a lane's results: counts every ordinal once and finds where the ranges of
// the report end. Pure: cuts are a function of the log and the job's frozen shape, so that whoever
// reads the log again cuts at the same rows.
// Invariant: ranges follow each other without a gap; each one's end is the next one's start.
import type { FrozenShape } from '../core/job.ts';
import type { Position } from '../core/log.ts';
import { openRange, type RangeTally } from '../core/report.ts';
import { reportLineBytes } from '../core/report-line.ts';
import type { ResultRecord, TaskResult } from '../core/task.ts';
import { type ReportNote, type ReportState, readReportNote, writeReportNote } from './note.ts';
import { openTally } from './tally.ts';

export interface Range {
  /** Where its first row stands, and what was counted before it. */
  readonly start: Position;
  /** Its end: the position once it is written. */
  readonly end: Position;
  /** Record and ordinal of its first row: they name its parts. */
  readonly firstOffset: bigint;
  readonly firstOrdinal: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Of the lines of each status. */
  readonly bytes: Readonly<Record<TaskResult['status'], number>>;
  /** What end.note says; its state is not open if the lane ends with this range. */
  readonly endNote: ReportNote;
}

export interface Plan {
  take(offset: bigint, record: ResultRecord): void;
  /** Ranges that are complete and not shifted yet, oldest first. */
  readonly ranges: Range[];
  /** Not open once End was read. */
  readonly state: ReportState;
  /** The offset to read next. */
  readonly next: bigint;
  /** What has been read, whether written or not. */
  level(): ReportNote;
}

export function openPlan(partition: number, start: Position, frozen: FrozenShape): Plan {
  const opening = readReportNote(start.note);
  const tally = openTally(opening.ordinals, opening);
  const ranges: Range[] = [];
  let { state, problem, rows: skip } = opening;
  let next = start.next;
  let from = start;
  let range: RangeTally = openRange(frozen);
  let bytes = { succeeded: 0, failed: 0 };
  let first: { readonly offset: bigint; readonly ordinal: number } | null = null;

  function noteAt(rows: number): ReportNote {
    return { state, rows, problem, ordinals: tally.ordinals.text(), ...tally.totals() };
  }

  function cut(endNext: bigint, rows: number): void {
    const note = noteAt(rows);
    const end = { next: endNext, note: writeReportNote(note) };
    ranges.push({
      start: from,
      end,
      firstOffset: first?.offset ?? from.next,
      firstOrdinal: first?.ordinal ?? 0,
      succeeded: range.succeeded,
      failed: range.failed,
      bytes,
      endNote: note,
    });
    from = end;
    first = null;
    range = openRange(frozen);
    bytes = { succeeded: 0, failed: 0 };
  }

  function takeSlice(offset: bigint, results: readonly TaskResult[]): void {
    for (const [index, result] of results.entries()) {
      if (index < skip || !tally.take(result)) continue;
      first ??= { offset, ordinal: result.ordinal };
      const lineBytes = reportLineBytes(result);
      bytes[result.status] += lineBytes;
      if (!range.add(result.status, lineBytes)) continue;
      const isLast = index + 1 === results.length;
      cut(isLast ? offset + 1n : offset, isLast ? 0 : index + 1);
    }
    skip = 0;
  }

  function takeEnd(offset: bigint, end: Extract<ResultRecord, { kind: 'end' }>): void {
    state = end.reason;
    if (end.reason === 'exhausted') problem ??= missing(partition, end.count);
    cut(offset + 1n, 0);
  }

  function missing(where: number, expected: number): string | null {
    const { low, count } = tally.ordinals;
    if (low === expected && count === expected) return null;
    return (
      `Partition ${where} holds ${expected} tasks, but ${count} results were found; ` +
      `the first that is missing is task ${low}. This is a defect of s3batch.`
    );
  }

  return {
    take: (offset, record) => {
      const known: ReportState = state;
      if (known !== 'open')
        throw new Error(`results/${partition} goes on after its end, at ${offset}`);
      next = offset + 1n;
      if (record.kind === 'slice') takeSlice(offset, record.results);
      else takeEnd(offset, record);
    },
    ranges,
    get state() {
      return state;
    },
    get next() {
      return next;
    },
    level: () => noteAt(0),
  };
}
