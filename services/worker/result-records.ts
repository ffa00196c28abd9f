// Outcomes as records of the results topic: sorted by ordinal, cut into slices. Pure.
// Invariant: a slice's header says exactly what its results add up to, since the reporter plans the
// cuts of the report by headers alone.
import { utf8Bytes } from '../core/key.ts';
import { reportLineBytes } from '../core/report-line.ts';
import {
  type ResultRecord,
  resultSliceBytesMax,
  resultSliceRowsMax,
  type TaskResult,
} from '../core/task.ts';

/** Numbers and markers of one result in Avro: never less than what they take. */
const resultFrameBytes = 48;

export function resultBytes(result: TaskResult): number {
  return (
    resultFrameBytes +
    utf8Bytes(result.bucket) +
    utf8Bytes(result.reportedKey) +
    utf8Bytes(result.versionId) +
    utf8Bytes(result.errorCode) +
    utf8Bytes(result.message) +
    utf8Bytes(result.requestId)
  );
}

export function resultRecords(results: readonly TaskResult[]): readonly ResultRecord[] {
  const sorted = results.toSorted((a, b) => a.ordinal - b.ordinal);
  const records: ResultRecord[] = [];
  let rows: TaskResult[] = [];
  let bytes = 0;
  for (const result of sorted) {
    const size = resultBytes(result);
    const isFull = rows.length >= resultSliceRowsMax || bytes + size > resultSliceBytesMax;
    if (isFull && rows.length > 0) {
      records.push(sliceOf(rows));
      rows = [];
      bytes = 0;
    }
    rows.push(result);
    bytes += size;
  }
  if (rows.length > 0) records.push(sliceOf(rows));
  return records;
}

function sliceOf(results: readonly TaskResult[]): ResultRecord {
  const succeeded = results.filter(({ status }) => status === 'succeeded').length;
  return {
    kind: 'slice',
    succeeded,
    failed: results.length - succeeded,
    csvBytes: results.reduce((sum, result) => sum + reportLineBytes(result), 0),
    results,
  };
}
