import { expect, test } from 'vitest';
import { type Decision, decide } from '../../../services/core/decide.ts';
import { type Job, jobStatuses } from '../../../services/core/job.ts';
import type { Message } from '../../../services/core/message.ts';
import {
  createCommand,
  decideLimits,
  holdCommand,
  priorityCommand,
  progress,
  reported,
  resumeCommand,
  sampleJob,
  sampleLane,
  statusCommand,
  tagsCommand,
} from '../../support/job-samples.ts';

function decided(job: Job | undefined, message: Message): Decision {
  return decide(job, message, 5_000, decideLimits);
}

function after(job: Job | undefined, message: Message): Job {
  const decision = decided(job, message);
  if (decision.kind !== 'facts') throw new Error(JSON.stringify(decision));
  return decision.job;
}

function factsOf(decision: Decision): readonly string[] {
  return decision.kind === 'facts' ? decision.steps.map(({ fact }) => fact.name) : [decision.kind];
}

const refusedWith = (code: string) => ({ kind: 'refused', refusal: { code } });

test('a job is created with what was asked and with the shape of its report frozen', () => {
  const command = createCommand('job-1', { priority: 42 });
  const decision = decided(undefined, command);
  expect(factsOf(decision)).toEqual(['Created']);
  expect(after(undefined, command)).toMatchObject({
    id: 'job-1',
    status: 'New',
    version: 1,
    turn: 0,
    priority: 42,
    createdMs: 5_000,
    frozen: { partRowsMax: 100_000, partBytesMax: 33_554_432, lineVersion: 1 },
  });
});

test('the same token with the same request is the same job, with another request a refusal', () => {
  const command = createCommand('job-1');
  const job = after(undefined, command);
  expect(decided(job, { ...command, jobId: 'job-2' })).toEqual({ kind: 'facts', job, steps: [] });
  const other = { ...command, jobId: 'job-2', requestHash: 'another' };
  expect(decided(job, other)).toMatchObject(refusedWith('IdempotencyException'));
});

test('a job that is unknown, or another account’s, is not found', () => {
  const foreign = { ...statusCommand('job-1', 'Cancelled'), accountId: '999999999999' };
  expect(decided(sampleJob(), foreign)).toMatchObject(refusedWith('NotFoundException'));
  for (const command of [
    statusCommand('job-1', 'Ready'),
    priorityCommand('job-1', 3),
    tagsCommand('job-1', []),
    holdCommand('job-1'),
    resumeCommand('job-1'),
  ]) {
    expect(decided(undefined, command)).toMatchObject(refusedWith('NotFoundException'));
  }
});

test('a level of a job that is not known is ignored', () => {
  expect(decided(undefined, progress('job-9', 0, 0, { succeeded: 1 }))).toEqual({
    kind: 'ignored',
  });
});

test('only a Suspended job can be confirmed', () => {
  for (const status of jobStatuses) {
    const decision = decided(sampleJob({ status }), statusCommand('job-1', 'Ready', 'checked'));
    if (status === 'Suspended') {
      expect(decision).toMatchObject({ job: { status: 'Ready', statusReason: 'checked' } });
    } else {
      expect(decision, status).toMatchObject(refusedWith('JobStatusException'));
    }
  }
});

test('a job can be cancelled until it completes, and is cancelled at once if it never ran', () => {
  const cancellable = ['New', 'Preparing', 'Suspended', 'Ready', 'Active', 'Pausing', 'Paused'];
  for (const status of jobStatuses) {
    const decision = decided(sampleJob({ status }), statusCommand('job-1', 'Cancelled'));
    if (cancellable.includes(status)) {
      expect(factsOf(decision), status).toEqual(['CancelRequested', 'Settled']);
    } else {
      expect(decision, status).toMatchObject(refusedWith('JobStatusException'));
    }
  }
  const ran = sampleJob({ status: 'Active', activations: 1, lanes: [sampleLane()] });
  expect(after(ran, statusCommand('job-1', 'Cancelled')).status).toBe('Cancelling');
});

