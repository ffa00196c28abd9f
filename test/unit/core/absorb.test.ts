import { expect, test } from 'vitest';
import { absorb } from '../../../services/core/absorb.ts';
import type { Level } from '../../../services/core/message.ts';
import { progress, reported, sampleJob, sampleLane } from '../../support/job-samples.ts';

const twoLanes = [sampleLane(), sampleLane()];
const running = sampleJob({ status: 'Active', turn: 3, activations: 2, lanes: twoLanes });
const base = { jobId: 'job-1', turn: 3 };

test('progress counts in every turn, since it is absolute', () => {
  for (const turn of [0, 3, 9]) {
    const job = absorb(running, progress('job-1', turn, 1, { succeeded: 4, failed: 1 }));
    expect(job.lanes[1]).toMatchObject({ read: 5, succeeded: 4, failed: 1 });
    expect(job.lanes[0]).toBe(running.lanes[0]);
  }
});

test('a level of a lane that the job does not have is passed over', () => {
  expect(absorb(running, progress('job-1', 3, 2, { succeeded: 4 }))).toBe(running);
});

test('drained counts only while pausing, and only in its own turn', () => {
  const drained: Level = { ...base, kind: 'drained', partition: 0 };
  expect(absorb(running, drained)).toBe(running);
  const pausing = { ...running, status: 'Pausing' } as const;
  expect(absorb(pausing, { ...drained, turn: 1 })).toBe(pausing);
  const after = absorb(pausing, drained);
  expect(after.lanes[0]).toMatchObject({ drainedTurn: 3 });
  expect(absorb(after, drained)).toBe(after);
});

test('why a lane waits is kept until it moves again or the turn is over', () => {
  const waiting: Level = { ...base, kind: 'waiting', partition: 0, reason: 'S3 is away' };
  const after = absorb(running, waiting);
  expect(after.lanes[0]).toMatchObject({ waiting: 'S3 is away' });
  expect(absorb(after, waiting)).toBe(after);
  expect(absorb(after, { ...waiting, turn: 2, reason: null })).toBe(after);
  expect(absorb(after, { ...waiting, reason: null }).lanes[0]).toMatchObject({ waiting: null });
});

test('the first word on the preparation counts, in Preparing and in its own turn', () => {
  const preparing = sampleJob({ status: 'Preparing' });
  const prepared: Level = { jobId: 'job-1', turn: 0, kind: 'prepared', total: 7 };
  const failure = { code: 'InvalidManifestContent', reason: 'Row 3 of list.csv has 1 column.' };
  const unprepared: Level = { jobId: 'job-1', turn: 0, kind: 'unprepared', failure };
  const done = absorb(preparing, prepared);
  expect(done.preparation).toEqual({ kind: 'prepared', total: 7 });
  expect(absorb(done, unprepared)).toBe(done);
  expect(absorb(preparing, unprepared).preparation).toEqual({ kind: 'failed', failure });
  expect(absorb(preparing, { ...prepared, turn: 1 })).toBe(preparing);
  expect(absorb(sampleJob(), prepared).preparation).toBeNull();
});

test('the first report counts, in the turn and the statuses that wait for one', () => {
  const level = reported('job-1', 3, { succeeded: 0 });
  for (const status of ['Completing', 'Cancelling', 'Failing'] as const) {
    const job = absorb({ ...running, status }, level);
    expect(job.reported, status).toMatchObject({ result: 'written' });
    expect(absorb(job, reported('job-1', 3, { succeeded: 9 }))).toBe(job);
  }
  expect(absorb(running, level)).toBe(running);
  const ending = { ...running, status: 'Failing' } as const;
  expect(absorb(ending, reported('job-1', 2, { succeeded: 0 }))).toBe(ending);
});

test('a measure by itself changes nothing, and nothing changes a terminal job', () => {
  const measured: Level = { ...base, kind: 'measured', tasksEstimated: 5 };
  expect(absorb(running, measured)).toBe(running);
  const ended = { ...running, status: 'Complete' } as const;
  expect(absorb(ended, progress('job-1', 3, 0, { succeeded: 4 }))).toBe(ended);
});
