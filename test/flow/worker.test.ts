// The worker alone, on memory twins and a virtual clock: tasks are written by the test.
import { describe, expect, test } from 'vitest';
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import type { Job } from '../../services/core/job.ts';
import type { ResultRecord, Task, TaskResult } from '../../services/core/task.ts';
import type { WorkerLimits } from '../../services/worker/limits.ts';
import { runWorker } from '../../services/worker/run.ts';
import { activeJob, openJobTable } from '../support/job-fixture.ts';
import { manualClock } from '../support/manual-clock.ts';
import { openMemoryS3 } from '../support/memory-s3.ts';

const task = (key: string, versionId: string | null = null): Task => ({
  bucket: 'photos',
  key,
  written: null,
  versionId,
});
const manyTasks = (count: number, prefix = 'k') =>
  Array.from({ length: count }, (_, index) => task(`${prefix}${index}`));

function openRoom({ subresourcesSafe = true } = {}) {
  const clock = manualClock();
  const world = openMemoryLog({ nowMs: () => clock.wallMs() });
  const desk = world.connect();
  const table = openJobTable(desk.log, desk.spaces);
  let onStep: (label: string) => Promise<void> = () => Promise.resolve();
  const s3 = openMemoryS3({
    nowMs: () => clock.wallMs(),
    step: (label) => onStep(label),
    subresourcesSafe,
    buckets: ['photos'],
  });
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const seedObjects = (tasks: readonly Task[]) => {
    for (const { key } of tasks) s3.seed('photos', key, key);
  };
  function start(
    options: { step?: (label: string) => Promise<void>; limits?: Partial<WorkerLimits> } = {},
  ) {
    const handle = world.connect(options.step === undefined ? {} : { step: options.step });
    const stopping = new AbortController();
    const { log } = handle;
    const limits = options.limits ?? {};
    const ended = runWorker({ log, roles: s3.roles, clock, random, limits }, stopping.signal);
    ended.catch(() => {});
    return {
      ended,
      kill: () => handle.kill(),
      stop: async () => {
        stopping.abort();
        await clock.run(ended);
      },
    };
  }
  /** Runs the virtual clock until the fact holds. */
  async function until(fact: () => Promise<boolean>, lookMs = 50) {
    const waiting = new AbortController();
    const look = async () => {
      while (!(await fact())) await clock.sleep(lookMs, waiting.signal);
    };
    await clock.run(look(), lookMs * 20_000);
  }
  const hasEnded = async (job: Job) =>
    (await table.readResults(job)).every((records) => records.at(-1)?.kind === 'end');
  return {
    clock,
    random,
    world,
    table,
    s3,
    start,
    until,
    hasEnded,
    seedObjects,
    setStep: (step: typeof onStep) => {
      onStep = step;
    },
  };
}

