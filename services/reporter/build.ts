// The second pass over one range: its results become the bytes of two CSV files. Memory holds one
// range, whose size its cut bounds, and holds it once: the plan knows the size of each file.
import { Buffer } from 'node:buffer';
import { openOrdinals } from '../core/ordinals.ts';
import { reportLine } from '../core/report-line.ts';
import type { ResultRecord, TaskResult } from '../core/task.ts';
import { readReportNote } from './note.ts';
import type { Range } from './plan.ts';

export interface BuiltFile {
  readonly status: TaskResult['status'];
  readonly rows: number;
  readonly bytes: Uint8Array;
}

export interface RangeBuilder {
  /** True once the range is complete. */
  take(offset: bigint, record: ResultRecord): boolean;
  /** The files that have rows; throws if they are not those that were planned. */
  files(): readonly BuiltFile[];
}

export function openRangeBuilder(
  range: Range,
  statuses: readonly TaskResult['status'][],
): RangeBuilder {
  const opening = readReportNote(range.start.note);
  const endRows = readReportNote(range.end.note).rows;
  const taken = openOrdinals(opening.ordinals);
  const files: Record<TaskResult['status'], Buffer> = {
    succeeded: fileFor('succeeded'),
    failed: fileFor('failed'),
  };
  const ends = { succeeded: 0, failed: 0 };
  const rows = { succeeded: 0, failed: 0 };
  let skip = opening.rows;

  function fileFor(status: TaskResult['status']): Buffer {
    return Buffer.allocUnsafeSlow(statuses.includes(status) ? range.bytes[status] : 0);
  }

  function takeSlice(results: readonly TaskResult[], end: number): void {
    const lines = { succeeded: '', failed: '' };
    for (const result of results.slice(skip, end)) {
      if (!taken.add(result.ordinal)) continue;
      rows[result.status] += 1;
      if (statuses.includes(result.status)) lines[result.status] += reportLine(result);
    }
    skip = 0;
    for (const status of statuses) {
      if (lines[status] !== '') ends[status] += files[status].write(lines[status], ends[status]);
    }
  }

  return {
    take: (offset, record) => {
      const isLast = offset >= range.end.next;
      if (record.kind === 'slice') {
        takeSlice(record.results, isLast ? endRows : record.results.length);
      }
      return isLast || (endRows === 0 && offset + 1n >= range.end.next);
    },
    files: () => {
      if (rows.succeeded !== range.succeeded || rows.failed !== range.failed) {
        throw new Error(
          `A range of ${range.succeeded} + ${range.failed} rows was planned at ` +
            `${range.start.next}, but ${rows.succeeded} + ${rows.failed} were read`,
        );
      }
      for (const status of statuses) {
        if (ends[status] !== range.bytes[status]) {
          const planned = `${range.bytes[status]} bytes of rows that ${status} were planned`;
          throw new Error(`${planned} at ${range.start.next}, but ${ends[status]} were written`);
        }
      }
      return statuses
        .filter((status) => rows[status] > 0)
        .map((status) => ({ status, rows: rows[status], bytes: files[status] }));
    },
  };
}
