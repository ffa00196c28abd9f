import { expect, test } from 'vitest';
import { wakeRecord } from '../../services/control/coordinator.ts';
import { laneIdentity } from '../../services/core/log.ts';
import { coordinatorGroup, inboxTopic, jobSpace, jobTopics } from '../../services/core/names.ts';
import { type CoordinatorWorld, coordinatorWorld, forever } from '../support/coordinator-world.ts';
import {
  createCommand,
  holdCommand,
  priorityCommand,
  progress,
  reported,
  resumeCommand,
  statusCommand,
} from '../support/job-samples.ts';

const dayMs = 86_400_000;

/** What ingest does, until the job runs. */
async function prepare(world: CoordinatorWorld, jobId: string, total: number): Promise<void> {
  await world.until(jobId, (job) => job.status === 'Preparing');
  await world.send({ kind: 'measured', jobId, turn: 0, tasksEstimated: total });
  await world.until(jobId, (job) => job.space === 'open');
  await world.send({ kind: 'prepared', jobId, turn: 0, total });
}

/** What worker and reporter do with a job of one lane that is Active. */
async function complete(world: CoordinatorWorld, jobId: string, total: number): Promise<void> {
  const { turn } = await world.until(jobId, (job) => job.status === 'Active');
  await world.send(progress(jobId, turn, 0, { succeeded: total, ended: 'exhausted' }));
  await world.until(jobId, (job) => job.status === 'Completing');
  await world.send(reported(jobId, turn, { succeeded: total }));
  await world.until(jobId, (job) => job.status === 'Complete');
}

test('a job runs from New to Complete on what the services say', async () => {
  const world = await coordinatorWorld();
  const coordinator = world.start();
  const reply = await world.ask(createCommand('job-1'));
  expect(reply).toMatchObject({ kind: 'accepted', jobId: 'job-1', status: 'New' });
  await prepare(world, 'job-1', 300_000);
  const active = await world.until('job-1', (job) => job.status === 'Active');
  expect(active.partitions).toBe(4);
  await world.clock.advance(2_500);
  for (let lane = 0; lane < 4; lane += 1) {
    await world.send(progress('job-1', 1, lane, { succeeded: 75_000, ended: 'exhausted' }));
  }
  await world.until('job-1', (job) => job.status === 'Completing');
  await world.send(reported('job-1', active.turn, { succeeded: 300_000 }));
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

test('counters are written at most every 500 ms, transitions at once', async () => {
  const world = await coordinatorWorld();
  const written: string[] = [];
  world.start({
    step: async (label) => {
      if (label === 'commit control coordinator/inbox/0 before') written.push(label);
    },
  });
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 1_000);
  await world.until('job-1', (job) => job.status === 'Active');
  await world.clock.advance(1_000);
  written.length = 0;
  for (let read = 1; read <= 100; read += 1) {
    await world.send(progress('job-1', 1, 0, { succeeded: read }));
    await world.clock.advance(20);
  }
  expect(written.length).toBeGreaterThanOrEqual(4);
  expect(written.length).toBeLessThanOrEqual(5);
  await world.clock.advance(500);
  const job = (await world.jobs()).get('job-1');
  expect(job?.lanes[0]).toMatchObject({ succeeded: 100 });
});

test('the same token is the same job; with another request it is refused', async () => {
  const world = await coordinatorWorld();
  world.start();
  const first = createCommand('job-1', { clientRequestToken: 'mine' });
  await world.ask(first);
  const again = { ...first, commandId: 'again', jobId: 'job-2' };
  expect(await world.ask(again)).toMatchObject({ kind: 'accepted', jobId: 'job-1' });
  const other = { ...again, commandId: 'other', requestHash: 'another request' };
  expect(await world.ask(other)).toMatchObject({ kind: 'refused', code: 'IdempotencyException' });
  const elsewhere = createCommand('job-3', {
    clientRequestToken: 'mine',
    accountId: '210987654321',
  });
  expect(await world.ask(elsewhere)).toMatchObject({ kind: 'accepted', jobId: 'job-3' });
  expect([...(await world.jobs()).keys()].sort()).toEqual(['job-1', 'job-3']);
});

test('a command that was sent twice is answered once and has one effect', async () => {
  const world = await coordinatorWorld();
  world.start();
  const command = createCommand('job-1');
  await world.ask(command);
  const cancel = statusCommand('job-1', 'Cancelled', 'wrong list');
  await world.send(cancel);
  await world.send(cancel);
  await world.send(command);
  await world.until('job-1', (job) => job.status === 'Cancelled');
  await world.clock.advance(1_000);
  const replies = await world.replies();
  expect(replies.map(({ commandId, kind }) => [commandId, kind])).toEqual([
    [command.commandId, 'accepted'],
    [cancel.commandId, 'accepted'],
  ]);
});

test('who has an answer sees its effect at once', async () => {
  const world = await coordinatorWorld();
  world.start();
  for (let number = 0; number < 20; number += 1) {
    const jobId = `job-${number}`;
    await world.ask(createCommand(jobId, { priority: 1 }));
    expect(await world.desk.find('123456789012', jobId, forever)).toMatchObject({ id: jobId });
    await world.ask(priorityCommand(jobId, 50 + number));
    const job = await world.desk.find('123456789012', jobId, forever);
    expect(job?.priority).toBe(50 + number);
  }
  const list = await world.desk.list('123456789012', forever);
  expect(list).toHaveLength(20);
  expect(await world.desk.list('999999999999', forever)).toEqual([]);
});

test('the desk does not know another account’s job, nor one that does not exist', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('job-1'));
  expect(await world.desk.find('999999999999', 'job-1', forever)).toBeUndefined();
  expect(await world.desk.find('123456789012', 'job-2', forever)).toBeUndefined();
  expect(await world.ask(statusCommand('job-2', 'Ready'))).toMatchObject({
    kind: 'refused',
    code: 'NotFoundException',
  });
});

