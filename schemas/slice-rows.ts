// Task slices, result slices and parts as Avro rows: the path that every task takes, so a row is
// the domain's own object wherever the two agree.
import type {
  PartRecord,
  ResultRecord,
  Task,
  TaskRecord,
  TaskResult,
} from '../services/core/task.ts';
import { endingOf } from './job-rows.ts';
import { oneOf } from './record.ts';

export interface TaskSliceRow {
  readonly end: boolean;
  readonly firstOrdinal: number;
  readonly count: number;
  readonly tasks: readonly Task[];
}

interface TaskResultRow {
  readonly ordinal: number;
  readonly bucket: string;
  readonly reportedKey: string;
  readonly versionId: string;
  readonly succeeded: boolean;
  readonly httpStatus: number;
  readonly errorCode: string;
  readonly message: string;
  readonly attempts: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly requestId: string;
}

export interface ResultSliceRow {
  readonly end: string | null;
  readonly count: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly csvBytes: number;
  readonly results: readonly TaskResultRow[];
}

export interface PartRow {
  readonly kind: string;
  readonly partition: number;
  readonly status: string;
  readonly key: string;
  readonly md5: string;
  readonly rows: number;
  readonly bytes: number;
  readonly reason: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly problem: string | null;
}

export function toTaskSliceRow(record: TaskRecord): TaskSliceRow {
  if (record.kind === 'end') {
    return { end: true, firstOrdinal: 0, count: record.count, tasks: [] };
  }
  const { firstOrdinal, tasks } = record;
  return { end: false, firstOrdinal, count: tasks.length, tasks };
}

export function fromTaskSliceRow(row: TaskSliceRow): TaskRecord {
  if (row.end) return { kind: 'end', count: row.count };
  requireCount(row.count, row.tasks.length);
  const tasks = row.tasks.map(({ bucket, key, written, versionId }) => ({
    bucket,
    key,
    written,
    versionId,
  }));
  return { kind: 'slice', firstOrdinal: row.firstOrdinal, tasks };
}

export function toResultSliceRow(record: ResultRecord): ResultSliceRow {
  if (record.kind === 'end') {
    const count = record.reason === 'exhausted' ? record.count : 0;
    return { end: record.reason, count, succeeded: 0, failed: 0, csvBytes: 0, results: [] };
  }
  const { succeeded, failed, csvBytes } = record;
  const results = record.results.map(toTaskResultRow);
  return { end: null, count: results.length, succeeded, failed, csvBytes, results };
}

export function fromResultSliceRow(row: ResultSliceRow): ResultRecord {
  if (row.end !== null) {
    const reason = endingOf(row.end);
    return reason === 'stopped'
      ? { kind: 'end', reason }
      : { kind: 'end', reason, count: row.count };
  }
  requireCount(row.count, row.results.length);
  const { succeeded, failed, csvBytes } = row;
  if (succeeded + failed !== row.count) {
    throw new Error(`its header says ${succeeded} + ${failed} of ${row.count} results`);
  }
  return { kind: 'slice', succeeded, failed, csvBytes, results: row.results.map(toTaskResult) };
}

function requireCount(said: number, found: number): void {
  if (said !== found) throw new Error(`its header says ${said} entries, it holds ${found}`);
}

function toTaskResultRow(result: TaskResult): TaskResultRow {
  return {
    ordinal: result.ordinal,
    bucket: result.bucket,
    reportedKey: result.reportedKey,
    versionId: result.versionId,
    succeeded: result.status === 'succeeded',
    httpStatus: result.httpStatus,
    errorCode: result.errorCode,
    message: result.message,
    attempts: result.attempts,
    startedMs: result.startedMs,
    endedMs: result.endedMs,
    requestId: result.requestId,
  };
}

function toTaskResult(row: TaskResultRow): TaskResult {
  return {
    ordinal: row.ordinal,
    bucket: row.bucket,
    reportedKey: row.reportedKey,
    versionId: row.versionId,
    status: row.succeeded ? 'succeeded' : 'failed',
    httpStatus: row.httpStatus,
    errorCode: row.errorCode,
    message: row.message,
    attempts: row.attempts,
    startedMs: row.startedMs,
    endedMs: row.endedMs,
    requestId: row.requestId,
  };
}

export function toPartRow(record: PartRecord): PartRow {
  const row = {
    status: '',
    key: '',
    md5: '',
    rows: 0,
    bytes: 0,
    reason: '',
    succeeded: 0,
    failed: 0,
    problem: null,
  };
  return { ...row, ...record };
}

export function fromPartRow(row: PartRow): PartRecord {
  const { partition, key, md5, rows, bytes, succeeded, failed, problem } = row;
  const kind = oneOf('part', ['part', 'end'] as const, row.kind);
  if (kind === 'end') {
    return { kind, partition, reason: endingOf(row.reason), succeeded, failed, problem };
  }
  const status = oneOf('part status', ['succeeded', 'failed'] as const, row.status);
  return { kind, partition, status, key, md5, rows, bytes };
}
