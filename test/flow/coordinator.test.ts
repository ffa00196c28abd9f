import { expect, test } from 'vitest';
import { coordinatorWorld } from '../support/coordinator-world.ts';
import { createCommand, progress, reported } from '../support/job-samples.ts';

test('a job runs from New to Complete on what the services say', async () => {
  const world = await coordinatorWorld();
  const coordinator = world.start();
  const reply = await world.ask(createCommand('job-1'));
  expect(reply).toMatchObject({ kind: 'accepted', jobId: 'job-1', status: 'New' });
  await world.until('job-1', (job) => job.status === 'Preparing');
  await world.send({ kind: 'measured', jobId: 'job-1', turn: 0, tasksEstimated: 300_000 });
  const opened = await world.until('job-1', (job) => job.space === 'open');
  expect(opened.partitions).toBe(4);
  await world.send({ kind: 'prepared', jobId: 'job-1', turn: 0, total: 8 });
  const active = await world.until('job-1', (job) => job.status === 'Active');
  await world.clock.advance(2_500);
  for (let lane = 0; lane < 4; lane += 1) {
    await world.send(progress('job-1', 1, lane, { succeeded: 2, ended: 'exhausted' }));
  }
  await world.until('job-1', (job) => job.status === 'Completing');
  await world.send(reported('job-1', active.turn, { succeeded: 8 }));
  const job = await world.until('job-1', ({ status }) => status === 'Complete');
  expect(job.activeMs).toBe(2_500);
  const history = await world.history();
  expect(history.map((record) => record.fact)).toEqual([
    'Created',
    'PreparationStarted',
    'SpaceOpened',
    'Prepared',
    'Activated',
    'TasksExhausted',
    'ReportWritten',
  ]);
  expect(history.map((record) => record.version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await coordinator.stop();
});
