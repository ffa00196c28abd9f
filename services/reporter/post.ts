// The post of a reporter at one job: its lanes, its progress and, at the end, the finisher.
// Modes: joined (lanes come and go) → dismissed (the job has its report, or the process stops) →
// left.
// Invariant: nothing of the job runs here once run has resolved.
import { aborted } from '../core/bell.ts';
import { openCollector } from '../core/collector.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type Lane } from '../core/log.ts';
import { jobSpace, reporterGroup, resultsTopic } from '../core/names.ts';
import type { Post } from '../core/posts.ts';
import { openWake } from '../core/wake.ts';
import { finishReport } from './finisher.ts';
import { runLane } from './lane.ts';
import { wantedOf } from './orders.ts';
import { inboxRecord, openProgress } from './progress.ts';
import type { World } from './world.ts';

export function openPost(world: World, first: Job): Post {
  let job = first;
  const changes = openWake();
  const dismissal = new AbortController();
  const dismissed = AbortSignal.any([dismissal.signal, world.stopping]);
  const progress = openProgress(world, () => job);

  /** Rejects only if the log is lost or a bug was found. True: join again. */
  async function serve(): Promise<boolean> {
    const left = new AbortController();
    const lanes = openCollector();
    let isFenced = false;
    let brokenReason: string | null = null;
    const over = AbortSignal.any([dismissed, left.signal, lanes.failed]);

    async function hold(lane: Lane): Promise<void> {
      try {
        await runLane(world, job, lane, over, progress.hold(lane.partition));
      } catch (error) {
        if (!isLogError(error) || error.failure === 'lost') throw error;
        isFenced = error.failure === 'fenced' && !lane.revoked.aborted;
        brokenReason ??= error.failure === 'broken' ? error.message : null;
        if (isFenced || brokenReason !== null) left.abort();
      }
    }

    try {
      const given = world.log.join(jobSpace(job.id), resultsTopic, reporterGroup, over);
      for await (const lane of given) lanes.add(hold(lane));
    } catch (error) {
      if (!isLogError(error) || error.failure === 'lost') throw error;
      if (error.failure === 'broken') brokenReason = error.message;
      else {
        await lanes.ended();
        await aborted(dismissed);
      }
    }
    await lanes.ended();
    if (brokenReason !== null) {
      const where = { jobId: job.id, reason: brokenReason };
      world.logger.warn(where, 'the report cannot go on: cancel the job, and start it anew');
      await aborted(dismissed);
    }
    return isFenced;
  }

  /** Writes the manifest once it is due, and says so until the job's record shows it. */
  async function finish(): Promise<void> {
    let takeovers = 0;
    while (!dismissed.aborted) {
      const { next } = changes;
      if (wantedOf(job) !== 'finish') await aborted(AbortSignal.any([next, dismissed]));
      else {
        const reported = await finishReport(world, job, dismissed).catch(nothingIfTakenOver);
        if (reported !== null) {
          await tellUntilShown((turn) => ({ kind: 'reported', jobId: job.id, turn, reported }));
        } else {
          // Once at once: brokers fence a commit that took long, though nobody else wants the job.
          takeovers += 1;
          if (takeovers > 1) await world.clock.sleep(world.limits.finisherDelayMs, dismissed);
        }
      }
    }
  }

  async function tellUntilShown(
    level: (turn: number) => Parameters<typeof inboxRecord>[0],
  ): Promise<void> {
    let saidTurn: number | null = null;
    while (!dismissed.aborted) {
      const { next } = changes;
      if (saidTurn !== job.turn) {
        saidTurn = job.turn;
        await world.log.send('control', [inboxRecord(level(saidTurn))]);
      } else await aborted(AbortSignal.any([next, dismissed]));
    }
  }

  return {
    update: (newest) => {
      if (newest !== null) job = newest;
      if (newest === null || wantedOf(newest) === 'nothing') dismissal.abort();
      progress.look();
      changes.ring();
    },
    run: async () => {
      const own = openCollector();
      own.add(progress.run(dismissed));
      own.add(finish());
      own.add(serveOn(world, dismissed, serve));
      await own.ended();
    },
  };
}

async function serveOn(
  world: World,
  dismissed: AbortSignal,
  serve: () => Promise<boolean>,
): Promise<void> {
  while (!dismissed.aborted) {
    if (await serve()) await world.clock.sleep(world.limits.rejoinDelayMs, dismissed);
  }
}

/** Another reporter finishes the job, or its space is closed already. */
function nothingIfTakenOver(error: unknown): null {
  if (!isLogError(error) || error.failure === 'lost') throw error;
  return null;
}
