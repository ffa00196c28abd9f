// Progress: what the reporter has read of each lane, merged, summed and judged.
// Invariant: no counter ever falls and an ended lane stays ended, whatever arrives late, twice or
// out of order. A contradiction is kept in the sums, where reconciliation finds it.
import type { Job, LaneLevel } from './job.ts';

export const emptyLane: LaneLevel = {
  read: 0,
  succeeded: 0,
  failed: 0,
  retries: 0,
  codes: {},
  ended: null,
  drainedTurn: -1,
  waiting: null,
};

export type LaneCounters = Omit<LaneLevel, 'drainedTurn' | 'waiting'>;

/** Levels are absolute; the same object comes back when this one says nothing new. */
export function mergeLane(lane: LaneLevel, said: LaneCounters): LaneLevel {
  const ended = lane.ended ?? said.ended;
  if (said.read < lane.read || (said.read === lane.read && ended === lane.ended)) {
    return ended === lane.ended ? lane : { ...lane, ended };
  }
  return {
    ...lane,
    read: said.read,
    succeeded: Math.max(lane.succeeded, said.succeeded),
    failed: Math.max(lane.failed, said.failed),
    retries: Math.max(lane.retries, said.retries),
    codes: said.codes,
    ended,
  };
}

export interface Totals {
  readonly read: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retries: number;
}

export function totalsOf(lanes: readonly LaneLevel[]): Totals {
  const totals = { read: 0, succeeded: 0, failed: 0, retries: 0 };
  for (const lane of lanes) {
    totals.read += lane.read;
    totals.succeeded += lane.succeeded;
    totals.failed += lane.failed;
    totals.retries += lane.retries;
  }
  return totals;
}

/** Below this many tasks no job fails for its tasks' sake. */
export const thresholdTasksMin = 1000;

/** More than half of at least a thousand (User Guide, "Tracking job failures"). */
export function isThresholdCrossed(totals: Totals): boolean {
  const run = totals.succeeded + totals.failed;
  return run >= thresholdTasksMin && totals.failed * 2 > run;
}

/** Timers.ElapsedTimeInActiveSeconds of the wire. */
export function elapsedActiveSeconds(job: Job, nowMs: number): number {
  const running = job.status === 'Active' ? Math.max(0, nowMs - job.statusMs) : 0;
  return Math.floor((job.activeMs + running) / 1000);
}