test('without a coordinator a question ends with its signal, and says what may still happen', async () => {
  const world = await coordinatorWorld();
  const patience = new AbortController();
  const asking = world.desk.ask(createCommand('job-1'), patience.signal);
  await world.clock.advance(1_000);
  patience.abort();
  expect(await asking).toMatchObject({ kind: 'refused', code: 'InternalServiceException' });
  world.start();
  await world.until('job-1', (job) => job.status === 'Preparing');
  const late = await world.desk.ask(createCommand('job-2'), patience.signal);
  expect(late).toMatchObject({ kind: 'refused', code: 'InternalServiceException' });
});

test('a job of higher priority displaces the lowest, which resumes by itself', async () => {
  const world = await coordinatorWorld({ activeJobsMax: 1 });
  world.start();
  await world.ask(createCommand('low', { priority: 1 }));
  await prepare(world, 'low', 10);
  await world.until('low', (job) => job.status === 'Active');
  await world.ask(createCommand('high', { priority: 9 }));
  await prepare(world, 'high', 10);
  const pausing = await world.until('low', (job) => job.status === 'Pausing');
  const drained = { kind: 'drained', jobId: 'low', partition: 0 } as const;
  await world.send({ ...drained, turn: pausing.turn - 1 });
  await world.clock.advance(1_000);
  expect((await world.jobs()).get('high')?.status).toBe('Ready');
  await world.send({ ...drained, turn: pausing.turn });
  await world.until('low', (job) => job.status === 'Paused');
  await complete(world, 'high', 10);
  const resumed = await world.until('low', (job) => job.activations === 2);
  expect(resumed).toMatchObject({ status: 'Active', turn: 3 });
  await complete(world, 'low', 10);
});

test('a held job pauses and runs again only after resume', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  await world.ask(holdCommand('job-1'));
  const { turn } = await world.until('job-1', (job) => job.status === 'Pausing');
  await world.send({ kind: 'drained', jobId: 'job-1', turn, partition: 0 });
  await world.until('job-1', (job) => job.status === 'Paused');
  await world.clock.advance(dayMs);
  expect((await world.jobs()).get('job-1')?.status).toBe('Paused');
  await world.ask(resumeCommand('job-1'));
  await complete(world, 'job-1', 10);
});

test('limits that change count as soon as the coordinator is woken', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  const { log } = world.log.connect();
  world.limits.activeJobsMax = 0;
  await log.send('control', [wakeRecord]);
  const { turn } = await world.until('job-1', (job) => job.status === 'Pausing');
  await world.send({ kind: 'drained', jobId: 'job-1', turn, partition: 0 });
  await world.until('job-1', (job) => job.status === 'Paused');
  const pausedMs = world.clock.monotonicMs();
  world.limits.activeJobsMax = 6;
  await log.send('control', [wakeRecord]);
  await world.until('job-1', (job) => job.status === 'Active' && job.activations === 2);
  expect(world.clock.monotonicMs() - pausedMs).toBeLessThan(1_000);
});

