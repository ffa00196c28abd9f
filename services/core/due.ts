// due: the fact that follows from what the job holds, or null. Asked again after each fact until it
// says null, so a level that came too early counts as soon as its time has come.
import type { Fact } from './fact.ts';
import type { Failure, Job } from './job.ts';
import { notBuilt } from './not-built.ts';
import { isThresholdCrossed, type Totals, thresholdTasksMin, totalsOf } from './progress.ts';

export function due(job: Job): Fact | null {
  switch (job.status) {
    case 'Preparing':
      return duePreparing(job);
    case 'Active':
      return dueThreshold(job) ?? dueExhausted(job);
    case 'Pausing':
      return dueThreshold(job) ?? (isDrained(job) ? { name: 'Drained' } : null);
    case 'Paused':
      return dueThreshold(job);
    case 'Completing':
      return dueReported(job);
    case 'Cancelling':
    case 'Failing':
      return isSettled(job) ? { name: 'Settled' } : null;
    case 'New':
    case 'Suspended':
    case 'Ready':
    case 'Complete':
    case 'Cancelled':
    case 'Failed':
      return null;
  }
}

function failed(code: string, reason: string): Fact {
  const failure: Failure = { code, reason };
  return { name: 'FailureDetected', failure };
}

function duePreparing(job: Job): Fact | null {
  const failure = notBuilt(job.request);
  if (failure !== null) return { name: 'FailureDetected', failure };
  if (job.preparation === null) return null;
  if (job.preparation.kind === 'failed') {
    return { name: 'FailureDetected', failure: job.preparation.failure };
  }
  if (job.space !== 'open') return null;
  return { name: job.request.confirmationRequired ? 'ConfirmationAwaited' : 'Prepared' };
}

function dueThreshold(job: Job): Fact | null {
  const totals = totalsOf(job.lanes);
  if (!isThresholdCrossed(totals)) return null;
  const run = totals.succeeded + totals.failed;
  return failed(
    'TaskFailureThresholdExceeded',
    `${totals.failed} of the ${run} tasks run so far failed: more than 50% of at least ` +
      `${thresholdTasksMin}. See the completion report for each task’s error.`,
  );
}

/**
 * At the end every task of the manifest has exactly one result, or the job says that it has not.
 */
function dueExhausted(job: Job): Fact | null {
  if (!job.lanes.every((lane) => lane.ended !== null)) return null;
  if (job.lanes.some((lane) => lane.ended === 'stopped')) {
    return failed('ReconciliationFailed', 'A lane was stopped while the job was active.');
  }
  const totals = totalsOf(job.lanes);
  const run = totals.succeeded + totals.failed;
  if (run === job.total && run === totals.read) return { name: 'TasksExhausted' };
  return failed(
    'ReconciliationFailed',
    `The manifest holds ${job.total} tasks, but ${run} results were counted ` +
      `(${totals.succeeded} succeeded, ${totals.failed} failed, ${totals.read} read).`,
  );
}

function isDrained(job: Job): boolean {
  return job.lanes.every((lane) => lane.ended !== null || lane.drainedTurn === job.turn);
}

function dueReported(job: Job): Fact | null {
  if (job.reported === null) return null;
  if (job.reported.result === 'failed') {
    return failed('ReportWriteFailed', reportReason(job.reported.reason));
  }
  const totals = totalsOf(job.lanes);
  if (isReportOf(job.reported, totals)) return { name: 'ReportWritten' };
  return failed(
    'ReconciliationFailed',
    `The report holds ${job.reported.succeeded} succeeded and ${job.reported.failed} failed ` +
      `tasks, but ${totals.succeeded} and ${totals.failed} were counted.`,
  );
}

function isReportOf(
  reported: { readonly succeeded: number; readonly failed: number },
  totals: Totals,
): boolean {
  return reported.succeeded === totals.succeeded && reported.failed === totals.failed;
}

/** AWS's own sentence first, so that those who look for it find it. */
function reportReason(detail: string): string {
  const sentence =
    'The job report could not be written to your report bucket. Please check your permissions.';
  return detail === '' ? sentence : `${sentence} ${detail}`;
}

/** A job that never ran has no lane to wait for and no report to write. */
function isSettled(job: Job): boolean {
  if (job.activations === 0) return true;
  return job.reported !== null && job.lanes.every((lane) => lane.ended !== null);
}
