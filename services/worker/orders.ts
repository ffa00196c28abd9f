// What a job asks of its workers, as a function of the job's record alone.
import type { Job } from '../core/job.ts';

/**
 * work: run its tasks. drain: start nothing new, and say when nothing is in flight any more.
 * stop: the same, and end the results. leave: nothing is wanted here.
 */
export type Mode = 'work' | 'drain' | 'stop' | 'leave';

export interface Order {
  readonly mode: Mode;
  readonly turn: number;
}

/** An order as lanes see it. */
export interface StandingOrder extends Order {
  readonly job: Job;
  /** Aborted when another order has taken its place. */
  readonly until: AbortSignal;
}

export function orderOf(job: Job): Order {
  return { mode: modeOf(job), turn: job.turn };
}

function modeOf(job: Job): Mode {
  if (job.space !== 'open') return 'leave';
  switch (job.status) {
    case 'Active':
      return 'work';
    case 'Pausing':
      return 'drain';
    case 'Cancelling':
    case 'Failing':
      return job.activations > 0 && hasOpenLane(job) ? 'stop' : 'leave';
    case 'New':
    case 'Preparing':
    case 'Suspended':
    case 'Ready':
    case 'Paused':
    case 'Completing':
    case 'Complete':
    case 'Cancelled':
    case 'Failed':
      return 'leave';
  }
}

function hasOpenLane(job: Job): boolean {
  return job.lanes.some(({ ended }) => ended === null);
}
