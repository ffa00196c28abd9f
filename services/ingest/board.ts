// What the jobs topic says about jobs that wait for ingest: those in Preparing without a verdict.
// Every other job is forgotten, and whoever works it is told to stop.
import { jobCodec } from '../../schemas/codec.ts';
import { type Bell, openBell } from '../core/bell.ts';
import type { Clock } from '../core/clock.ts';
import type { Job } from '../core/job.ts';
import type { StoredRecord } from '../core/log.ts';

/** One job as its one worker sees it. */
export interface Watch {
  /** Rings when the job's record changed. */
  readonly bell: Bell;
  /** Aborted when the job does not wait for ingest any more. */
  readonly left: AbortSignal;
}

export interface Board {
  fold(record: StoredRecord): void;
  /** The oldest first. */
  waiting(): readonly Job[];
  find(jobId: string): Job | undefined;
  /** Rings when any job changed: for the one loop that starts work. */
  readonly bell: Bell;
  watch(jobId: string): Watch;
  unwatch(jobId: string): void;
}

export function openBoard(): Board {
  const jobs = new Map<string, Job>();
  const watches = new Map<string, { readonly bell: Bell; readonly leaving: AbortController }>();
  const bell = openBell();
  return {
    fold: ({ key, value }) => {
      const job = value === null ? undefined : jobCodec.decode(value);
      const watch = watches.get(key);
      if (job?.status === 'Preparing' && job.preparation === null) {
        jobs.set(key, job);
      } else {
        jobs.delete(key);
        watch?.leaving.abort();
      }
      watch?.bell.ring();
      bell.ring();
    },
    waiting: () =>
      [...jobs.values()].sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1)),
    find: (jobId) => jobs.get(jobId),
    bell,
    watch: (jobId) => {
      const watch = { bell: openBell(), leaving: new AbortController() };
      watches.set(jobId, watch);
      if (!jobs.has(jobId)) watch.leaving.abort();
      return { bell: watch.bell, left: watch.leaving.signal };
    },
    unwatch: (jobId) => {
      watches.delete(jobId);
    },
  };
}

/** Until the bell rings, that much time has passed, or the signal is aborted. */
export async function ringOrTime(
  bell: Bell,
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  await Promise.race([bell.heard(either), clock.sleep(durationMs, either)]);
  over.abort();
}
