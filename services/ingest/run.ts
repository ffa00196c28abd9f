// Ingest: follows the jobs topic and works every job in Preparing, several at once: measures its
// manifest, and once the coordinator has opened the job's space writes its tasks.
// Several ingesters may run: who claims a job's identity last goes on, from the committed cursor.
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { openCollector } from '../core/collector.ts';
import { isLogError, type Log, type StoredRecord, type View } from '../core/log.ts';
import { jobsTopic } from '../core/names.ts';
import type { Roles } from '../core/storage.ts';
import { openBoard, ringOrTime } from './board.ts';
import { type Buffered, countBuffered } from './buffered.ts';
import type { Ingest } from './ingest.ts';
import { type IngestLimits, ingestLimits } from './limits.ts';
import { workJob } from './work-job.ts';

export interface IngestPorts {
  readonly log: Log;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly limits?: Partial<IngestLimits>;
  /** Counts the bytes held ahead; pass one to read it. */
  readonly buffered?: Buffered;
}

/**
 * Resolves when the signal is aborted or the control space is closed. Rejects when the log is lost,
 * and on a bug.
 */
export async function runIngest(ports: IngestPorts, signal: AbortSignal): Promise<void> {
  const ingest: Ingest = {
    log: ports.log,
    roles: ports.roles,
    clock: ports.clock,
    logger: ports.logger,
    limits: { ...ingestLimits, ...ports.limits },
    buffered: ports.buffered ?? countBuffered(),
    board: openBoard(),
  };
  const works = openCollector();
  const until = AbortSignal.any([signal, works.failed]);
  try {
    const { board } = ingest;
    const fold = (record: StoredRecord) => board.fold(record);
    const view = await ports.log.follow('control', jobsTopic, fold, until);
    await view.caughtUp('now', until);
    works.add(watchView(view, until));
    await startWork(ingest, (work) => works.add(work), until);
    await works.ended();
    await view.release();
  } catch (error) {
    if (!isLogError(error) || error.failure === 'lost') throw error;
  }
}

/** Brings to light that the view broke: a record that cannot be read, a log that is lost. */
async function watchView(view: View, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await view.changed(signal);
}

/** Keeps as many jobs under work as the limit allows, until the signal is aborted. */
async function startWork(
  ingest: Ingest,
  collect: (work: Promise<void>) => void,
  signal: AbortSignal,
): Promise<void> {
  const { board, clock, limits } = ingest;
  const underWork = new Set<string>();
  /** Jobs that another ingester took over, and until when they are left to it. */
  const restingUntilMs = new Map<string, number>();
  const work = async (jobId: string) => {
    const ending = await workJob(ingest, jobId, signal);
    if (ending === 'taken over') {
      restingUntilMs.set(jobId, clock.monotonicMs() + limits.takenOverRestMs);
    }
    underWork.delete(jobId);
    board.bell.ring();
  };
  while (!signal.aborted) {
    const nowMs = clock.monotonicMs();
    for (const [jobId, untilMs] of restingUntilMs) {
      if (untilMs <= nowMs || board.find(jobId) === undefined) restingUntilMs.delete(jobId);
    }
    for (const { id } of board.waiting()) {
      if (underWork.size >= limits.jobsAtOnce) break;
      if (underWork.has(id) || restingUntilMs.has(id)) continue;
      underWork.add(id);
      collect(work(id));
    }
    if (restingUntilMs.size === 0) await board.bell.heard(signal);
    else await ringOrTime(board.bell, clock, limits.takenOverRestMs, signal);
  }
}
