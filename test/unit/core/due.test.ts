import { expect, test } from 'vitest';
import { due } from '../../../services/core/due.ts';
import { type Job, jobStatuses, type LaneLevel } from '../../../services/core/job.ts';
import { sampleJob, sampleLane, sampleRequest } from '../../support/job-samples.ts';

function lane(
  succeeded: number,
  failed: number,
  ended: LaneLevel['ended'] = 'exhausted',
): LaneLevel {
  return sampleLane({ read: succeeded + failed, succeeded, failed, ended });
}

function running(changes: Partial<Job>): Job {
  const lanes = [lane(3, 1), lane(2, 0)];
  return sampleJob({ status: 'Active', turn: 1, activations: 1, total: 6, lanes, ...changes });
}

const written = {
  result: 'written',
  manifestKey: 'k',
  succeeded: 5,
  failed: 1,
  reason: '',
} as const;

test('nothing is due where the schedule, a client or time decides', () => {
  for (const status of jobStatuses) {
    const decidedElsewhere = ['New', 'Suspended', 'Ready', 'Complete', 'Cancelled', 'Failed'];
    if (decidedElsewhere.includes(status)) expect(due(running({ status })), status).toBeNull();
  }
});

test('a prepared job is ready, or waits to be confirmed', () => {
  const preparation = { kind: 'prepared', total: 6 } as const;
  const job = sampleJob({ status: 'Preparing', space: 'open', preparation });
  expect(due(job)).toEqual({ name: 'Prepared' });
  const request = sampleRequest({ confirmationRequired: true });
  expect(due({ ...job, request })).toEqual({ name: 'ConfirmationAwaited' });
});

test('a job is not prepared before its space is open, nor before anyone said so', () => {
  const preparation = { kind: 'prepared', total: 6 } as const;
  expect(due(sampleJob({ status: 'Preparing', preparation }))).toBeNull();
  expect(due(sampleJob({ status: 'Preparing', space: 'open' }))).toBeNull();
});

test('what could not be prepared fails with the reason that ingest gave', () => {
  const failure = { code: 'InvalidManifestContent', reason: 'Row 3 of list.csv has 1 column.' };
  const job = sampleJob({ status: 'Preparing', preparation: { kind: 'failed', failure } });
  expect(due(job)).toEqual({ name: 'FailureDetected', failure });
});

test('tasks are exhausted when every lane has ended and the sums equal the total', () => {
  expect(due(running({}))).toEqual({ name: 'TasksExhausted' });
  expect(due(running({ lanes: [lane(3, 1), lane(2, 0, null)] }))).toBeNull();
});

test('an empty manifest runs straight through', () => {
  expect(due(running({ total: 0, lanes: [lane(0, 0)] }))).toEqual({ name: 'TasksExhausted' });
});

test('sums that do not add up fail the job with the figures', () => {
  const reason =
    'The manifest holds 7 tasks, but 6 results were counted (5 succeeded, 1 failed, 6 read).';
  expect(due(running({ total: 7 }))).toMatchObject({
    failure: { code: 'ReconciliationFailed', reason },
  });
  const contradictory = [{ ...lane(3, 1), read: 9 }, lane(2, 0)];
  expect(due(running({ lanes: contradictory }))).toMatchObject({
    failure: { code: 'ReconciliationFailed' },
  });
  expect(due(running({ lanes: [lane(3, 1), lane(2, 0, 'stopped')] }))).toMatchObject({
    failure: { code: 'ReconciliationFailed' },
  });
});

test('the failure threshold is judged before exhaustion, and while a job pauses', () => {
  const lanes = [lane(400, 601)];
  for (const status of ['Active', 'Pausing', 'Paused'] as const) {
    expect(due(running({ status, lanes, total: 1_001 })), status).toMatchObject({
      failure: {
        code: 'TaskFailureThresholdExceeded',
        reason:
          '601 of the 1001 tasks run so far failed: more than 50% of at least 1000. ' +
          'See the completion report for each task’s error.',
      },
    });
  }
  expect(due(running({ status: 'Paused' }))).toBeNull();
});

test('a pause is over when every lane has drained in this turn or ended', () => {
  const drained = sampleLane({ drainedTurn: 1 });
  const pausing = (lanes: LaneLevel[]): Job => running({ status: 'Pausing', lanes });
  expect(due(pausing([drained, lane(1, 0)]))).toEqual({ name: 'Drained' });
  expect(due(pausing([drained, sampleLane({ drainedTurn: 0 })]))).toBeNull();
});

test('a written report completes the job if it holds what was counted', () => {
  const completing = running({ status: 'Completing' });
  expect(due(completing)).toBeNull();
  expect(due({ ...completing, reported: written })).toEqual({ name: 'ReportWritten' });
  expect(due({ ...completing, reported: { ...written, result: 'none' } })).toEqual({
    name: 'ReportWritten',
  });
  expect(due({ ...completing, reported: { ...written, succeeded: 4 } })).toMatchObject({
    failure: { code: 'ReconciliationFailed' },
  });
  expect(due({ ...completing, reported: { ...written, failed: 2 } })).toMatchObject({
    failure: { code: 'ReconciliationFailed' },
  });
});

test('a report that cannot be written fails the job in AWS’s own words', () => {
  const sentence =
    'The job report could not be written to your report bucket. Please check your permissions.';
  const failing = (reason: string): unknown =>
    due(running({ status: 'Completing', reported: { ...written, result: 'failed', reason } }));
  expect(failing('')).toMatchObject({ failure: { code: 'ReportWriteFailed', reason: sentence } });
  expect(failing('403 AccessDenied on reports/x.csv.')).toMatchObject({
    failure: { reason: `${sentence} 403 AccessDenied on reports/x.csv.` },
  });
});

test('a job that never ran settles at once, one that ran when lanes and report have ended', () => {
  for (const status of ['Cancelling', 'Failing'] as const) {
    expect(due(sampleJob({ status }))).toEqual({ name: 'Settled' });
    const lanes = [lane(1, 0, 'stopped'), lane(1, 0, null)];
    expect(due(running({ status, lanes, reported: written }))).toBeNull();
    expect(due(running({ status }))).toBeNull();
    expect(due(running({ status, reported: written }))).toEqual({ name: 'Settled' });
  }
});
