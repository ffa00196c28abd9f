import { expect, test } from 'vitest';
import type { Job, JobStatus } from '../../../services/core/job.ts';
import { schedule } from '../../../services/core/schedule.ts';
import { sampleJob, sampleRequest } from '../../support/job-samples.ts';

const limits = { activeJobsMax: 2, preparedJobsMax: 100 };

function job(id: string, status: JobStatus, priority: number, changes: Partial<Job> = {}): Job {
  return sampleJob({ id, status, priority, ...changes });
}

function facts(jobs: readonly Job[], within = limits): readonly string[] {
  return schedule(jobs, within).map(({ jobId, fact }) => `${jobId} ${fact.name}`);
}

test('higher priority first, then the older job, then the smaller id', () => {
  const ready = [
    job('d', 'Ready', 1, { createdMs: 1 }),
    job('c', 'Ready', 5, { createdMs: 9 }),
    job('b', 'Ready', 5, { createdMs: 3 }),
    job('a', 'Ready', 5, { createdMs: 3 }),
  ];
  expect(facts(ready)).toEqual(['a Activated', 'b Activated']);
  expect(facts(ready.toReversed())).toEqual(['a Activated', 'b Activated']);
});

test('each account has its own slots', () => {
  const other = sampleRequest({ accountId: '210987654321' });
  const jobs = [
    job('a', 'Active', 1),
    job('b', 'Active', 1),
    job('c', 'Ready', 1),
    job('d', 'Ready', 0, { request: other }),
  ];
  expect(facts(jobs)).toEqual(['d Activated']);
});

test('a job of strictly higher priority outranks the lowest, youngest active one', () => {
  const jobs = [
    job('old', 'Active', 3, { createdMs: 1 }),
    job('young', 'Active', 3, { createdMs: 2 }),
    job('high', 'Ready', 4),
  ];
  expect(facts(jobs)).toEqual(['young Outranked']);
  expect(facts([...jobs.slice(0, 2), job('equal', 'Ready', 3)])).toEqual([]);
});

test('a pausing job keeps its slot, and nobody else makes room for the same job', () => {
  const jobs = [job('low', 'Pausing', 1), job('mid', 'Active', 2), job('high', 'Ready', 9)];
  expect(facts(jobs)).toEqual([]);
  expect(facts([...jobs, job('higher', 'Paused', 8)])).toEqual(['mid Outranked']);
});

test('several may be outranked at once, only as long as each outranks the next', () => {
  const jobs = [
    job('a', 'Active', 1),
    job('b', 'Active', 7),
    job('c', 'Ready', 9),
    job('d', 'Ready', 8),
    job('e', 'Ready', 8),
  ];
  expect(facts(jobs)).toEqual(['a Outranked', 'b Outranked']);
  const fewer = jobs.filter(({ id }) => id !== 'd' && id !== 'e');
  expect(facts([...fewer, job('f', 'Ready', 7)])).toEqual(['a Outranked']);
});

test('a held job is not activated, and an active one that is held makes room', () => {
  expect(facts([job('a', 'Ready', 9, { held: true }), job('b', 'Paused', 1)])).toEqual([
    'b Activated',
  ]);
  const jobs = [job('a', 'Active', 9, { held: true }), job('b', 'Active', 1), job('c', 'Ready', 5)];
  expect(facts(jobs)).toEqual(['a Outranked']);
});

test('preparation starts while fewer jobs than the limit hold tasks', () => {
  const within = { activeJobsMax: 2, preparedJobsMax: 3 };
  const holding = [job('a', 'Preparing', 1), job('b', 'Ready', 1, { held: true })];
  const fresh = [job('c', 'New', 1), job('d', 'New', 2)];
  expect(facts([...holding, ...fresh], within)).toEqual(['d PreparationStarted']);
  expect(facts([...holding, job('x', 'Paused', 0), ...fresh], within)).toEqual(['x Activated']);
  const full = [...holding, job('x', 'Active', 0), job('y', 'Active', 0)];
  expect(facts([...full, ...fresh], within)).toEqual([]);
  expect(facts([job('z', 'Completing', 1), ...fresh], within)).toHaveLength(2);
  // Jobs that nobody confirms keep nobody out.
  const waiting = [job('u', 'Suspended', 1), job('v', 'Suspended', 1), job('w', 'Suspended', 1)];
  expect(facts([...waiting, ...fresh], within)).toHaveLength(2);
});

test('no slot at all pauses every job: so a disk that is nearly full stops the work', () => {
  const jobs = [
    job('a', 'Active', 5),
    job('b', 'Active', 1, { held: true }),
    job('c', 'Pausing', 5),
    job('d', 'Ready', 9),
    job('e', 'New', 9),
  ];
  const within = { activeJobsMax: 0, preparedJobsMax: 0 };
  expect(facts(jobs, within)).toEqual(['b Outranked', 'a Outranked']);
});

test('fewer slots than before activate nobody and pause nobody', () => {
  const active = ['a', 'b', 'c'].map((id) => job(id, 'Active', 5));
  expect(facts([...active, job('d', 'Ready', 5)])).toEqual([]);
});