test('the priority changes until the job has ended', () => {
  for (const status of jobStatuses) {
    const decision = decided(sampleJob({ status }), priorityCommand('job-1', 77));
    if (['Complete', 'Cancelled', 'Failed'].includes(status)) {
      expect(decision, status).toMatchObject(refusedWith('BadRequestException'));
    } else {
      expect(decision, status).toMatchObject({ job: { priority: 77 } });
      expect(factsOf(decision)[0]).toBe('PriorityChanged');
    }
  }
  const same = sampleJob({ priority: 77 });
  expect(decided(same, priorityCommand('job-1', 77))).toEqual({
    kind: 'facts',
    job: same,
    steps: [],
  });
});

test('the tags change in every status, without moving the job, and no change is no fact', () => {
  const tags = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '' },
  ];
  for (const status of jobStatuses) {
    const decision = decided(sampleJob({ status }), tagsCommand('job-1', tags));
    const fact = { name: 'TagsReplaced', tags, by: '123456789012' };
    const [step] = decision.kind === 'facts' ? decision.steps : [];
    expect(step).toMatchObject({ fact, from: status, job: { status, tags, version: 2 } });
  }
  const tagged = after(undefined, createCommand('job-1', { tags }));
  expect(tagged.tags).toEqual(tags);
  expect(after(tagged, tagsCommand('job-1', tags.toReversed()))).toBe(tagged);
  const other = [{ Key: 'a', Value: '2' }, ...tags.slice(1)];
  for (const wanted of [other, tags.slice(1), []]) {
    expect(after(tagged, tagsCommand('job-1', wanted)).tags).toEqual(wanted);
  }
});

test('a user’s pause and its end are facts once, and refused when there is nothing to pause', () => {
  const held = after(sampleJob({ status: 'Ready' }), holdCommand('job-1'));
  expect(held).toMatchObject({ held: true, version: 2 });
  expect(after(held, holdCommand('job-1'))).toBe(held);
  const resumed = after(held, resumeCommand('job-1'));
  expect(resumed).toMatchObject({ held: false, version: 3 });
  expect(after(resumed, resumeCommand('job-1'))).toBe(resumed);
  const completing = sampleJob({ status: 'Completing' });
  for (const command of [holdCommand('job-1'), resumeCommand('job-1')]) {
    expect(decided(completing, command)).toMatchObject(refusedWith('JobStatusException'));
  }
});

test('the first measure opens the space, with partitions for so many tasks', () => {
  const preparing = sampleJob({ status: 'Preparing' });
  const measured = {
    kind: 'measured',
    jobId: 'job-1',
    turn: 0,
    tasksEstimated: 1_000_000,
  } as const;
  const open = after(preparing, measured);
  expect(open).toMatchObject({ space: 'open', partitions: 4 });
  expect(after(open, { ...measured, tasksEstimated: 5 })).toBe(open);
  expect(after(preparing, { ...measured, turn: 1 })).toBe(preparing);
  const ready = sampleJob({ status: 'Ready' });
  expect(after(ready, measured)).toBe(ready);
  expect(after(preparing, { ...measured, tasksEstimated: 10 ** 12 }).partitions).toBe(8);
});

test('a level that came too early counts as soon as its time has come', () => {
  const preparing = sampleJob({ status: 'Preparing' });
  const early = after(preparing, { kind: 'prepared', jobId: 'job-1', turn: 0, total: 3 });
  expect(early.status).toBe('Preparing');
  const measured = { kind: 'measured', jobId: 'job-1', turn: 0, tasksEstimated: 3 } as const;
  expect(factsOf(decided(early, measured))).toEqual(['SpaceOpened', 'Prepared']);
});

test('one level may bring several facts, each one version further', () => {
  const done = { read: 2, succeeded: 2, ended: 'exhausted' } as const;
  const job = sampleJob({
    status: 'Cancelling',
    turn: 2,
    version: 9,
    activations: 1,
    lanes: [sampleLane(done)],
  });
  const settled = after(job, reported('job-1', 2, { succeeded: 2 }));
  expect(settled).toMatchObject({ status: 'Cancelled', version: 10 });
  const completing = { ...job, status: 'Completing' } as const;
  const failed = decided(completing, reported('job-1', 2, { succeeded: 2, result: 'failed' }));
  expect(factsOf(failed)).toEqual(['FailureDetected', 'Settled']);
  expect(failed).toMatchObject({ job: { status: 'Failed', version: 11 } });
});
