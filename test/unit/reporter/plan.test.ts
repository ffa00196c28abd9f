import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../services/core/log.ts';
import { reportLine } from '../../../services/core/report-line.ts';
import type { ResultRecord, TaskResult } from '../../../services/core/task.ts';
import { openRangeBuilder } from '../../../services/reporter/build.ts';
import { readReportNote } from '../../../services/reporter/note.ts';
import { openPlan, type Range } from '../../../services/reporter/plan.ts';

function row(ordinal: number): TaskResult {
  return {
    ordinal,
    bucket: 'b',
    reportedKey: `k${ordinal}`,
    versionId: '',
    status: ordinal % 3 === 2 ? 'failed' : 'succeeded',
    httpStatus: 200,
    errorCode: ordinal % 3 === 2 ? `E${ordinal % 7}` : '',
    message: '',
    attempts: 1 + (ordinal % 2),
    startedMs: 0,
    endedMs: 0,
    requestId: '',
  };
}

interface Stored {
  readonly offset: bigint;
  readonly record: ResultRecord;
}

/** Ordinals in the order given, some repeated, cut into slices of changing size; End last. */
function storedOf(ordinals: readonly number[], sizes: readonly number[], count: number): Stored[] {
  const records: ResultRecord[] = [];
  let at = 0;
  for (let index = 0; at < ordinals.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    const results = ordinals.slice(at, at + size).map(row);
    const succeeded = results.filter(({ status }) => status === 'succeeded').length;
    const failed = results.length - succeeded;
    records.push({ kind: 'slice', succeeded, failed, csvBytes: 0, results });
    at += size;
  }
  records.push({ kind: 'end', reason: 'exhausted', count });
  return records.map((record, index) => ({ offset: BigInt(3 * index), record }));
}

function rangesOf(stored: readonly Stored[], start: Position, partRowsMax: number): Range[] {
  const frozen = { partRowsMax, partBytesMax: 100_000, lineVersion: 1 } as const;
  const plan = openPlan(0, start, frozen);
  for (const { offset, record } of stored) if (offset >= start.next) plan.take(offset, record);
  return plan.ranges;
}

function built(stored: readonly Stored[], range: Range): string {
  const builder = openRangeBuilder(range, ['succeeded', 'failed']);
  for (const { offset, record } of stored) {
    if (offset >= range.start.next && builder.take(offset, record)) break;
  }
  return builder
    .files()
    .map(({ bytes }) => new TextDecoder().decode(bytes))
    .join('');
}

test('ranges hold every row once, and are the same whichever one the plan is begun from', () => {
  const worlds = fc.integer({ min: 0, max: 40 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      order: fc.shuffledSubarray(
        Array.from({ length: count }, (_, at) => at),
        { minLength: count },
      ),
      repeated: fc.array(fc.nat(Math.max(0, count - 1)), { maxLength: 10 }),
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      partRowsMax: fc.integer({ min: 1, max: 12 }),
    }),
  );
  fc.assert(
    fc.property(worlds, ({ count, order, repeated, sizes, partRowsMax }) => {
      const again = count === 0 ? [] : repeated;
      const stored = storedOf([...order, ...again], sizes, count);
      const start: Position = { next: 0n, note: '' };
      const ranges = rangesOf(stored, start, partRowsMax);
      const lines = ranges.flatMap((range) => built(stored, range).split('\r\n').slice(0, -1));
      const expected = order.map((ordinal) => reportLine(row(ordinal)).slice(0, -2));
      expect(lines.toSorted()).toEqual(expected.toSorted());
      for (const [index, range] of ranges.entries()) {
        expect(range.succeeded + range.failed).toBeLessThanOrEqual(partRowsMax);
        expect(rangesOf(stored, range.start, partRowsMax)).toEqual(ranges.slice(index));
        expect(range.end).toEqual(ranges[index + 1]?.start ?? range.end);
      }
      const last = readReportNote(ranges.at(-1)?.end.note ?? '');
      expect(last).toMatchObject({ state: 'exhausted', problem: null, rows: 0 });
      expect(last.succeeded + last.failed).toBe(count);
      expect(last.retries).toBe(order.filter((ordinal) => ordinal % 2 === 1).length);
    }),
  );
});
