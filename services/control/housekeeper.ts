// The housekeeper does for the coordinator what no message asks for: it ends the lanes of jobs
// whose workers are gone, drops spaces that have served, fails jobs that nobody confirms, forgets
// old ones.
// Invariant: everything it does to the log may be done twice; the fact that says so comes after.
// A space is touched only for a job that the book holds; an unknown one is reported, never deleted.
import type { Logger } from 'pino';
import { resultRecordCodec } from '../../schemas/codec.ts';
import type { Clock } from '../core/clock.ts';
import type { Job } from '../core/job.ts';
import { laneStateOf, stoppedNote } from '../core/lane-note.ts';
import { isLogError, type Log, laneIdentity, type Spaces } from '../core/log.ts';
import { jobSpace, resultsTopic, tasksTopic, workerGroup } from '../core/names.ts';
import { isForgettable, isSpaceSpent, unconfirmed } from '../core/retention.ts';
import { isTerminal } from '../core/transitions.ts';
import type { Book } from './coordinator-book.ts';
import type { CoordinatorLimits } from './coordinator-limits.ts';

export interface HousekeeperPorts {
  readonly log: Log;
  readonly spaces: Spaces;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

export interface Housekeeper {
  /** Does what is due by now; facts go into the book. */
  work(signal: AbortSignal): Promise<void>;
  /** How long until something may be due that no message announces. */
  nextMs(): number;
  /** Names the spaces that belong to no job. */
  reportStrangers(): Promise<void>;
}

/** Timers of days are looked at this often, and each time a job has ended. */
const roundEveryMs = 600_000;
/** Spaces dropped in one round: each may take a second, and commands wait meanwhile. */
const dropsPerRoundMax = 10;
/** Wall and monotonic clock may drift apart by so much between two rounds … */
const clockStepMsMax = 3_600_000;
/** … else the timers of days hold for so long, time to set the clock right again. */
const clockHoldMs = 3_600_000;

interface Ending {
  readonly turn: number;
  readonly sinceMs: number;
}

export function openHousekeeper(
  book: Book,
  ports: HousekeeperPorts,
  limits: CoordinatorLimits,
): Housekeeper {
  const { log, spaces, clock, logger } = ports;
  const endings = new Map<string, Ending>();
  let roundAtMs = clock.monotonicMs();
  let clockGapMs = clock.wallMs() - clock.monotonicMs();
  let heldUntilMs = 0;
  let livedBefore: readonly Job[] = [];

  /** Remembers since when each job waits for its lanes, and notices those that have ended. */
  function watch(nowMs: number): void {
    const live = book.live();
    if (livedBefore.some(({ id }) => hasEnded(book.get(id)))) roundAtMs = nowMs;
    livedBefore = live;
    const waiting = live.filter(waitsForLanes);
    const ids = new Set(waiting.map((job) => job.id));
    for (const jobId of endings.keys()) if (!ids.has(jobId)) endings.delete(jobId);
    for (const job of waiting) {
      if (endings.get(job.id)?.turn === job.turn) continue;
      endings.set(job.id, { turn: job.turn, sinceMs: nowMs });
    }
  }

  async function endLanes(job: Job, signal: AbortSignal): Promise<void> {
    for (const [partition, lane] of job.lanes.entries()) {
      if (lane.ended !== null || isDrained(job, lane.drainedTurn)) continue;
      try {
        await endLane(job, partition, signal);
      } catch (error) {
        // Fenced: a worker is back and ends it itself. Gone: there is no lane any more.
        if (!isLogError(error) || error.failure === 'lost') throw error;
        if (error.failure === 'broken') giveUpLane(job, partition, error.message);
      }
    }
  }

  /** Nobody can end it any more, nor report it: so that the job ends, we say both of it. */
  function giveUpLane(job: Job, partition: number, reason: string): void {
    logger.warn({ jobId: job.id, partition, reason }, 'lane given up: the log lost its place');
    const { id: jobId, turn } = job;
    const lane = job.lanes[partition];
    if (lane === undefined) return;
    if (job.status === 'Pausing') {
      book.take({ kind: 'drained', jobId, turn, partition }, clock.wallMs());
      return;
    }
    const { read, succeeded, failed, retries, codes } = lane;
    const counted = { read, succeeded, failed, retries, codes };
    book.take(
      { kind: 'progress', jobId, turn, partition, ...counted, ended: 'stopped' },
      clock.wallMs(),
    );
    const reported = {
      result: 'failed',
      manifestKey: '',
      succeeded: 0,
      failed: 0,
      reason,
    } as const;
    book.take({ kind: 'reported', jobId, turn, reported }, clock.wallMs());
  }

  /** The claim fences whoever had the lane: from here on nothing of it is in flight. */
  async function endLane(job: Job, partition: number, signal: AbortSignal): Promise<void> {
    const identity = laneIdentity(workerGroup, tasksTopic, partition);
    const writer = await log.claim(jobSpace(job.id), identity, signal);
    // A claim that was given up fences nobody.
    if (signal.aborted) return;
    logger.warn(
      { jobId: job.id, partition, status: job.status },
      'lane taken over: no worker ended it',
    );
    const { next, note } = writer.position;
    if (job.status !== 'Pausing' && laneStateOf(note) === 'open') {
      const value = resultRecordCodec.encode({ kind: 'end', reason: 'stopped' });
      const end = { topic: resultsTopic, partition, key: '', value };
      await writer.commit([end], { next, note: stoppedNote(note) });
    }
    await writer.release();
    if (job.status !== 'Pausing') return;
    const drained = { kind: 'drained', jobId: job.id, turn: job.turn, partition } as const;
    book.take(drained, clock.wallMs());
  }

  /** The time by which days are counted; 0 while the clocks disagree, when nothing is old. */
  function daysMs(): number {
    const nowMs = clock.monotonicMs();
    const gapMs = clock.wallMs() - nowMs;
    if (Math.abs(gapMs - clockGapMs) > clockStepMsMax) {
      logger.warn(
        { stepMs: gapMs - clockGapMs },
        'the wall clock jumped: timers of days hold for 1 h',
      );
      heldUntilMs = nowMs + clockHoldMs;
    }
    clockGapMs = gapMs;
    return nowMs < heldUntilMs ? 0 : Math.max(clock.wallMs(), book.newestMs);
  }

  async function round(): Promise<void> {
    const nowMs = daysMs();
    let drops = 0;
    for (const job of book.all()) {
      const late = unconfirmed(job, nowMs, limits);
      if (late !== null) book.apply(job.id, late, clock.wallMs());
      if (isForgettable(job, nowMs, limits)) book.forget(job.id);
      if (!isSpaceSpent(job, nowMs, limits) || drops === dropsPerRoundMax) continue;
      drops += 1;
      await spaces.close(jobSpace(job.id));
      await spaces.drop(jobSpace(job.id));
      book.apply(job.id, { name: 'SpaceDropped' }, clock.wallMs());
    }
  }

  async function work(signal: AbortSignal): Promise<void> {
    const nowMs = clock.monotonicMs();
    watch(nowMs);
    for (const [jobId, { turn, sinceMs }] of endings) {
      const job = book.get(jobId);
      if (job === undefined || nowMs - sinceMs < limits.laneEndMsMax) continue;
      await endLanes(job, signal);
      endings.set(jobId, { turn, sinceMs: clock.monotonicMs() });
    }
    if (nowMs < roundAtMs) return;
    roundAtMs = nowMs + roundEveryMs;
    await round();
  }

  function nextMs(): number {
    const nowMs = clock.monotonicMs();
    watch(nowMs);
    const lanesAtMs = Array.from(endings.values(), ({ sinceMs }) => sinceMs + limits.laneEndMsMax);
    return Math.max(0, Math.min(roundAtMs, ...lanesAtMs) - nowMs);
  }

  async function reportStrangers(): Promise<void> {
    for (const { space, bytes } of await spaces.list()) {
      if (!space.startsWith('job.')) continue;
      const job = book.get(space.slice('job.'.length));
      if (job !== undefined && job.space !== 'dropped') continue;
      logger.warn({ space, bytes }, 'a space belongs to no job; it is left as it is');
    }
  }

  return { work, nextMs, reportStrangers };
}

function hasEnded(job: Job | undefined): boolean {
  return job === undefined || isTerminal(job.status);
}

function waitsForLanes(job: Job): boolean {
  if (job.activations === 0 || isTerminal(job.status)) return false;
  const { status } = job;
  if (status !== 'Pausing' && status !== 'Cancelling' && status !== 'Failing') return false;
  return job.lanes.some((lane) => lane.ended === null && !isDrained(job, lane.drainedTurn));
}

function isDrained(job: Job, drainedTurn: number): boolean {
  return job.status === 'Pausing' && drainedTurn === job.turn;
}
