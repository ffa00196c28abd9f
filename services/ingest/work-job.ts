// One job from Preparing on: measure and say so; then, when the job record shows its partitions,
// write its tasks and say so. What fails the job is said in a level too.
// Invariant: everything said is derived from the job record and the committed cursor, so this can
// stop anywhere and be begun again. A level is sent until the record shows its effect.
import { messageCodec } from '../../schemas/codec.ts';
import type { Failure, Job } from '../core/job.ts';
import { isLogError } from '../core/log.ts';
import type { Level } from '../core/message.ts';
import { inboxTopic } from '../core/names.ts';
import { ringOrTime, type Watch } from './board.ts';
import type { Ingest } from './ingest.ts';
import { measure } from './measure.ts';
import { type OpenManifest, openManifest } from './open-manifest.ts';
import { prepare } from './prepare.ts';
import { isProblem } from './problem.ts';

/** What there is to say of a job; a level is this with the job's id and turn. */
type Finding =
  | { readonly kind: 'measured'; readonly tasksEstimated: number }
  | { readonly kind: 'prepared'; readonly total: number }
  | { readonly kind: 'unprepared'; readonly failure: Failure };

/** Characters that a job's failure may have. */
const failureReasonMax = 256;

export type WorkEnding = 'done' | 'taken over';

export async function workJob(
  ingest: Ingest,
  jobId: string,
  signal: AbortSignal,
): Promise<WorkEnding> {
  const watch = ingest.board.watch(jobId);
  const until = AbortSignal.any([signal, watch.left]);
  try {
    await workSteps(ingest, jobId, watch, until);
    return 'done';
  } catch (error) {
    if (isLogError(error)) {
      if (error.failure === 'lost') throw error;
      ingest.logger?.info({ jobId, failure: error.failure }, 'preparation given up here');
      return 'taken over';
    }
    // What was under way when the job left Preparing ends in any way it likes.
    if (until.aborted) return 'done';
    throw error;
  } finally {
    ingest.board.unwatch(jobId);
  }
}

async function workSteps(
  ingest: Ingest,
  jobId: string,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  let manifest: OpenManifest | null = null;
  for (;;) {
    const job = ingest.board.find(jobId);
    if (job === undefined || signal.aborted) return;
    const { partitions } = job;
    const finding = await findings(async () => {
      manifest ??= await openManifest(ingest, job, signal);
      return partitions === 0
        ? measure(manifest, job, signal)
        : prepare(ingest, manifest, job, signal);
    });
    if (signal.aborted) return;
    if (finding.kind === 'unprepared') ingest.logger?.info({ jobId, ...finding }, 'unprepared');
    await sayUntilShown(ingest, job, finding, watch, signal);
  }
}

async function findings(work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (isLogError(error) && error.failure === 'broken') {
      const reason = error.message.slice(0, failureReasonMax);
      return { kind: 'unprepared', failure: { code: 'LogBroken', reason } };
    }
    if (!isProblem(error)) throw error;
    return { kind: 'unprepared', failure: error.failure };
  }
}

/** Shown: the record has partitions after 'measured'; it left the board after a verdict. */
async function sayUntilShown(
  ingest: Ingest,
  said: Job,
  finding: Finding,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  const { board, clock, limits, log } = ingest;
  const isShown = () => {
    const job = board.find(said.id);
    return job === undefined || (finding.kind === 'measured' && job.partitions > 0);
  };
  while (!isShown() && !signal.aborted) {
    const turn = board.find(said.id)?.turn ?? said.turn;
    const level: Level = { ...finding, jobId: said.id, turn };
    const value = messageCodec.encode(level);
    await log.send('control', [{ topic: inboxTopic, partition: 0, key: said.id, value }]);
    const againMs = clock.monotonicMs() + limits.levelResendMs;
    while (!isShown() && !signal.aborted && clock.monotonicMs() < againMs) {
      await ringOrTime(watch.bell, clock, againMs - clock.monotonicMs(), signal);
    }
  }
}
