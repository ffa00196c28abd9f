// Facts: what has happened to a job, in past tense. Only decide and schedule make them, and each
// that changes the status stands in transitions.ts. One record of the history topic per fact.
import type { Failure, JobStatus } from './job.ts';
import type { Tag } from './s3-call.ts';

export type TransitionName =
  | 'PreparationStarted'
  | 'Prepared'
  | 'ConfirmationAwaited'
  | 'Confirmed'
  | 'Activated'
  | 'TasksExhausted'
  | 'Outranked'
  | 'Drained'
  | 'CancelRequested'
  | 'FailureDetected'
  | 'ReportWritten'
  | 'Settled';

export type Fact =
  | { readonly name: 'Created' }
  | { readonly name: Exclude<TransitionName, 'CancelRequested' | 'FailureDetected' | 'Confirmed'> }
  | { readonly name: 'Confirmed'; readonly by: string; readonly reason: string | null }
  | { readonly name: 'CancelRequested'; readonly by: string; readonly reason: string | null }
  | { readonly name: 'FailureDetected'; readonly failure: Failure }
  | { readonly name: 'SpaceOpened'; readonly partitions: number }
  | { readonly name: 'SpaceDropped' }
  | { readonly name: 'PriorityChanged'; readonly priority: number; readonly by: string }
  | { readonly name: 'TagsReplaced'; readonly tags: readonly Tag[]; readonly by: string }
  | { readonly name: 'Held'; readonly by: string }
  | { readonly name: 'Resumed'; readonly by: string };

/** A record of the history topic. */
export interface HistoryRecord {
  /** 32 hex digits: hash of (job id, version); the same on every replay. */
  readonly jobEventId: string;
  readonly jobId: string;
  readonly accountId: string;
  /** The job's version after the fact. */
  readonly version: number;
  readonly atMs: number;
  readonly fact: Fact['name'];
  readonly by: string;
  readonly from: JobStatus | null;
  readonly to: JobStatus;
  readonly operation: string;
  readonly failures: readonly Failure[];
  readonly reason: string | null;
  readonly topicArn: string | null;
}
