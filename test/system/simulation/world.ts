// One seeded world: the whole corridor in this process on memory twins and a virtual clock. Every
// service is killed now and then, at any await, and started again; S3 fails, users interfere.

import { historyCodec, jobCodec, messageCodec } from '../../../schemas/codec.ts';
import { type MemoryHandle, openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { runCoordinator } from '../../../services/control/coordinator.ts';
import type { Clock } from '../../../services/core/clock.ts';
import type { Job } from '../../../services/core/job.ts';
import { isLogError, type Log, type StoredRecord } from '../../../services/core/log.ts';
import type { Message } from '../../../services/core/message.ts';
import {
  controlTopics,
  historyTopic,
  inboxTopic,
  jobsTopic,
} from '../../../services/core/names.ts';
import { isTerminal } from '../../../services/core/transitions.ts';
import { runIngest } from '../../../services/ingest/run.ts';
import { runNotifier } from '../../../services/reporter/notify.ts';
import { runReporter } from '../../../services/reporter/run.ts';
import { setTags } from '../../../services/sandbox/tags.ts';
import { runWorker } from '../../../services/worker/run.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { type MemoryS3, openMemoryS3 } from '../../support/memory-s3.ts';
import { type Dice, type InstancePorts, openDice, openInstance } from './instance.ts';
import {
  accountId,
  bucket,
  copied,
  manifestBucket,
  type Plan,
  planOf,
  reportBucket,
  targetBucket,
} from './plan.ts';
import { type Planted, plant } from './planted.ts';

export interface Published {
  readonly message: string;
}

export interface Ending {
  readonly plan: Plan;
  readonly log: Log;
  readonly s3: MemoryS3;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly published: readonly Published[];
  readonly kills: number;
  /** How often each fact happened. */
  readonly facts: ReadonlyMap<string, number>;
  readonly virtualMs: number;
  /** What went wrong on the way: an exception, a job that never ended. */
  readonly faults: readonly string[];
  readonly clock: Clock;
}

const restartMsMax = 4_000;
const virtualMsMax = 2 * 3_600_000;
const confirmEveryMs = 10_000;
const dayMs = 24 * 3_600_000;

export async function runWorld(seed: number, planted: Planted | null): Promise<Ending> {
  const dice = openDice(seed);
  const plan = planOf(dice);
  const clock = manualClock();
  const world = openMemoryLog({ nowMs: () => clock.wallMs() });
  const s3 = openMemoryS3({
    nowMs: () => clock.wallMs(),
    buckets: [bucket, manifestBucket, reportBucket, targetBucket],
  });
  seedObjects(s3, plan);
  const published: Published[] = [];
  const faults: string[] = [];
  const stopping = new AbortController();
  let kills = 0;
  const calm = world.connect();
  await calm.spaces.create('control', controlTopics);

  const keepAlive = (
    name: string,
    run: (ports: InstancePorts, signal: AbortSignal) => Promise<void>,
  ) => {
    const start = () => {
      if (stopping.signal.aborted) return;
      const again = () => {
        kills += 1;
        void clock.sleep(dice.below(restartMsMax), stopping.signal).then(start);
      };
      const instance = openInstance(world, clock, s3.roles, dice, plan, again);
      run(instance.ports, stopping.signal).catch((error: unknown) => {
        if (!isLogError(error)) faults.push(`${name} threw ${String(error)}`);
        instance.kill();
      });
    };
    start();
  };

  const logger = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
  keepAlive('coordinator', (ports, signal) =>
    runCoordinator({ ...ports, logger }, plan.limits, signal),
  );
  for (let index = 0; index < 2; index += 1) {
    keepAlive(`ingest ${index}`, (ports, signal) => runIngest(ports, signal));
  }
  for (let index = 0; index < plan.workers; index += 1) {
    keepAlive(`worker ${index}`, (ports, signal) =>
      runWorker(
        {
          ...ports,
          log: plant(planted, 'worker', ports.log, dice),
          limits: { requestsInFlightMax: 8, laneTasksMax: 16, flushResultsMax: 10 },
        },
        signal,
      ),
    );
  }
  for (let index = 0; index < plan.reporters; index += 1) {
    keepAlive(`reporter ${index}`, (ports, signal) =>
      runReporter({ ...ports, log: plant(planted, 'reporter', ports.log, dice) }, signal),
    );
  }
  keepAlive('notifier', (ports, signal) =>
    runNotifier(
      {
        ...ports,
        region: 'us-east-1',
        logger,
        publisher: {
          publish: async (_topic, _subject, message) => {
            await ports.clock.sleep(dice.below(50), new AbortController().signal);
            if (dice.perMille(100)) return { kind: 'unavailable', message: 'try later' };
            published.push({ message });
            return { kind: 'published', messageId: String(published.length) };
          },
        },
      },
      signal,
    ),
  );

  const jobs = new Map<string, Job>();
  const view = await calm.log.follow(
    'control',
    jobsTopic,
    ({ key, value }) => {
      if (value !== null) jobs.set(key, jobCodec.decode(value));
    },
    stopping.signal,
  );
  const facts = new Map<string, number>();
  await calm.log.follow(
    'control',
    historyTopic,
    ({ value }) => {
      if (value === null) return;
      const { fact } = historyCodec.decode(value);
      facts.set(fact, (facts.get(fact) ?? 0) + 1);
    },
    stopping.signal,
  );
  for (const job of plan.jobs) void actOn(job, jobs, calm, clock, dice);
  void estimateAhead(plan, jobs, view, calm);
  const allEnded = async () => {
    const isOver = () =>
      plan.jobs.every(({ jobId }) => isTerminal(jobs.get(jobId)?.status ?? 'New'));
    while (!isOver() && !stopping.signal.aborted) await view.changed(stopping.signal);
    await untilPublished(plan, jobs, published, clock, stopping.signal);
  };
  try {
    await clock.run(allEnded(), virtualMsMax);
  } catch (error) {
    const states = plan.jobs.map(({ jobId }) => jobs.get(jobId)?.status ?? 'absent').join(', ');
    faults.push(`stuck with jobs ${states}: ${String(error)}`);
  }
  stopping.abort();
  await clock.advance(dayMs / 24);
  await readJobs(calm.log, jobs);
  return {
    plan,
    log: calm.log,
    s3,
    jobs,
    published,
    kills,
    facts,
    virtualMs: clock.monotonicMs(),
    faults,
    clock,
  };
}

/** What was written while everything stopped counts too. */
async function readJobs(log: Log, jobs: Map<string, Job>): Promise<void> {
  const forever = new AbortController().signal;
  const fold = ({ key, value }: StoredRecord) => {
    if (value !== null) jobs.set(key, jobCodec.decode(value));
  };
  const view = await log.follow('control', jobsTopic, fold, forever);
  await view.caughtUp('now', forever);
  await view.release();
}

/** The last notification may come after the job's end; a lost one is found by the time limit. */
async function untilPublished(
  plan: Plan,
  jobs: ReadonlyMap<string, Job>,
  published: readonly Published[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const lookMs = 1_000;
  const isTold = (jobId: string) => {
    const status = jobs.get(jobId)?.status ?? '';
    return published.some(
      ({ message }) => message.includes(jobId) && message.includes(`"status":"${status}"`),
    );
  };
  while (!signal.aborted && !plan.jobs.every(({ jobId }) => isTold(jobId))) {
    await clock.sleep(lookMs, signal);
  }
}

function seedObjects(s3: MemoryS3, plan: Plan): void {
  for (const job of plan.jobs) {
    s3.seed(manifestBucket, `job-${job.index}.csv`, job.manifestText);
    for (const { key, fate } of job.rows) {
      if (fate !== 'missing') s3.seed(bucket, key, key);
      if (fate === 'fine') tag(s3, key, 'before');
      if (fate !== 'denied') continue;
      const answer = { kind: 'refused', status: 403, code: 'AccessDenied' } as const;
      const at =
        job.request.operation.name === 'S3PutObjectCopy' ? copied(job, key) : { bucket, key };
      s3.fail({ ...at, answer: { ...answer, message: 'Access Denied' } });
    }
  }
}

function tag(s3: MemoryS3, key: string, value: string): void {
  setTags(s3.store, { bucket, key, versionId: null }, [{ Key: 'state', Value: value }]);
}

async function send(handle: MemoryHandle, message: Message): Promise<void> {
  await handle.log.send('control', [
    { topic: inboxTopic, partition: 0, key: 'simulated', value: messageCodec.encode(message) },
  ]);
}

async function actOn(
  job: Plan['jobs'][number],
  jobs: ReadonlyMap<string, Job>,
  handle: MemoryHandle,
  clock: Clock,
  dice: Dice,
): Promise<void> {
  const { jobId, request } = job;
  const base = (kind: string) => ({
    commandId: `${kind}-${job.index}`,
    accountId,
    atMs: clock.wallMs(),
  });
  const forever = new AbortController().signal;
  await clock.sleep(job.startMs, forever);
  const create = {
    ...base('create'),
    kind: 'create',
    jobId,
    request,
    requestHash: 'same',
  } as const;
  await send(handle, create);
  // The same token again, as a client does that never heard the answer.
  await send(handle, { ...create, commandId: `again-${job.index}`, jobId: `${jobId}-again` });
  let passedMs = 0;
  for (const { atMs, kind } of job.actions) {
    await clock.sleep(atMs - passedMs, forever);
    passedMs = atMs;
    switch (kind) {
      case 'cancel':
        await send(handle, {
          ...base(kind),
          kind: 'status',
          jobId,
          requested: 'Cancelled',
          reason: 'simulated',
        });
        break;
      case 'confirm':
        // A person asks again until it is so: a refused confirmation came too early.
        for (let tries = 0; isUnconfirmed(jobs.get(jobId)); tries += 1) {
          const commandId = `confirm-${job.index}-${tries}`;
          const requested = { ...base(kind), commandId, kind: 'status', jobId } as const;
          await send(handle, { ...requested, requested: 'Ready', reason: null });
          await clock.sleep(confirmEveryMs, forever);
        }
        break;
      case 'priority':
        await send(handle, { ...base(kind), kind, jobId, priority: dice.below(5) });
        break;
      case 'hold':
      case 'resume':
        await send(handle, { ...base(kind), kind, jobId });
        break;
    }
  }
}

function isUnconfirmed(job: Job | undefined): boolean {
  const early = ['New', 'Preparing', 'Suspended'];
  return job === undefined || early.includes(job.status);
}

/** Levels are idempotent and the first one counts: this is how small manifests get many lanes. */
async function estimateAhead(
  plan: Plan,
  jobs: ReadonlyMap<string, Job>,
  view: { changed(signal: AbortSignal): Promise<void> },
  handle: MemoryHandle,
): Promise<void> {
  const waiting = new Map(plan.jobs.map((job) => [job.jobId, job.tasksEstimated]));
  while (waiting.size > 0) {
    for (const [jobId, tasksEstimated] of waiting) {
      const job = jobs.get(jobId);
      if (job === undefined || job.status === 'New') continue;
      waiting.delete(jobId);
      if (tasksEstimated === 0 || job.status !== 'Preparing') continue;
      await send(handle, { kind: 'measured', jobId, turn: job.turn, tasksEstimated });
    }
    await view.changed(new AbortController().signal);
  }
}