test('a lane that no worker ends in time is stopped by the coordinator, once', async () => {
  const world = await coordinatorWorld({ laneEndMsMax: 60_000 });
  world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  const worker = world.log.connect();
  const identity = laneIdentity('worker', 'tasks', 0);
  const lane = await worker.log.claim(jobSpace('job-1'), identity, forever);
  await world.ask(statusCommand('job-1', 'Cancelled'));
  await world.clock.advance(59_000);
  expect(await world.stoppedEnds('job-1')).toBe(0);
  await world.clock.advance(200_000);
  expect(await world.stoppedEnds('job-1')).toBe(1);
  await expect(lane.commit([], { next: 1n, note: '' })).rejects.toMatchObject({
    failure: 'fenced',
  });
  const { turn } = await world.until('job-1', (job) => job.status === 'Cancelling');
  await world.send(progress('job-1', turn, 0, { succeeded: 0, ended: 'stopped' }));
  await world.send(reported('job-1', turn, { succeeded: 0 }));
  await world.until('job-1', (job) => job.status === 'Cancelled');
});

test('a lane whose place the log has lost keeps no job from its end', async () => {
  const world = await coordinatorWorld({ laneEndMsMax: 60_000 });
  const coordinator = world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  const worker = world.log.connect();
  const identity = laneIdentity('worker', 'tasks', 0);
  const lane = await worker.log.claim(jobSpace('job-1'), identity, forever);
  const result = { topic: 'results', partition: 0, key: '0', value: new Uint8Array([0]) };
  await lane.commit([result], { next: 3n, note: '' });
  world.log.forgetPosition(jobSpace('job-1'), identity);
  await world.ask(statusCommand('job-1', 'Cancelled'));
  const job = await world.until('job-1', ({ status }) => status === 'Cancelled');
  expect(job.reported).toMatchObject({ result: 'failed' });
  expect(job.reported?.reason).toContain('would repeat its work');
  await coordinator.stop();
});

test('a pause ends without the worker that should have drained', async () => {
  const world = await coordinatorWorld({ laneEndMsMax: 60_000 });
  world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  await world.ask(holdCommand('job-1'));
  await world.clock.advance(61_000);
  expect((await world.jobs()).get('job-1')?.status).toBe('Paused');
  expect(await world.stoppedEnds('job-1')).toBe(0);
});

test('a lane that a worker has ended is left as it is', async () => {
  const world = await coordinatorWorld({ laneEndMsMax: 60_000 });
  world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Active');
  const worker = world.log.connect();
  const identity = laneIdentity('worker', 'tasks', 0);
  const lane = await worker.log.claim(jobSpace('job-1'), identity, forever);
  await lane.commit([], { next: 4n, note: 'exhausted ' });
  await world.ask(statusCommand('job-1', 'Cancelled'));
  await world.clock.advance(61_000);
  expect(await world.stoppedEnds('job-1')).toBe(0);
});

test('a job that never ran gives its space back at once, one that ran after seven days', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('idle', { confirmationRequired: true }));
  await prepare(world, 'idle', 10);
  await world.until('idle', (job) => job.status === 'Suspended');
  await world.ask(createCommand('ran'));
  await prepare(world, 'ran', 10);
  await complete(world, 'ran', 10);
  await world.ask(statusCommand('idle', 'Cancelled'));
  await world.clock.advance(61_000);
  const spaces = async (): Promise<readonly string[]> =>
    (await world.log.connect().spaces.list()).map(({ space }) => space);
  expect(await spaces()).toEqual(['control', 'job.ran']);
  expect((await world.jobs()).get('idle')?.space).toBe('dropped');
  await world.clock.advance(7 * dayMs);
  expect(await spaces()).toEqual(['control']);
});

