// schedule: which jobs are prepared, run and make room. Pure: priority, then age, then id.
// Invariants: per account at most activeJobsMax jobs are Active or Pausing; a held job is never
// activated; a job is outranked only by one of strictly higher priority that waits for its slot; a
// Pausing job keeps its slot until it has drained, and no second job makes room for the same one.
import type { Fact } from './fact.ts';
import type { Job, JobStatus } from './job.ts';

export interface ScheduleLimits {
  /** Per account; AWS's own limit is 6. 0 pauses every job; another one takes no slot away. */
  readonly activeJobsMax: number;
  /**
   * Jobs of all accounts that may hold tasks on their way at the same time. Suspended ones do not
   * count: jobs that nobody confirms for 30 days must not keep the others out.
   */
  readonly preparedJobsMax: number;
}

export interface Scheduled {
  readonly jobId: string;
  readonly fact: Fact;
}

const holdingTasks: ReadonlySet<JobStatus> = new Set<JobStatus>([
  'Preparing',
  'Ready',
  'Active',
  'Pausing',
  'Paused',
]);

/** Terminal jobs may be left out; they make no difference. */
export function schedule(jobs: readonly Job[], limits: ScheduleLimits): readonly Scheduled[] {
  const ranked = jobs.toSorted(byRank);
  const accounts = Map.groupBy(ranked, (job) => job.request.accountId);
  return [
    ...prepare(ranked, limits.preparedJobsMax),
    ...[...accounts.values()].flatMap((own) => run(own, limits.activeJobsMax)),
  ];
}

function prepare(ranked: readonly Job[], preparedJobsMax: number): Scheduled[] {
  const prepared = ranked.filter((job) => holdingTasks.has(job.status)).length;
  return ranked
    .filter((job) => job.status === 'New')
    .slice(0, Math.max(0, preparedJobsMax - prepared))
    .map((job) => scheduled(job, 'PreparationStarted'));
}

function run(ranked: readonly Job[], activeJobsMax: number): Scheduled[] {
  const active = ranked.filter((job) => job.status === 'Active');
  const pausing = ranked.filter((job) => job.status === 'Pausing');
  const waiting = ranked.filter(
    (job) => !job.held && (job.status === 'Ready' || job.status === 'Paused'),
  );
  const free = Math.max(0, activeJobsMax - active.length - pausing.length);
  const held = active.filter((job) => job.held);
  const outranked = active.filter((job) => !job.held);
  // Slots that are about to be free belong to the first who still wait.
  const late = waiting.slice(free + pausing.length + held.length);
  const yielding = outranked.toReversed().filter((lowest, index) => {
    if (activeJobsMax === 0) return true;
    const job = late[index];
    return job !== undefined && job.priority > lowest.priority;
  });
  return [
    ...[...held, ...yielding].map((job) => scheduled(job, 'Outranked')),
    ...waiting.slice(0, free).map((job) => scheduled(job, 'Activated')),
  ];
}

function scheduled(job: Job, name: 'PreparationStarted' | 'Activated' | 'Outranked'): Scheduled {
  return { jobId: job.id, fact: { name } };
}

function byRank(a: Job, b: Job): number {
  return b.priority - a.priority || a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);
}
