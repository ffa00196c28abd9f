// The coordinator: the single writer of jobs, history and replies. It holds the inbox lane (which
// fences any other), rebuilds the book from the log, then takes messages in their order and commits
// what they changed together with its position.
// Modes: joining, until the lane is ours; serving, until the lane or the signal ends. Fenced or
// gone ends the serving quietly and joins again; lost is thrown.
// Invariant: the position never passes a message whose effect has not been written with it. A
// restart therefore takes up exactly the messages that have had no effect.
import { createHash } from 'node:crypto';
import { jobCodec, messageCodec, replyCodec } from '../../schemas/codec.ts';
import { decodeAt } from '../core/decode-at.ts';
import type { HistoryRecord } from '../core/fact.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type Lane, type Log, type NewRecord, type StoredRecord } from '../core/log.ts';
import {
  coordinatorGroup,
  inboxTopic,
  jobSpace,
  jobsTopic,
  jobTopics,
  repliesTopic,
} from '../core/names.ts';
import { type Book, openBook } from './coordinator-book.ts';
import type { CoordinatorLimits } from './coordinator-limits.ts';
import { type HousekeeperPorts, openHousekeeper } from './housekeeper.ts';

/** Counters alone are written this often; transitions and replies at once. */
const countersEveryMs = 500;
const readBytesMax = 256 * 1024;
/** Pause before joining again after the lane was lost to another. */
const rejoinMs = 1_000;

/** Says nothing, but makes the coordinator look at its limits again. */
export const wakeRecord: NewRecord = { topic: inboxTopic, partition: 0, key: '', value: null };

export type CoordinatorPorts = HousekeeperPorts;

/** Resolves when the signal is aborted. Rejects only when the log is lost, or for a bug. */
export async function runCoordinator(
  ports: CoordinatorPorts,
  limits: CoordinatorLimits,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const lane of ports.log.join('control', inboxTopic, coordinatorGroup, signal)) {
        await serve(lane, ports, limits, signal);
        // Whoever lost the lane leaves the group: as a member that stays it would never get it
        // back.
        break;
      }
    } catch (error) {
      if (!isLogError(error) || error.failure === 'lost' || error.failure === 'broken') throw error;
      ports.logger.info(
        { failure: error.failure },
        'the inbox is another coordinator’s; joining again',
      );
    }
    await ports.clock.sleep(rejoinMs, signal);
  }
}

async function serve(
  lane: Lane,
  ports: CoordinatorPorts,
  limits: CoordinatorLimits,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = ports;
  const book = await readBook(ports.log, limits, signal);
  const housekeeper = openHousekeeper(book, ports, limits);
  await housekeeper.reportStrangers();
  let { next } = lane.position;
  let writtenMs = clock.monotonicMs();
  const isPending = (): boolean => book.isChanged || next > lane.position.next;
  const flushMs = (): number => Math.max(0, writtenMs + countersEveryMs - clock.monotonicMs());
  const keepUp = async (): Promise<void> => {
    book.arrange(clock.wallMs());
    await openSpaces(book, ports);
    if (!book.isUrgent && !(isPending() && flushMs() === 0)) return;
    await write(lane, book, next, ports);
    writtenMs = clock.monotonicMs();
  };
  while (!signal.aborted && !lane.revoked.aborted) {
    await keepUp();
    // Only now, since what it takes away must not come back: a fact that has not been written may
    // yet turn out otherwise.
    await housekeeper.work(signal);
    if (book.isUrgent) await keepUp();
    const idleMs = housekeeper.nextMs();
    const wakeMs = isPending() ? Math.min(flushMs(), idleMs) : idleMs;
    const records = await readUntil(lane, ports, wakeMs, signal);
    for (const record of records) takeRecord(book, record, clock.wallMs());
    next = (records.at(-1)?.offset ?? next - 1n) + 1n;
  }
}

/** Called only after the lane is ours, so nothing is written behind its back any more. */
async function readBook(log: Log, limits: CoordinatorLimits, signal: AbortSignal): Promise<Book> {
  const jobs = new Map<string, Job>();
  const answered: string[] = [];
  const jobsView = await log.follow(
    'control',
    jobsTopic,
    ({ key, value }) => {
      if (value === null) jobs.delete(key);
      else jobs.set(key, jobCodec.decode(value));
    },
    signal,
  );
  const repliesView = await log.follow(
    'control',
    repliesTopic,
    ({ value }) => {
      if (value !== null) answered.push(replyCodec.decode(value).commandId);
    },
    signal,
  );
  await jobsView.caughtUp('now', signal);
  await repliesView.caughtUp('now', signal);
  await jobsView.release();
  await repliesView.release();
  return openBook(jobs.values(), answered, sha256Hex, limits);
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const inbox = { space: 'control', topic: inboxTopic, partition: 0 } as const;

/** null only wakes. */
function takeRecord(book: Book, record: StoredRecord, nowMs: number): void {
  if (record.value !== null) book.take(decodeAt(messageCodec, inbox, record), nowMs);
}

/** Before the commit that says SpaceOpened, so that whoever reads it finds the space. */
async function openSpaces(book: Book, ports: CoordinatorPorts): Promise<void> {
  for (const job of book.spacesToOpen()) {
    await ports.spaces.create(jobSpace(job.id), jobTopics(job.partitions));
  }
}

async function write(lane: Lane, book: Book, next: bigint, ports: CoordinatorPorts): Promise<void> {
  const { records, history } = book.unwritten();
  await lane.commit(records, { next, note: '' });
  for (const record of history) if (record.from !== record.to) logTransition(record, ports);
}

function logTransition(record: HistoryRecord, { logger }: CoordinatorPorts): void {
  const { jobId, from, to, fact, by, reason } = record;
  logger.info({ jobId, from, to, fact, by, reason }, `job is ${to}`);
}

/** Parks until there is a message, or for so long. */
async function readUntil(
  lane: Lane,
  ports: CoordinatorPorts,
  wakeMs: number,
  signal: AbortSignal,
): Promise<readonly StoredRecord[]> {
  const timer = new AbortController();
  const slept = ports.clock.sleep(wakeMs, timer.signal).then(() => timer.abort());
  try {
    return await lane.read(readBytesMax, AbortSignal.any([signal, lane.revoked, timer.signal]));
  } finally {
    timer.abort();
    await slept;
  }
}