function rowsOf(records: readonly ResultRecord[]): TaskResult[] {
  return records.flatMap((record) => (record.kind === 'slice' ? record.results : []));
}
function ordinalsOf(records: readonly ResultRecord[]): number[] {
  return rowsOf(records)
    .map(({ ordinal }) => ordinal)
    .sort((a, b) => a - b);
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a worker with a job', () => {
  test('works every task once and ends the results in the commit of the last ones', async () => {
    const room = openRoom();
    const lanes = [manyTasks(700, 'a'), manyTasks(3, 'b'), []];
    const job = activeJob({ id: 'whole', partitions: 3 });
    await room.table.open(job);
    for (const tasks of lanes) room.seedObjects(tasks);
    await room.table.tasks(job, lanes, 100);
    await room.table.put(job);
    const worker = room.start();
    await room.until(() => room.hasEnded(job));
    const results = await room.table.readResults(job);
    for (const [partition, tasks] of lanes.entries()) {
      expect(ordinalsOf(results[partition] ?? [])).toEqual(upTo(tasks.length));
      expect(results[partition]?.at(-1)).toEqual({
        kind: 'end',
        reason: 'exhausted',
        count: tasks.length,
      });
    }
    expect(room.s3.calls.length).toBe(703);
    expect(room.s3.peek('photos', 'a12')?.tags).toEqual([{ Key: 'colour', Value: 'green' }]);
    const [first] = rowsOf(results[1] ?? []);
    expect(first).toMatchObject({
      status: 'succeeded',
      httpStatus: 200,
      errorCode: '',
      attempts: 1,
    });
    expect(first?.requestId).not.toBe('');
    await worker.stop();
  });

  test('a lane whose place the log has lost stands still and says why; other jobs go on', async () => {
    const room = openRoom();
    const lost = activeJob({ id: 'lost', partitions: 1 });
    await room.table.open(lost);
    await room.table.tasks(lost, [manyTasks(3)], 100);
    const former = await room.world
      .connect()
      .log.claim('job.lost', 'worker/tasks/0', new AbortController().signal);
    const done = { topic: 'results', partition: 0, key: '0', value: new Uint8Array([0]) };
    await former.commit([done], { next: 1n, note: '' });
    room.world.forgetPosition('job.lost', 'worker/tasks/0');
    await room.table.put(lost);
    const whole = activeJob({ id: 'whole', partitions: 1 });
    await room.table.open(whole);
    room.seedObjects(manyTasks(3));
    await room.table.tasks(whole, [manyTasks(3)], 100);
    await room.table.put(whole);
    const worker = room.start();
    await room.until(() => room.hasEnded(whole));
    expect(room.s3.calls.length).toBe(3);
    const waits = async () => (await room.table.levels()).filter(({ kind }) => kind === 'waiting');
    await room.until(async () => (await waits()).length > 0);
    expect(await waits()).toMatchObject([
      { jobId: 'lost', partition: 0, reason: expect.stringContaining('Cancel this job') },
    ]);
    await worker.stop();
  });

  test('an endpoint that is no longer declared safe is sent no tagging, whatever the job’s age', async () => {
    const room = openRoom({ subresourcesSafe: false });
    const job = activeJob({ id: 'unsafe', partitions: 1 });
    const tasks = manyTasks(5);
    await room.table.open(job);
    room.seedObjects(tasks);
    await room.table.tasks(job, [tasks], 100);
    await room.table.put(job);
    const worker = room.start();
    await room.until(() => room.hasEnded(job));
    expect(room.s3.calls).toEqual([]);
    const rows = rowsOf((await room.table.readResults(job))[0] ?? []);
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'failed', errorCode: 'NotImplemented', httpStatus: 501 });
      expect(row.message).toContain('S3BATCH_TAGGING_SAFE');
    }
    await worker.stop();
  });

  test('killed at any port call, it leaves each result once and repeats little', async () => {
    const lanes = [manyTasks(23, 'a'), manyTasks(9, 'b')];
    const limits = { requestsInFlightMax: 4, laneTasksMax: 6, flushResultsMax: 5 };
    let at = 1;
    for (let wasKilled = true; wasKilled; at += 1) {
      const room = openRoom();
      const job = activeJob({ id: 'killed', partitions: 2 });
      await room.table.open(job);
      for (const tasks of lanes) room.seedObjects(tasks);
      await room.table.tasks(job, lanes, 5);
      await room.table.put(job);
      wasKilled = false;
      let calls = 0;
      const step = async () => {
        calls += 1;
        if (calls !== at) return;
        wasKilled = true;
        // It starts when this call has been killed, on the next turn of the promises.
        await Promise.resolve();
        mortal.kill();
        room.start({ limits });
      };
      const still = new AbortController().signal;
      room.setStep(async () => {
        await step();
        // Outcomes come in any order, so that commits leave holes.
        await room.clock.sleep(room.random() * 400, still);
      });
      const mortal = room.start({ limits, step });
      await room.until(() => room.hasEnded(job));
      const results = await room.table.readResults(job);
      for (const [partition, tasks] of lanes.entries()) {
        const records = results[partition] ?? [];
        expect(ordinalsOf(records), `killed at call ${at}`).toEqual(upTo(tasks.length));
        expect(records.filter(({ kind }) => kind === 'end').length).toBe(1);
        for (const { key } of tasks) {
          const worked = room.s3.callsOn('photos', key).length;
          expect(worked, `${key}, killed at call ${at}`).toBeGreaterThanOrEqual(1);
          expect(worked, `${key}, killed at call ${at}`).toBeLessThanOrEqual(2);
        }
      }
      // Repeated: at most what had no committed result, which is what was admitted, and one flush.
      const repeats = room.s3.calls.length - 32;
      expect(repeats, `killed at call ${at}`).toBeLessThanOrEqual(2 * (6 + 5));
    }
    expect(at).toBeGreaterThan(90);
  });

  test('works the tasks of one key one at a time, in the order of the manifest', async () => {
    const room = openRoom();
    const keys = manyTasks(60).map((_, index) => task(`k${index % 4}`, String(index)));
    const job = activeJob({ id: 'same-key' });
    await room.table.open(job);
    await room.table.tasks(job, [keys], 16);
    await room.table.put(job);
    const running = new Map<string, number>();
    const waiting = new AbortController();
    let most = 0;
    room.setStep(async (label) => {
      const key = label.replace(/ done$/, '');
      running.set(key, (running.get(key) ?? 0) + 1);
      most = Math.max(most, running.get(key) ?? 0);
      await room.clock.sleep(20, waiting.signal);
      running.set(key, (running.get(key) ?? 0) - 1);
    });
    room.start();
    await room.until(() => room.hasEnded(job));
    expect(most).toBe(1);
    for (let key = 0; key < 4; key += 1) {
      const versions = room.s3
        .callsOn('photos', `k${key}`)
        .map(({ versionId }) => Number(versionId));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    }
    expect(room.s3.calls.length).toBe(60);
  });

  test('tries a busy server again, and fails a task after its last attempt', async () => {
    const room = openRoom();
    const tasks = manyTasks(40);
    const job = activeJob({ id: 'storm' });
    await room.table.open(job);
    room.seedObjects(tasks);
    const slow = { kind: 'refused', status: 503, code: 'SlowDown', message: 'slow down' } as const;
    room.s3.fail({ command: 'PutObjectTagging', times: 60, answer: slow });
    room.s3.fail({ command: 'PutObjectTagging', key: 'k3', answer: slow });
    await room.table.tasks(job, [tasks], 16);
    await room.table.put(job);
    room.start();
    await room.until(() => room.hasEnded(job));
    const rows = rowsOf((await room.table.readResults(job))[0] ?? []);
    expect(rows.length).toBe(40);
    const failed = rows.filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject([
      { ordinal: 3, attempts: 6, httpStatus: 503, errorCode: 'SlowDown', message: 'slow down' },
    ]);
    expect(rows.some(({ attempts }) => attempts > 1 && attempts < 6)).toBe(true);
  });

  test('waits without spending attempts while nobody listens, and says why', async () => {
    const room = openRoom();
    const tasks = manyTasks(500);
    const job = activeJob({ id: 'breaker' });
    await room.table.open(job);
    room.seedObjects(tasks);
    const away = { kind: 'unreachable', message: 'connect ECONNREFUSED' } as const;
    room.s3.fail({ command: 'PutObjectTagging', times: 300, answer: away });
    await room.table.tasks(job, [tasks], 256);
    await room.table.put(job);
    room.start();
    await room.until(() => room.hasEnded(job), 1000);
    const rows = rowsOf((await room.table.readResults(job))[0] ?? []);
    expect(rows.length).toBe(500);
    expect(rows.every(({ status, attempts }) => status === 'succeeded' && attempts === 1)).toBe(
      true,
    );
    // At most those in flight met the outage at once; then one probe at a time.
    expect(room.clock.monotonicMs()).toBeGreaterThan(40 * 1000);
    const waiting = (await room.table.levels()).filter(({ kind }) => kind === 'waiting');
    expect(waiting).toMatchObject([
      { partition: 0, turn: 1, reason: 'connect ECONNREFUSED' },
      { partition: 0, turn: 1, reason: null },
    ]);
  });

  test('fails the tasks of a world that stays away for hours', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'away', request: { roleArn: 'arn:aws:iam::1:role/unknown' } });
    await room.table.open(job);
    const away = { kind: 'unreachable', message: 'getaddrinfo ENOTFOUND' } as const;
    room.s3.fail({ answer: away });
    await room.table.tasks(job, [manyTasks(5)], 256);
    await room.table.put(job);
    room.start();
    await room.until(() => room.hasEnded(job), 60_000);
    const rows = rowsOf((await room.table.readResults(job))[0] ?? []);
    expect(rows.map(({ status, errorCode }) => `${status} ${errorCode}`)).toEqual(
      Array.from({ length: 5 }, () => 'failed Unreachable'),
    );
    expect(rows[0]?.message).toContain('ENOTFOUND');
    expect(room.clock.monotonicMs()).toBeGreaterThan(6 * 3_600_000);
  });

  test('fails a task that has no version id or trips over a bug, and goes on', async () => {
    const room = openRoom();
    const tasks = [task('a', ''), task('b'), task('c')];
    const job = activeJob({ id: 'odd' });
    await room.table.open(job);
    room.seedObjects(tasks);
    room.setStep(async (label) => {
      if (label.endsWith('photos/b')) throw new Error('a bug');
    });
    await room.table.tasks(job, [tasks], 256);
    await room.table.put(job);
    room.start();
    await room.until(() => room.hasEnded(job));
    expect(rowsOf((await room.table.readResults(job))[0] ?? [])).toMatchObject([
      {
        status: 'failed',
        httpStatus: 400,
        errorCode: 'InvalidRequest',
        message: 'Task failed due to missing VersionId',
        attempts: 0,
      },
      { status: 'failed', errorCode: 'InternalError', message: 'a bug' },
      { status: 'succeeded' },
    ]);
    expect(room.s3.callsOn('photos', 'a')).toEqual([]);
  });

  test('ends an attempt that is never answered at the task’s deadline', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'mute' });
    const tasks = manyTasks(3);
    await room.table.open(job);
    room.seedObjects(tasks);
    const slow = new AbortController();
    room.setStep(async (label) => {
      if (label.endsWith('/k1')) await room.clock.sleep(60_500, slow.signal);
    });
    await room.table.tasks(job, [tasks], 256);
    await room.table.put(job);
    room.start();
    await room.until(() => room.hasEnded(job));
    const rows = rowsOf((await room.table.readResults(job))[0] ?? []);
    expect(rows.find(({ ordinal }) => ordinal === 1)).toMatchObject({
      status: 'failed',
      attempts: 1,
    });
  });
});

