// The job's law as a whole: random commands, levels (late, repeated, reordered, of old turns, some
// of them plain wrong), time and the schedule, against a few jobs at once.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, type Step, unfold } from '../../../services/core/decide.ts';
import { type Job, jobStatuses, type LaneLevel } from '../../../services/core/job.ts';
import type { Command, Level, Message } from '../../../services/core/message.ts';
import { totalsOf } from '../../../services/core/progress.ts';
import { retentionDefaults, unconfirmed } from '../../../services/core/retention.ts';
import { schedule } from '../../../services/core/schedule.ts';
import { isTerminal, transitions } from '../../../services/core/transitions.ts';
import {
  createCommand,
  decideLimits,
  holdCommand,
  priorityCommand,
  progress,
  reported,
  resumeCommand,
  statusCommand,
  tagsCommand,
} from '../../support/job-samples.ts';

const jobIds = ['a', 'b', 'c'] as const;
const scheduleLimits = { activeJobsMax: 1, preparedJobsMax: 2 };

type Act =
  | { readonly kind: 'command'; readonly command: Command }
  /** back: how many turns ago the sender looked; negative turns are the future. */
  | { readonly kind: 'level'; readonly back: number; readonly level: Level }
  | { readonly kind: 'again'; readonly index: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'schedule' }
  /** The services do what they should for one job. */
  | { readonly kind: 'serve'; readonly jobId: string; readonly service: Service };

const services = ['ingest', 'worker', 'reporter', 'finisher', 'client'] as const;
type Service = (typeof services)[number];

const jobId = fc.constantFrom(...jobIds);
const partition = fc.nat({ max: 4 });

const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(jobId, fc.nat({ max: 3 }), fc.boolean())
    .map(([id, priority, confirmationRequired]) =>
      createCommand(id, { priority, confirmationRequired }),
    ),
  fc
    .tuple(jobId, fc.constantFrom('Ready', 'Cancelled'))
    .map(([id, requested]) => statusCommand(id, requested)),
  fc.tuple(jobId, fc.nat({ max: 9 })).map(([id, priority]) => priorityCommand(id, priority)),
  fc
    .tuple(jobId, fc.constantFrom('a', 'b'))
    .map(([id, Value]) => tagsCommand(id, [{ Key: 'k', Value }])),
  jobId.map(holdCommand),
  jobId.map(resumeCommand),
);

const failure = { code: 'InvalidManifestContent', reason: 'Row 3 has 1 column.' };
const ended: fc.Arbitrary<LaneLevel['ended']> = fc.constantFrom(
  null,
  null,
  'exhausted' as const,
  'stopped' as const,
);