test('a job cancelled in the same breath as it was measured leaves no space behind', async () => {
  const world = await coordinatorWorld();
  const first = world.start();
  await world.ask(createCommand('job-1'));
  await world.until('job-1', (job) => job.status === 'Preparing');
  await first.stop();
  await world.send({ kind: 'measured', jobId: 'job-1', turn: 0, tasksEstimated: 10 });
  await world.send(statusCommand('job-1', 'Cancelled'));
  world.start();
  await world.until('job-1', (job) => job.status === 'Cancelled');
  await world.clock.advance(3_600_000);
  const spaces = (await world.log.connect().spaces.list()).map(({ space }) => space);
  expect(spaces).toEqual(['control']);
  expect((await world.jobs()).get('job-1')?.space).toBe('dropped');
});

test('a space is closed only once the end of its job stands in the log', async () => {
  const world = await coordinatorWorld();
  const statuses: (string | undefined)[] = [];
  world.start({
    step: async (label) => {
      if (label !== 'close job.job-1 before') return;
      statuses.push((await world.jobs()).get('job-1')?.status);
    },
  });
  await world.ask(createCommand('job-1', { confirmationRequired: true }));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Suspended');
  await world.ask(statusCommand('job-1', 'Cancelled'));
  await world.until('job-1', (job) => job.space === 'dropped');
  expect(statuses).toEqual(['Cancelled']);
});

test('a job is forgotten 90 days after its end, its token with it', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('job-1', { clientRequestToken: 'mine' }));
  await world.ask(statusCommand('job-1', 'Cancelled'));
  await world.clock.advance(89 * dayMs);
  expect(await world.desk.find('123456789012', 'job-1', forever)).toBeDefined();
  await world.clock.advance(dayMs + 120_000);
  expect(await world.desk.find('123456789012', 'job-1', forever)).toBeUndefined();
  const again = createCommand('job-2', { clientRequestToken: 'mine' });
  expect(await world.ask(again)).toMatchObject({ kind: 'accepted', jobId: 'job-2' });
});

test('a job that nobody confirms fails after 30 days, but not because the clock jumped', async () => {
  const world = await coordinatorWorld();
  world.start();
  await world.ask(createCommand('job-1', { confirmationRequired: true }));
  await prepare(world, 'job-1', 10);
  await world.until('job-1', (job) => job.status === 'Suspended');
  const beforeMs = world.clock.wallMs();
  world.clock.jumpWall(beforeMs + 400 * dayMs);
  await world.clock.advance(30 * 60_000);
  expect((await world.jobs()).get('job-1')?.status).toBe('Suspended');
  world.clock.jumpWall(beforeMs + 30 * 60_000);
  await world.clock.advance(29 * dayMs);
  expect((await world.jobs()).get('job-1')?.status).toBe('Suspended');
  await world.clock.advance(dayMs);
  const job = (await world.jobs()).get('job-1');
  expect(job).toMatchObject({ status: 'Failed', failures: [{ code: 'ConfirmationTimedOut' }] });
});

test('a space that belongs to no job is reported and left alone', async () => {
  const world = await coordinatorWorld();
  const { spaces } = world.log.connect();
  await spaces.create('job.stranger', jobTopics(1));
  await spaces.create('events', jobTopics(1));
  world.start();
  await world.clock.advance(100 * dayMs);
  expect(world.lines.filter((line) => line.includes('belongs to no job'))).toHaveLength(1);
  expect((await spaces.list()).map(({ space }) => space)).toContain('job.stranger');
});

test('of two coordinators one works; when it is fenced it ends quietly and joins again', async () => {
  const world = await coordinatorWorld();
  const first = world.start();
  world.start();
  await world.ask(createCommand('job-1'));
  const thief = world.log.connect();
  const identity = laneIdentity(coordinatorGroup, inboxTopic, 0);
  const stolen = await thief.log.claim('control', identity, forever);
  await world.clock.advance(5_000);
  await stolen.release();
  await world.ask(createCommand('job-2'));
  first.handle.kill();
  await world.ask(createCommand('job-3'));
  const history = await world.history();
  const created = history.filter(({ fact }) => fact === 'Created').map(({ jobId }) => jobId);
  expect(created).toEqual(['job-1', 'job-2', 'job-3']);
  expect(new Set(history.map(({ jobEventId }) => jobEventId)).size).toBe(history.length);
});

