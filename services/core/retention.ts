// Retention: what time alone does to a job. Days long, so these timers go by the wall clock (or the
// newest time in the log, if that is later), and hold while the wall clock looks wrong.
import type { Fact } from './fact.ts';
import type { Job } from './job.ts';
import { isTerminal } from './transitions.ts';

const dayMs = 24 * 3_600_000;

export interface RetentionLimits {
  /** A Suspended job that nobody confirms fails after that (User Guide: 30 days). */
  readonly suspendedMsMax: number;
  /** Results and parts of a job that ran stay that long after its end. */
  readonly resultsKeptMs: number;
  /** A job is forgotten that long after its end (User Guide: 90 days). */
  readonly jobsKeptMs: number;
}

export const retentionDefaults: RetentionLimits = {
  suspendedMsMax: 30 * dayMs,
  resultsKeptMs: 7 * dayMs,
  jobsKeptMs: 90 * dayMs,
};

/** The failure of a job that has waited too long to be confirmed; null while it has not. */
export function unconfirmed(job: Job, nowMs: number, limits: RetentionLimits): Fact | null {
  if (job.status !== 'Suspended' || nowMs - job.statusMs < limits.suspendedMsMax) return null;
  const days = Math.round(limits.suspendedMsMax / dayMs);
  return {
    name: 'FailureDetected',
    failure: {
      code: 'ConfirmationTimedOut',
      reason: `The job was not confirmed within ${days} days. Create it again.`,
    },
  };
}

/** Whether the job's space has served: at once if it never ran, else when its results are old. */
export function isSpaceSpent(job: Job, nowMs: number, limits: RetentionLimits): boolean {
  if (!isTerminal(job.status) || job.space !== 'open') return false;
  return job.activations === 0 || nowMs - job.statusMs >= limits.resultsKeptMs;
}

/** Only after its space is gone: an unknown space is never deleted. */
export function isForgettable(job: Job, nowMs: number, limits: RetentionLimits): boolean {
  if (!isTerminal(job.status) || job.space === 'open') return false;
  return nowMs - job.statusMs >= limits.jobsKeptMs;
}
