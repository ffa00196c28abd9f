import { expect, test } from 'vitest';
import type { Job } from '../../../services/core/job.ts';
import {
  isForgettable,
  isSpaceSpent,
  retentionDefaults,
  unconfirmed,
} from '../../../services/core/retention.ts';
import { sampleJob } from '../../support/job-samples.ts';

const dayMs = 86_400_000;
const sinceMs = 1_000;
const after = (days: number): number => sinceMs + days * dayMs;

function job(changes: Partial<Job>): Job {
  return sampleJob({ statusMs: sinceMs, ...changes });
}

test('a job that nobody confirms fails after 30 days, and not a moment before', () => {
  const suspended = job({ status: 'Suspended' });
  expect(unconfirmed(suspended, after(30) - 1, retentionDefaults)).toBeNull();
  expect(unconfirmed(suspended, after(30), retentionDefaults)).toMatchObject({
    name: 'FailureDetected',
    failure: { code: 'ConfirmationTimedOut' },
  });
  expect(unconfirmed(job({ status: 'Ready' }), after(99), retentionDefaults)).toBeNull();
});

test('results stay seven days after the end; a job that never ran leaves none', () => {
  const ran = job({ status: 'Complete', space: 'open', activations: 1 });
  expect(isSpaceSpent(ran, after(7) - 1, retentionDefaults)).toBe(false);
  expect(isSpaceSpent(ran, after(7), retentionDefaults)).toBe(true);
  const idle = job({ status: 'Cancelled', space: 'open', activations: 0 });
  expect(isSpaceSpent(idle, 0, retentionDefaults)).toBe(true);
  expect(isSpaceSpent({ ...idle, space: 'dropped' }, after(9), retentionDefaults)).toBe(false);
  expect(isSpaceSpent({ ...ran, status: 'Paused' }, after(9), retentionDefaults)).toBe(false);
});

test('a job is forgotten 90 days after its end, and never while its space stands', () => {
  const ended = job({ status: 'Failed', space: 'dropped' });
  expect(isForgettable(ended, after(90) - 1, retentionDefaults)).toBe(false);
  expect(isForgettable(ended, after(90), retentionDefaults)).toBe(true);
  expect(isForgettable({ ...ended, space: 'open' }, after(99), retentionDefaults)).toBe(false);
  expect(isForgettable({ ...ended, status: 'Active' }, after(99), retentionDefaults)).toBe(false);
});
