// The second pass over one range: its results become the bytes of two CSV files. Memory holds one
// range, whose size its cut bounds.
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
  const encoder = new TextEncoder();
  const chunks: Readonly<Record<TaskResult['status'], Uint8Array[]>> = {
    succeeded: [],
    failed: [],
  };
  const rows = { succeeded: 0, failed: 0 };
  let skip = opening.rows;

  function takeSlice(results: readonly TaskResult[], end: number): void {
    const lines = { succeeded: '', failed: '' };
    for (const result of results.slice(skip, end)) {
      if (!taken.add(result.ordinal)) continue;
      rows[result.status] += 1;
      if (statuses.includes(result.status)) lines[result.status] += reportLine(result);
    }
    skip = 0;
    for (const status of statuses) {
      if (lines[status] !== '') chunks[status].push(encoder.encode(lines[status]));
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
      return statuses
        .filter((status) => rows[status] > 0)
        .map((status) => ({ status, rows: rows[status], bytes: joined(chunks[status]) }));
    },
  };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
