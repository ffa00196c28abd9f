// The shape of a completion report as pure functions of the log: where a range of results ends,
// what its parts are called, what manifest.json says. A replay makes the same bytes, so that an
// upload that is done twice changes nothing.
// Source: S3 User Guide, "Tracking job status and completion reports"; reports that AWS wrote.
import type { FrozenShape } from './job.ts';
import type { PartRecord, TaskResult } from './task.ts';

export const partRowsMaxDefault = 100_000;
export const partBytesMaxDefault = 32 * 1024 * 1024;

/** One range of a partition's results: the rows of both statuses, cut at the same place. */
export interface RangeTally {
  /** True if the range ends with this row. Every ordinal once, in the order of the log. */
  add(status: TaskResult['status'], lineBytes: number): boolean;
  readonly succeeded: number;
  readonly failed: number;
  readonly bytes: number;
}

/** The cut is judged on all rows, whatever the report's scope: both files end at the same row. */
export function openRange(frozen: FrozenShape): RangeTally {
  let succeeded = 0;
  let failed = 0;
  let bytes = 0;
  return {
    add(status, lineBytes) {
      if (status === 'succeeded') succeeded += 1;
      else failed += 1;
      bytes += lineBytes;
      return succeeded + failed >= frozen.partRowsMax || bytes >= frozen.partBytesMax;
    },
    get succeeded() {
      return succeeded;
    },
    get failed() {
      return failed;
    },
    get bytes() {
      return bytes;
    },
  };
}

export interface PartPlace {
  readonly jobId: string;
  readonly partition: number;
  /** Offset of the record that the range starts in. */
  readonly firstOffset: bigint;
  /** Ordinal of its first row: two ranges may start inside one record. */
  readonly firstOrdinal: number;
  readonly status: TaskResult['status'];
}

const partNameDigits = 40;

/** 40 hex digits, as AWS names its parts. hashHex: lower-case hex of at least 160 bits. */
export function partName(hashHex: (text: string) => string, place: PartPlace): string {
  const { jobId, partition, firstOffset, firstOrdinal, status } = place;
  const name = hashHex(`${jobId}/${partition}/${firstOffset}/${firstOrdinal}/${status}`);
  if (name.length < partNameDigits) throw new Error('The hash of a part name is too short.');
  return name.slice(0, partNameDigits);
}

/** {prefix}/job-{id}; a prefix that ends in a slash gets no second one (our choice). */
export function reportFolder(prefix: string | null, jobId: string): string {
  const folder = prefix?.replace(/\/$/, '') ?? '';
  return folder === '' ? `job-${jobId}` : `${folder}/job-${jobId}`;
}

export function partKey(prefix: string | null, jobId: string, name: string): string {
  return `${reportFolder(prefix, jobId)}/results/${name}.csv`;
}

export function reportManifestKey(prefix: string | null, jobId: string): string {
  return `${reportFolder(prefix, jobId)}/manifest.json`;
}

export type ReportPart = Extract<PartRecord, { readonly kind: 'part' }>;

/**
 * The text of manifest.json. parts: in the order of the log within each partition; the report lists
 * what succeeded first, then by partition. dateMs: the job's endingMs.
 */
export function reportManifest(
  bucket: string,
  dateMs: number,
  parts: readonly ReportPart[],
): string {
  const sorted = [...parts].sort(
    (a, b) => statusOrder[a.status] - statusOrder[b.status] || a.partition - b.partition,
  );
  return JSON.stringify({
    Format: 'Report_CSV_20180820',
    ReportCreationDate: nanosecondDate(dateMs),
    Results: sorted.map((part) => ({
      TaskExecutionStatus: part.status,
      Bucket: bucket,
      MD5Checksum: part.md5,
      Key: part.key,
    })),
    ReportSchema: 'Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage',
  });
}

const statusOrder = { succeeded: 0, failed: 1 } as const;

/** Nine digits after the point, as AWS has written them since 2025. */
function nanosecondDate(dateMs: number): string {
  return new Date(dateMs).toISOString().replace(/Z$/, '000000Z');
}
