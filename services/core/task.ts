// A task: one operation on one object (version), as it travels in a slice from ingest to a worker.
// Identity: (job, partition, ordinal). Slices exist for cost only and are invisible to users.

export interface Task {
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
  /** The key as the manifest spelled it, where that differs from encodeKey(key); else null. */
  readonly written: string | null;
  /** null: the manifest has no version column. '': it has one, and this row left it empty. */
  readonly versionId: string | null;
}

export const sliceTasksMax = 256;
/** Before compression. */
export const sliceBytesMax = 64 * 1024;

/** A record of the tasks topic. Ordinals run 0, 1, 2 … per partition: firstOrdinal + index. */
export type TaskRecord =
  | { readonly kind: 'slice'; readonly firstOrdinal: number; readonly tasks: readonly Task[] }
  | { readonly kind: 'end'; readonly count: number };

/** What became of one task; carries what the report line needs. */
export interface TaskResult {
  readonly ordinal: number;
  readonly bucket: string;
  /** The key as the report echoes it. */
  readonly reportedKey: string;
  /** '' where there is none. */
  readonly versionId: string;
  readonly status: 'succeeded' | 'failed';
  readonly httpStatus: number;
  /** '' on success. */
  readonly errorCode: string;
  readonly message: string;
  readonly attempts: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly requestId: string;
}

/** UTF-8 bytes kept of a ResultMessage. */
export const resultMessageBytesMax = 2048;
export const resultSliceRowsMax = 1000;
export const resultSliceBytesMax = 64 * 1024;

/** A record of the results topic. In a slice, results stand in the order of their ordinals. */
export type ResultRecord =
  | {
      readonly kind: 'slice';
      readonly succeeded: number;
      readonly failed: number;
      /** Bytes of the report lines of these results, CRLF included. */
      readonly csvBytes: number;
      readonly results: readonly TaskResult[];
    }
  | { readonly kind: 'end'; readonly reason: 'exhausted'; readonly count: number }
  | { readonly kind: 'end'; readonly reason: 'stopped' };

/** A record of the parts topic, written in the commit that moves the reporter's position. */
export type PartRecord =
  | {
      readonly kind: 'part';
      readonly partition: number;
      readonly status: 'succeeded' | 'failed';
      /** The object's key in the report bucket; '' if the job has no report. */
      readonly key: string;
      /** Lower-case hex. */
      readonly md5: string;
      readonly rows: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'end';
      readonly partition: number;
      readonly reason: 'exhausted' | 'stopped';
      /** Totals over the partition, each ordinal counted once. */
      readonly succeeded: number;
      readonly failed: number;
      /** Why the partition's report could not be written; null if it could. */
      readonly problem: string | null;
    };