const level: fc.Arbitrary<Level> = fc.oneof(
  fc.tuple(jobId, fc.nat({ max: 3_000_000 })).map(
    ([id, tasksEstimated]): Level => ({
      kind: 'measured',
      jobId: id,
      turn: 0,
      tasksEstimated,
    }),
  ),
  fc
    .tuple(jobId, fc.nat({ max: 40 }))
    .map(([id, total]): Level => ({ kind: 'prepared', jobId: id, turn: 0, total })),
  jobId.map((id): Level => ({ kind: 'unprepared', jobId: id, turn: 0, failure })),
  fc
    .tuple(jobId, partition, fc.nat({ max: 900 }), fc.nat({ max: 900 }), ended)
    .map(([id, lane, succeeded, failed, end]) =>
      progress(id, 0, lane, { succeeded, failed, ended: end }),
    ),
  fc
    .tuple(jobId, partition)
    .map(([id, lane]): Level => ({ kind: 'drained', jobId: id, turn: 0, partition: lane })),
  fc.tuple(jobId, partition, fc.option(fc.constant('S3 is away'))).map(
    ([id, lane, reason]): Level => ({
      kind: 'waiting',
      jobId: id,
      turn: 0,
      partition: lane,
      reason,
    }),
  ),
  fc
    .tuple(jobId, fc.nat({ max: 40 }), fc.constantFrom('written', 'none', 'failed'))
    .map(([id, succeeded, result]) => reported(id, 0, { succeeded, result })),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: command.map((one): Act => ({ kind: 'command', command: one })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 0, 0, 0, 1, 2, -1), level)
      .map(([back, one]): Act => ({ kind: 'level', back, level: one })),
  },
  { weight: 1, arbitrary: fc.nat().map((index): Act => ({ kind: 'again', index })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(-5_000, 10, 3_600_000, 31 * 86_400_000)
      .map((ms): Act => ({ kind: 'pass', ms })),
  },
  { weight: 3, arbitrary: fc.constant<Act>({ kind: 'schedule' }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(jobId, fc.constantFrom(...services))
      .map(([id, service]): Act => ({ kind: 'serve', jobId: id, service })),
  },
);

class World {
  readonly jobs = new Map<string, Job>();
  readonly sent: Message[] = [];
  readonly steps: Step[] = [];
  readonly ended = new Map<string, string>();
  nowMs = 1_000_000;

  play(one: Act): void {
    switch (one.kind) {
      case 'command':
        return this.take(one.command);
      case 'level': {
        const turn = (this.jobs.get(one.level.jobId)?.turn ?? 0) - one.back;
        return this.take({ ...one.level, turn });
      }
      case 'again': {
        const message = this.sent[one.index % Math.max(1, this.sent.length)];
        return message === undefined ? undefined : this.take(message);
      }
      case 'pass':
        this.nowMs += one.ms;
        for (const job of this.jobs.values()) {
          const late = unconfirmed(job, this.nowMs, retentionDefaults);
          if (late !== null) this.keep(job, unfold(job, late, this.nowMs));
        }
        return undefined;
      case 'schedule':
        return this.arrange();
      case 'serve': {
        const job = this.jobs.get(one.jobId);
        return job === undefined ? undefined : this.serve(job, one.service);
      }
    }
  }

  take(message: Message): void {
    this.sent.push(message);
    const before = this.jobs.get(message.jobId);
    const decision = decide(before, message, this.nowMs, decideLimits);
    if (decision.kind === 'facts') this.keep(before, decision);
  }

  serve(job: Job, service: Service): void {
    const base = { jobId: job.id, turn: job.turn };
    switch (service) {
      case 'ingest':
        this.take({ ...base, kind: 'measured', tasksEstimated: 9 });
        return this.take({ ...base, kind: 'prepared', total: 9 });
      case 'worker':
        for (const lane of job.lanes.keys()) {
          this.take({ ...base, kind: 'drained', partition: lane });
        }
        return undefined;
      case 'reporter':
        if (job.status !== 'Paused' && job.status !== 'Pausing') this.endLanes(job);
        return undefined;
      case 'finisher': {
        if (job.lanes.some((lane) => lane.ended === null)) return undefined;
        const { succeeded, failed } = totalsOf(job.lanes);
        return this.take(reported(job.id, job.turn, { succeeded, failed }));
      }
      case 'client':
        this.take(resumeCommand(job.id));
        return this.take(statusCommand(job.id, 'Ready'));
    }
  }

  /** An active job's lanes end with as many results as it has tasks, if there are not more already. */
  endLanes(job: Job): void {
    const { read } = totalsOf(job.lanes);
    const active = job.status === 'Active';
    const rest = active ? Math.max(0, (job.total ?? 0) - read) : 0;
    const end = active ? 'exhausted' : 'stopped';
    for (const [partitionAt, lane] of job.lanes.entries()) {
      const succeeded = lane.succeeded + (partitionAt === 0 ? rest : 0);
      const counts = { succeeded, failed: lane.failed, ended: end } as const;
      this.take(progress(job.id, job.turn, partitionAt, counts));
    }
  }

  /** Ends by itself, whatever state the jobs are in: that is part of what is tested. */
  arrange(): void {
    for (let rounds = 0; ; rounds += 1) {
      expect(rounds, 'the schedule never comes to rest').toBeLessThan(100);
      const scheduled = schedule([...this.jobs.values()], scheduleLimits);
      if (scheduled.length === 0) return;
      for (const { jobId: id, fact } of scheduled) {
        const job = this.jobs.get(id);
        if (job === undefined) throw new Error(`${id} was scheduled, but there is no such job`);
        expect(transitions[job.status][fact.name], `${job.status} ${fact.name}`).toBeDefined();
        this.keep(job, unfold(job, fact, this.nowMs));
      }
      const active = [...this.jobs.values()].filter(
        ({ status }) => status === 'Active' || status === 'Pausing',
      );
      expect(active.length).toBeLessThanOrEqual(scheduleLimits.activeJobsMax);
    }
  }

  keep(before: Job | undefined, after: { job: Job; steps: readonly Step[] }): void {
    const { job, steps } = after;
    this.steps.push(...steps);
    let version = before?.version ?? 0;
    let status = before?.status ?? null;
    for (const step of steps) {
      version += 1;
      expect(step.job.version).toBe(version);
      expect(step.from).toBe(status);
      if (step.from !== null && step.job.status !== step.from) {
        expect(transitions[step.from][step.fact.name]).toBe(step.job.status);
      }
      status = step.job.status;
    }
    expect(job.version).toBe(version);
    if (before !== undefined) compare(before, job);
    if (isTerminal(job.status)) this.stay(job);
    this.jobs.set(job.id, job);
  }

  /** Terminal is terminal: nothing of such a job changes any more but its tags. */
  stay(job: Job): void {
    const text = JSON.stringify({ ...job, tags: [], version: 0 });
    expect(this.ended.get(job.id) ?? text).toBe(text);
    this.ended.set(job.id, text);
    expect(job.terminatedMs).not.toBeNull();
  }
}

function compare(before: Job, after: Job): void {
  const [then, now] = [totalsOf(before.lanes), totalsOf(after.lanes)];
  expect(now.read).toBeGreaterThanOrEqual(then.read);
  expect(now.succeeded).toBeGreaterThanOrEqual(then.succeeded);
  expect(now.failed).toBeGreaterThanOrEqual(then.failed);
  expect(after.statusMs).toBeGreaterThanOrEqual(before.statusMs);
  expect(after.activeMs).toBeGreaterThanOrEqual(before.activeMs);
  expect(after.turn).toBeGreaterThanOrEqual(before.turn);
}

const acts = fc.array(act, { maxLength: 120, size: 'max' });

/** Every status that was reached. */
function live(parameters: fc.Parameters<[Act[]]>): ReadonlySet<string> {
  const reached = new Set<string>();
  fc.assert(
    fc.property(acts, (list) => {
      const world = new World();
      for (const one of list) world.play(one);
      for (const { from, job } of world.steps) reached.add(from ?? '').add(job.status);
    }),
    parameters,
  );
  return reached;
}

test('whatever comes in whatever order, jobs move along the table and no message crashes', () => {
  live({ numRuns: 400 });
});

test('the random lives come through every status', () => {
  // One seed, since some statuses are rare: what is never reached has not been tested.
  const reached = live({ numRuns: 400, seed: 1 });
  expect(jobStatuses.filter((status) => !reached.has(status))).toEqual([]);
});

test('a job whose lanes all end and whose report is written always ends', () => {
  fc.assert(
    fc.property(acts, (list) => {
      const world = new World();
      for (const one of list) world.play(one);
      for (let round = 0; round < 60; round += 1) {
        world.arrange();
        for (const job of world.jobs.values()) {
          for (const service of services) world.serve(job, service);
        }
      }
      const stuck = [...world.jobs.values()].filter(({ status }) => !isTerminal(status));
      expect(stuck.map(({ id, status }) => `${id} ${status}`)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('the same messages in the same order give the same jobs', () => {
  fc.assert(
    fc.property(acts, (list) => {
      const [first, second] = [new World(), new World()];
      for (const one of list) first.play(one);
      for (const one of list) second.play(one);
      expect([...second.jobs]).toEqual([...first.jobs]);
    }),
    { numRuns: 50 },
  );
});
