// The notifier: every status change of a job that names a topic becomes one notification, in the
// order of the changes per topic, at least once and with the same jobEventId each time. A topic
// that cannot be reached is tried again with growing pauses for a day, then the notification is
// given up into the log; no other topic waits for it. What can never work is given up at once.
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { historyCodec, jobCodec } from '../../schemas/codec.ts';
import type { Clock, Random } from '../core/clock.ts';
import { decodeAt } from '../core/decode-at.ts';
import type { HistoryRecord } from '../core/fact.ts';
import type { Job } from '../core/job.ts';
import { notificationOf } from '../core/job-event.ts';
import { ignoreGone, isLogError, type Log, type StoredRecord } from '../core/log.ts';
import { historyTopic, jobsTopic, notifierGroup } from '../core/names.ts';
import type { Publisher } from '../core/notify.ts';
import { type OutboxVerdict, runOutbox } from '../core/outbox.ts';
import { outboxName } from '../core/outbox-ledger.ts';

export interface NotifierPorts {
  readonly log: Log;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly random: Random;
  readonly region: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export const retryMsMin = 1_000;
export const retryMsMax = 300_000;
/** Older than this and still not published: given up. */
export const notificationAgeMsMax = 24 * 3_600_000;
/** Jobs kept to tell their counts; terminal ones leave first in, first out. */
const jobsKeptMax = 1_000;

/** Ends when the signal is aborted or the control space is gone; rejects when the log is lost. */
export async function runNotifier(ports: NotifierPorts, signal: AbortSignal): Promise<void> {
  try {
    const jobs = await followJobs(ports.log, signal);
    for await (const lane of ports.log.join('control', historyTopic, notifierGroup, signal)) {
      try {
        await runOutbox(
          lane,
          {
            clock: ports.clock,
            prepare: (stop) => jobs.caughtUp(stop),
            plan: planOf,
            attempt: (topicArn, record, attempt, stop) =>
              publish(ports, jobs, { topicArn, record, attempt }, stop),
            name: (topicArn) => outboxName(sha256Hex(topicArn)),
          },
          signal,
        );
      } catch (error) {
        // Another process has the lane now; this one waits for its next.
        if (!isLogError(error) || error.failure !== 'fenced') throw error;
      }
    }
  } catch (error) {
    ignoreGone(error);
  }
}

const history = { space: 'control', topic: historyTopic, partition: 0 } as const;

function planOf(stored: StoredRecord) {
  if (stored.value === null) return null;
  const record = decodeAt(historyCodec, history, stored);
  if (record.topicArn === null || record.from === record.to) return null;
  return { destinations: [record.topicArn], item: record };
}

interface Attempt {
  readonly topicArn: string;
  readonly record: HistoryRecord;
  readonly attempt: number;
}

async function publish(
  ports: NotifierPorts,
  jobs: Jobs,
  { topicArn, record, attempt }: Attempt,
  signal: AbortSignal,
): Promise<OutboxVerdict> {
  const notification = notificationOf(record, jobs.find(record.jobId), ports.region);
  if (notification === null) return { kind: 'finished' };
  const { subject, message, attributes } = notification;
  const answer = await ports.publisher.publish(topicArn, subject, message, attributes, signal);
  const place = { jobId: record.jobId, jobEventId: record.jobEventId, topicArn, attempt };
  switch (answer.kind) {
    case 'published':
      return { kind: 'finished' };
    case 'refused':
      ports.logger.error({ ...place, ...answer }, 'notification given up: refused');
      return { kind: 'finished' };
    case 'unavailable': {
      if (!signal.aborted && ports.clock.wallMs() - record.atMs >= notificationAgeMsMax) {
        ports.logger.error({ ...place, ...answer }, 'notification given up: too old');
        return { kind: 'finished' };
      }
      if (attempt === 1) ports.logger.warn({ ...place, ...answer }, 'notification delayed');
      return { kind: 'later', afterMs: retryAfterMs(attempt, ports.random) };
    }
  }
}

function retryAfterMs(attempt: number, random: Random): number {
  return Math.min(retryMsMax, retryMsMin * 2 ** (attempt - 1)) * (1 - random() / 2);
}

interface Jobs {
  caughtUp(signal: AbortSignal): Promise<void>;
  /** As it is now; undefined once it is forgotten. */
  find(jobId: string): Job | undefined;
}

/** Notifications carry counts, which stand in the jobs view; a forgotten job's carry none. */
async function followJobs(log: Log, signal: AbortSignal): Promise<Jobs> {
  const jobs = new Map<string, Job>();
  const view = await log.follow(
    'control',
    jobsTopic,
    ({ key, value }) => {
      jobs.delete(key);
      if (value === null) return;
      jobs.set(key, jobCodec.decode(value));
      if (jobs.size > jobsKeptMax) jobs.delete(oldestEnded(jobs));
    },
    signal,
  );
  return {
    caughtUp: (stop) => view.caughtUp('now', stop),
    find: (jobId) => jobs.get(jobId),
  };
}

function oldestEnded(jobs: ReadonlyMap<string, Job>): string {
  for (const [id, job] of jobs) if (job.terminatedMs !== null) return id;
  return '';
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