test('a restart by replay finds the same jobs', async () => {
  const world = await coordinatorWorld();
  const first = world.start();
  await world.ask(createCommand('job-1'));
  await prepare(world, 'job-1', 10);
  await world.ask(createCommand('job-2', { confirmationRequired: true }));
  await world.until('job-1', (job) => job.status === 'Active');
  const last = await world.send(progress('job-1', 1, 0, { succeeded: 4, failed: 1 }));
  await world.clock.advance(1_000);
  const before = await world.jobs();
  first.handle.kill();
  const identity = laneIdentity(coordinatorGroup, inboxTopic, 0);
  const { position } = await world.log.connect().log.claim('control', identity, forever);
  expect(position.next, 'what has had its effect is not read again').toBe(last + 1n);
  world.start();
  await world.clock.advance(1_000);
  expect(await world.jobs()).toEqual(before);
  await world.send(progress('job-1', 1, 0, { succeeded: 9, failed: 1, ended: 'exhausted' }));
  await world.until('job-1', (job) => job.status === 'Completing');
});

test('a lost log ends the coordinator with that error', async () => {
  const world = await coordinatorWorld();
  const { ended } = world.start({
    step: async (label) => {
      if (label.startsWith('commit') && label.endsWith('before')) {
        throw Object.assign(new Error('disk full'), { name: 'LogError', failure: 'lost' });
      }
    },
  });
  const asking = world.desk.ask(createCommand('job-1'), forever);
  await expect(ended).rejects.toThrow('disk full');
  world.start();
  expect(await world.clock.run(asking)).toMatchObject({ kind: 'accepted' });
});

/** Two jobs, one of them displaced, cancelled and reported, with repeated commands in between. */
async function live(world: CoordinatorWorld): Promise<void> {
  const low = createCommand('low', { priority: 1 });
  await world.ask(low);
  await prepare(world, 'low', 5);
  await world.until('low', (job) => job.status === 'Active');
  await world.send(progress('low', 1, 0, { succeeded: 2, failed: 1 }));
  await world.ask(createCommand('high', { priority: 9, confirmationRequired: true }));
  await world.send(low);
  await prepare(world, 'high', 3);
  await world.until('high', (job) => job.status === 'Suspended');
  await world.ask(statusCommand('high', 'Ready', 'checked'));
  const pausing = await world.until('low', (job) => job.status === 'Pausing');
  await world.send({ kind: 'drained', jobId: 'low', turn: pausing.turn, partition: 0 });
  await complete(world, 'high', 3);
  await world.until('low', (job) => job.status === 'Active');
  expect(await world.ask(statusCommand('low', 'Ready'))).toMatchObject({ kind: 'refused' });
  await world.ask(statusCommand('low', 'Cancelled', 'enough'));
  const { turn } = await world.until('low', (job) => job.status === 'Cancelling');
  const counts = { succeeded: 3, failed: 1 };
  await world.send(progress('low', turn, 0, { ...counts, ended: 'stopped' }));
  await world.send(reported('low', turn, counts));
  await world.until('low', (job) => job.status === 'Cancelled');
  await world.ask(createCommand('never'));
  await world.ask(statusCommand('never', 'Cancelled'));
}

test('killed at every single step, every command is answered once and every fact stands once', async () => {
  let untouched = false;
  let kills = 0;
  let expected: readonly string[] = [];
  for (let at = 0; !untouched; at += 1) {
    const world = await coordinatorWorld({ activeJobsMax: 1 });
    let steps = 0;
    let killed = false;
    const alive = (): boolean => {
      steps += 1;
      if (steps === at && !killed) {
        killed = true;
        kills += 1;
        queueMicrotask(() => world.start());
      }
      return !killed;
    };
    // The run without a kill comes first: it says what every other must come to.
    world.start({ alive });
    await live(world);
    const facts = (await world.history())
      .map(({ jobId, version, fact, to }) => `${jobId} ${version} ${fact} ${to}`)
      .sort();
    if (at === 0) expected = facts;
    expect(facts, `killed at step ${at}`).toEqual(expected);
    const replies = (await world.replies()).map(({ commandId }) => commandId);
    expect(new Set(replies).size, `killed at step ${at}`).toBe(replies.length);
    expect(replies.length).toBe(6 + 1);
    const ids = (await world.history()).map(({ jobEventId }) => jobEventId);
    expect(new Set(ids).size).toBe(ids.length);
    const spaces = (await world.log.connect().spaces.list()).map(({ space }) => space);
    expect(spaces.sort(), `killed at step ${at}`).toEqual(['control', 'job.high', 'job.low']);
    untouched = at > 0 && !killed;
  }
  expect(kills).toBeGreaterThan(50);
});
