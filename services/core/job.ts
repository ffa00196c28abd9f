// The job: its request (never changes), its levels (what services last said), and what follows from
// them. A Job is a value; evolve.ts makes the next one, decide.ts says which facts are due.
import type { ManifestGenerator } from './manifest-generator.ts';
import type { Operation } from './operation.ts';
import type { Tag } from './s3-call.ts';

export const jobStatuses = [
  'New',
  'Preparing',
  'Suspended',
  'Ready',
  'Active',
  'Pausing',
  'Paused',
  'Completing',
  'Complete',
  'Cancelling',
  'Cancelled',
  'Failing',
  'Failed',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export type ManifestField = 'Bucket' | 'Key' | 'VersionId' | 'Ignore';

export interface ManifestLocation {
  readonly objectArn: string;
  readonly objectVersionId: string | null;
  /** As the client sent it, quotes included. */
  readonly etag: string;
}

/** A manifest that lies somewhere. */
export type GivenManifest =
  | {
      readonly format: 'S3BatchOperations_CSV_20180820';
      readonly fields: readonly ManifestField[];
      readonly location: ManifestLocation;
    }
  | { readonly format: 'S3InventoryReport_CSV_20161130'; readonly location: ManifestLocation };

export type Manifest =
  | GivenManifest
  /** Made from a bucket and a filter. */
  | { readonly format: 'generated'; readonly generator: ManifestGenerator };

export type ReportSettings =
  | { readonly enabled: false }
  | {
      readonly enabled: true;
      /** As sent: arn:aws:s3:::bucket. */
      readonly bucketArn: string;
      readonly prefix: string | null;
      readonly scope: 'AllTasks' | 'FailedTasksOnly';
      readonly expectedBucketOwner: string | null;
    };

export type JobOrigin =
  | { readonly kind: 'api'; readonly accessKeyId: string }
  /** delivery: the s3:// URL of the manifest.json that started it. */
  | { readonly kind: 'rule'; readonly rule: string; readonly delivery: string };

export interface JobRequest {
  readonly accountId: string;
  readonly roleArn: string;
  readonly priority: number;
  readonly description: string | null;
  readonly confirmationRequired: boolean;
  readonly clientRequestToken: string;
  readonly operation: Operation;
  readonly manifest: Manifest;
  readonly report: ReportSettings;
  /** Given to CreateJob; those the job has now are the job's own. */
  readonly tags: readonly Tag[];
  /** Where notifications go; null: nowhere. */
  readonly topicArn: string | null;
  readonly origin: JobOrigin;
  /** If set, tasks outside these buckets are refused in Preparing (drop rules). */
  readonly bucketsAllowed: readonly string[] | null;
}

/**
 * What shapes the report's bytes, fixed at CreateJob so that a later build writes the same ones.
 */
export interface FrozenShape {
  readonly partRowsMax: number;
  readonly partBytesMax: number;
  readonly lineVersion: 1;
}

export interface Failure {
  /** At most 64 characters. */
  readonly code: string;
  /** At most 256 characters. */
  readonly reason: string;
}

/** What the reporter last said of one partition. Absolute; merged by the highest `read`. */
export interface LaneLevel {
  /** Results read so far, each ordinal once; = succeeded + failed. */
  readonly read: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Failed tasks by error code, at most failureCodesMax entries, the rest under 'other'. */
  readonly codes: Readonly<Record<string, number>>;
  readonly ended: 'exhausted' | 'stopped' | null;
  /** The turn in which a worker last drained this lane; -1 if never. */
  readonly drainedTurn: number;
  /** Why nothing moves here (an open breaker); null if it does. */
  readonly waiting: string | null;
}

export const failureCodesMax = 20;

export interface Reported {
  readonly result: 'written' | 'none' | 'failed';
  /** Key of manifest.json; '' if not written. */
  readonly manifestKey: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly reason: string;
}

export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  /** Hash of what the client asked, to tell a repeated token from a reused one. */
  readonly requestHash: string;
  readonly frozen: FrozenShape;
  /** +1 per fact; names the history record. */
  readonly version: number;
  /** +1 at Activated, Outranked, CancelRequested, FailureDetected. */
  readonly turn: number;
  readonly status: JobStatus;
  /** When the job entered this status (max of the wall clock and the log's newest time). */
  readonly statusMs: number;
  readonly priority: number;
  /** The job's own tags; they change without its status, also after its end. */
  readonly tags: readonly Tag[];
  /** A user's pause: no schedule activates a held job. */
  readonly held: boolean;
  readonly createdMs: number;
  readonly suspendedMs: number | null;
  readonly terminatedMs: number | null;
  /** Times the job became Active. */
  readonly activations: number;
  /** Time spent in Active, up to statusMs. */
  readonly activeMs: number;
  readonly statusReason: string | null;
  readonly failures: readonly Failure[];
  readonly space: 'none' | 'open' | 'dropped';
  /** 0 until the manifest has been measured. */
  readonly partitions: number;
  /** null until Prepared. */
  readonly total: number | null;
  /** Set by ingest before the transition it causes. */
  readonly preparation:
    | { readonly kind: 'prepared'; readonly total: number }
    | { readonly kind: 'failed'; readonly failure: Failure }
    | null;
  /** One per partition. */
  readonly lanes: readonly LaneLevel[];
  readonly reported: Reported | null;
  /** When the job left Active, Pausing or Paused for the last time: the report's date. */
  readonly endingMs: number | null;
}
