import { expect, test } from 'vitest';
import { reportLineBytes } from '../../../services/core/report-line.ts';
import {
  resultSliceBytesMax,
  resultSliceRowsMax,
  type TaskResult,
} from '../../../services/core/task.ts';
import { resultBytes, resultRecords } from '../../../services/worker/result-records.ts';

function result(ordinal: number, message: string): TaskResult {
  return {
    ordinal,
    bucket: 'b',
    reportedKey: `k${ordinal}`,
    versionId: '',
    status: ordinal % 3 === 0 ? 'failed' : 'succeeded',
    httpStatus: 200,
    errorCode: '',
    message,
    attempts: 1,
    startedMs: 0,
    endedMs: 0,
    requestId: '',
  };
}

test.each([
  ['many short', 2500, ''],
  ['few long', 200, 'é'.repeat(1000)],
])('%s results: sorted, within the limits of a slice, headers that add up', (_, count, message) => {
  const results = Array.from({ length: count }, (_, index) => result(count - 1 - index, message));
  const records = resultRecords(results);
  const rows = records.flatMap((record) => (record.kind === 'slice' ? record.results : []));
  expect(rows.map(({ ordinal }) => ordinal)).toEqual(results.map((_, index) => index));
  for (const record of records) {
    if (record.kind !== 'slice') throw new Error('only slices were asked for');
    expect(record.succeeded + record.failed).toBe(record.results.length);
    expect(record.results.length).toBeLessThanOrEqual(resultSliceRowsMax);
    const sizes = record.results.map(resultBytes);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(resultSliceBytesMax);
    const lines = record.results.map(reportLineBytes);
    expect(record.csvBytes).toBe(lines.reduce((sum, size) => sum + size));
  }
});
