import { expect, test } from 'vitest';
import { evolve } from '../../../services/core/evolve.ts';
import type { Fact } from '../../../services/core/fact.ts';
import { jobStatuses } from '../../../services/core/job.ts';
import { transitions } from '../../../services/core/transitions.ts';
import { sampleJob, sampleLane } from '../../support/job-samples.ts';

const who = { by: 'me', reason: 'because' };
const failure = { code: 'Broken', reason: 'It broke.' };
const facts: readonly Fact[] = [
  { name: 'Created' },
  { name: 'PreparationStarted' },
  { name: 'Prepared' },
  { name: 'ConfirmationAwaited' },
  { name: 'Confirmed', ...who },
  { name: 'Activated' },
  { name: 'TasksExhausted' },
  { name: 'Outranked' },
  { name: 'Drained' },
  { name: 'CancelRequested', ...who },
  { name: 'FailureDetected', failure },
  { name: 'ReportWritten' },
  { name: 'Settled' },
  { name: 'SpaceOpened', partitions: 2 },
  { name: 'SpaceDropped' },
  { name: 'PriorityChanged', priority: 7, by: 'me' },
  { name: 'TagsReplaced', tags: [{ Key: 'k', Value: 'v' }], by: 'me' },
  { name: 'Held', by: 'me' },
  { name: 'Resumed', by: 'me' },
];

test('every fact in every status gives a job: one version more, the status of the table', () => {
  for (const status of jobStatuses) {
    for (const fact of facts) {
      const job = sampleJob({ status, version: 4 });
      const after = evolve(job, fact, 2_000);
      expect(after.version).toBe(5);
      expect(after.status, `${status} ${fact.name}`).toBe(transitions[status][fact.name] ?? status);
    }
  }
});

test('activation opens a turn, counts, and clears why lanes wait', () => {
  const lanes = [sampleLane({ waiting: 'S3 is away', read: 3 })];
  const job = evolve(
    sampleJob({ status: 'Paused', turn: 2, activations: 1, lanes }),
    {
      name: 'Activated',
    },
    5_000,
  );
  expect(job).toMatchObject({ status: 'Active', turn: 3, activations: 2, statusMs: 5_000 });
  expect(job.lanes).toEqual([sampleLane({ read: 3 })]);
});

test('the time in Active is counted when it is left, and never backwards', () => {
  const active = sampleJob({ status: 'Active', statusMs: 1_000, activeMs: 50 });
  expect(evolve(active, { name: 'Outranked' }, 1_700)).toMatchObject({
    activeMs: 750,
    statusMs: 1_700,
    endingMs: null,
  });
  expect(evolve(active, { name: 'TasksExhausted' }, 400)).toMatchObject({
    activeMs: 50,
    statusMs: 1_000,
    endingMs: 1_000,
  });
});

test('the report is dated by the moment the job stopped running', () => {
  const paused = sampleJob({ status: 'Paused', statusMs: 1_000 });
  const cancelling = evolve(paused, { name: 'CancelRequested', by: 'me', reason: null }, 3_000);
  expect(cancelling.endingMs).toBe(3_000);
  const cancelled = evolve(cancelling, { name: 'Settled' }, 4_000);
  expect(cancelled).toMatchObject({ endingMs: 3_000, terminatedMs: 4_000, status: 'Cancelled' });
});

test('what is prepared has its total, and a suspended job the moment of its suspension', () => {
  const preparing = sampleJob({
    status: 'Preparing',
    preparation: { kind: 'prepared', total: 12 },
  });
  expect(evolve(preparing, { name: 'Prepared' }, 5_000)).toMatchObject({ total: 12 });
  const suspended = evolve(preparing, { name: 'ConfirmationAwaited' }, 5_000);
  expect(suspended).toMatchObject({ total: 12, suspendedMs: 5_000, status: 'Suspended' });
  expect(evolve(sampleJob(), { name: 'Prepared' }, 5_000).total).toBeNull();
});

test('the reason of a status change is kept, and of failures as much as the wire carries', () => {
  const job = sampleJob({ status: 'Active' });
  const cancelled = evolve(job, { name: 'CancelRequested', by: 'me', reason: 'wrong list' }, 2_000);
  expect(cancelled.statusReason).toBe('wrong list');
  const failure = { code: 'C'.repeat(65), reason: '😀'.repeat(300) };
  const failing = evolve(job, { name: 'FailureDetected', failure }, 2_000);
  expect(failing.failures).toEqual([{ code: 'C'.repeat(64), reason: '😀'.repeat(256) }]);
});

test('space, priority and hold follow their facts', () => {
  const job = sampleJob();
  expect(evolve(job, { name: 'SpaceOpened', partitions: 2 }, 0)).toMatchObject({
    space: 'open',
    partitions: 2,
    lanes: [sampleLane(), sampleLane()],
  });
  expect(evolve(job, { name: 'SpaceDropped' }, 0).space).toBe('dropped');
  expect(evolve(job, { name: 'PriorityChanged', priority: 7, by: 'me' }, 0).priority).toBe(7);
  const tags = [{ Key: 'k', Value: '' }];
  expect(evolve(job, { name: 'TagsReplaced', tags, by: 'me' }, 0).tags).toEqual(tags);
  const held = evolve(job, { name: 'Held', by: 'me' }, 0);
  expect(held.held).toBe(true);
  expect(evolve(held, { name: 'Resumed', by: 'me' }, 0).held).toBe(false);
});
