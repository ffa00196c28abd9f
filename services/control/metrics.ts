// Figures for Prometheus, read from the jobs' own records when a scraper asks. Counters grow by
// what was added since the scrape before, so that a job that is forgotten after 90 days takes
// nothing away; what a restarted process finds is where it starts, not what it adds.
// Invariant: the number of label values is bounded, whatever the jobs are.
import { Counter, Gauge, Registry } from 'prom-client';
import type { Clock } from '../core/clock.ts';
import type { RefusalCode } from '../core/errors.ts';
import { type Job, jobStatuses } from '../core/job.ts';
import { totalsOf } from '../core/progress.ts';
import type { RuleOutcome } from './rules/rule.ts';

export const failureCodeLabelsMax = 50;

export interface Metrics {
  readonly contentType: string;
  /** What came of a delivery that a rule looked at. Rules are bounded by their file. */
  countDelivery(rule: string, outcome: RuleOutcome): void;
  /** A record of an outside producer that cannot be used. Codes are those of the error table. */
  countRejected(code: RefusalCode): void;
  /**
   * jobs: every job that is kept, of all accounts. null: they cannot be read now; what tells of
   * the jobs of this moment is left out then, and counters stand still.
   */
  render(jobs: readonly Job[] | null): Promise<string>;
}

interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly retries: number;
  readonly codes: ReadonlyMap<string, number>;
}

/** registry: what else control shows may stand in it already. */
export function openMetrics(clock: Clock, registry: Registry = new Registry()): Metrics {
  const registers = [registry];
  const levels = new Registry();
  const jobsByStatus = new Gauge({
    name: 's3batch_jobs',
    help: 'Jobs that are kept, by status',
    labelNames: ['status'],
    registers: [levels],
  });
  const tasks = new Counter({
    name: 's3batch_tasks_total',
    help: 'Finished tasks, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const failures = new Counter({
    name: 's3batch_task_failures_total',
    help: 'Failed tasks, by error code',
    labelNames: ['code'],
    registers,
  });
  const retries = new Counter({
    name: 's3batch_task_retries_total',
    help: 'Attempts beyond the first',
    registers,
  });
  const deliveries = new Counter({
    name: 's3batch_deliveries_total',
    help: 'Looks at inventory deliveries, by rule and outcome',
    labelNames: ['rule', 'outcome'],
    registers,
  });
  const rejected = new Counter({
    name: 's3batch_events_rejected_total',
    help: 'Records of outside producers that could not be used, by code',
    labelNames: ['code'],
    registers,
  });
  const rate = new Gauge({
    name: 's3batch_tasks_per_second',
    help: 'Tasks finished per second since the scrape before',
    registers: [levels],
  });
  const lag = new Gauge({
    name: 's3batch_tasks_lag',
    help: 'Tasks of unfinished jobs that have no result yet',
    registers: [levels],
  });

  let before: ReadonlyMap<string, Counts> | null = null;
  let beforeMs = clock.monotonicMs();
  const codeLabels = new Set<string>();
  const labelOf = (code: string): string => {
    if (codeLabels.size < failureCodeLabelsMax) codeLabels.add(code);
    return codeLabels.has(code) ? code : 'other';
  };

  const count = (jobs: readonly Job[]): void => {
    const now = new Map(jobs.map((job) => [job.id, countsOf(job)]));
    const elapsedMs = clock.monotonicMs() - beforeMs;
    let done = 0;
    for (const [id, counts] of now) {
      const added = before === null ? null : difference(counts, before.get(id));
      if (added === null) continue;
      tasks.inc({ outcome: 'succeeded' }, added.succeeded);
      tasks.inc({ outcome: 'failed' }, added.failed);
      retries.inc(added.retries);
      for (const [code, failed] of added.codes) failures.inc({ code: labelOf(code) }, failed);
      done += added.succeeded + added.failed;
    }
    rate.set(elapsedMs > 0 ? (done * 1000) / elapsedMs : 0);
    before = now;
    beforeMs += elapsedMs;
  };

  return {
    contentType: registry.contentType,
    countDelivery: (rule, outcome) => deliveries.inc({ rule, outcome }),
    countRejected: (code) => rejected.inc({ code }),
    async render(jobs) {
      if (jobs === null) return registry.metrics();
      for (const status of jobStatuses) {
        jobsByStatus.set({ status }, jobs.filter((job) => job.status === status).length);
      }
      for (const outcome of ['succeeded', 'failed']) tasks.inc({ outcome }, 0);
      lag.set(jobs.reduce((sum, job) => sum + lagOf(job), 0));
      count(jobs);
      return (await registry.metrics()) + (await levels.metrics());
    },
  };
}

function countsOf(job: Job): Counts {
  const { succeeded, failed, retries } = totalsOf(job.lanes);
  const codes = new Map<string, number>();
  for (const lane of job.lanes) {
    for (const [code, failures] of Object.entries(lane.codes)) {
      codes.set(code, (codes.get(code) ?? 0) + failures);
    }
  }
  return { succeeded, failed, retries, codes };
}

/** Counters never fall; a level that did is a bug elsewhere and must not stop the scrape. */
function difference(now: Counts, then: Counts | undefined): Counts {
  const added = (a: number, b: number | undefined): number => Math.max(0, a - (b ?? 0));
  return {
    succeeded: added(now.succeeded, then?.succeeded),
    failed: added(now.failed, then?.failed),
    retries: added(now.retries, then?.retries),
    codes: new Map(
      [...now.codes].map(([code, value]) => [code, added(value, then?.codes.get(code))]),
    ),
  };
}

function lagOf(job: Job): number {
  if (job.total === null || job.terminatedMs !== null) return 0;
  return Math.max(0, job.total - totalsOf(job.lanes).read);
}