describe('a worker whose job turns', () => {
  async function runningJob(id: string, count: number) {
    const room = openRoom();
    const tasks = manyTasks(count);
    const job = activeJob({ id });
    await room.table.open(job);
    room.seedObjects(tasks);
    await room.table.tasks(job, [tasks], 50);
    await room.table.put(job);
    const still = new AbortController();
    room.setStep(() => room.clock.sleep(30, still.signal));
    const limits = { requestsInFlightMax: 5 };
    return { room, job, tasks, limits };
  }
  const worked = (room: ReturnType<typeof openRoom>, count: number) =>
    room.until(async () => room.s3.calls.length >= count);

  test('pauses: what is in flight is committed, nothing starts, drained is said once', async () => {
    const { room, job, limits } = await runningJob('pause', 200);
    const worker = room.start({ limits });
    await worked(room, 50);
    await room.table.put({ ...job, status: 'Pausing', turn: 2 });
    await room.until(async () => (await room.table.levels()).length > 0);
    expect(await room.table.levels()).toEqual([
      { kind: 'drained', jobId: 'pause', turn: 2, partition: 0 },
    ]);
    const calls = room.s3.calls.length;
    const done = ordinalsOf((await room.table.readResults(job))[0] ?? []);
    expect(done.length).toBe(calls);
    await room.clock.advance(60_000);
    expect(room.s3.calls.length).toBe(calls);
    expect((await room.table.levels()).length).toBe(1);

    await room.table.put({ ...job, status: 'Paused', turn: 2 });
    await room.clock.advance(1_000);
    await room.table.put({ ...job, status: 'Active', turn: 3, activations: 2 });
    await room.until(() => room.hasEnded(job));
    expect(ordinalsOf((await room.table.readResults(job))[0] ?? [])).toEqual(upTo(200));
    expect(room.s3.calls.length).toBe(200);
    await worker.stop();
  });

  test('resumes where it was even if it never saw the job paused', async () => {
    const { room, job, limits } = await runningJob('blink', 200);
    room.start({ limits });
    await worked(room, 50);
    await room.table.put({ ...job, status: 'Pausing', turn: 2 });
    await room.table.put({ ...job, status: 'Active', turn: 3, activations: 2 });
    await room.until(() => room.hasEnded(job));
    expect(ordinalsOf((await room.table.readResults(job))[0] ?? [])).toEqual(upTo(200));
    expect(room.s3.calls.length).toBe(200);
  });

  test('cancelled: it ends the results with End{stopped} after what was in flight', async () => {
    const { room, job, limits } = await runningJob('cancel', 200);
    room.start({ limits });
    await worked(room, 50);
    await room.table.put({ ...job, status: 'Cancelling', turn: 2 });
    await room.until(() => room.hasEnded(job));
    const records = (await room.table.readResults(job))[0] ?? [];
    expect(records.at(-1)).toEqual({ kind: 'end', reason: 'stopped' });
    expect(ordinalsOf(records).length).toBe(room.s3.calls.length);
    await room.clock.advance(60_000);
    expect(room.s3.calls.length).toBeLessThan(60);
  });

  test('asked to stop, it commits what was in flight and leaves the rest to others', async () => {
    const { room, job, limits } = await runningJob('shutdown', 200);
    const worker = room.start({ limits });
    await worked(room, 50);
    await worker.stop();
    const calls = room.s3.calls.length;
    expect(ordinalsOf((await room.table.readResults(job))[0] ?? []).length).toBe(calls);
    room.start({ limits });
    await room.until(() => room.hasEnded(job));
    expect(room.s3.calls.length).toBe(200);
  });

  test('a second worker takes its share of the lanes, and no result is written twice', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'shared', partitions: 4 });
    const lanes = ['a', 'b', 'c', 'd'].map((prefix) => manyTasks(80, prefix));
    await room.table.open(job);
    for (const tasks of lanes) room.seedObjects(tasks);
    await room.table.tasks(job, lanes, 10);
    await room.table.put(job);
    const still = new AbortController();
    room.setStep(() => room.clock.sleep(30, still.signal));
    const limits = { requestsInFlightMax: 8 };
    room.start({ limits });
    await worked(room, 60);
    room.start({ limits });
    await worked(room, 120);
    const third = room.start({ limits });
    await worked(room, 180);
    await third.stop();
    await room.until(() => room.hasEnded(job));
    const results = await room.table.readResults(job);
    for (const records of results) expect(ordinalsOf(records)).toEqual(upTo(80));
  });

  test('a worker that slept through its replacement writes nothing when it wakes', async () => {
    const { room, job, limits } = await runningJob('zombie', 100);
    let wake: () => void = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let isAsleep = false;
    const zombie = room.start({
      limits,
      step: async (label) => {
        if (label.startsWith('commit') && label.endsWith('before') && !isAsleep) {
          isAsleep = true;
          await asleep;
        }
      },
    });
    await room.until(async () => isAsleep);
    const fence = room.world.connect();
    const identity = 'worker/tasks/0';
    const writer = await fence.log.claim('job.zombie', identity, new AbortController().signal);
    await writer.release();
    const second = room.start({ limits });
    wake();
    await room.clock.advance(60_000);
    const records = (await room.table.readResults(job))[0] ?? [];
    expect(new Set(ordinalsOf(records)).size).toBe(ordinalsOf(records).length);
    await zombie.stop();
    await room.until(() => room.hasEnded(job));
    expect(ordinalsOf((await room.table.readResults(job))[0] ?? [])).toEqual(upTo(100));
    await second.stop();
  });
});
