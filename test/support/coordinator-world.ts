// One memory log, one virtual clock and a coordinator or several, with a desk to ask through and a
// hand that plays the services: it sends levels. Everything the coordinator has written can be read
// back by whoever looks from outside.
import {
  historyCodec,
  jobCodec,
  messageCodec,
  replyCodec,
  resultRecordCodec,
} from '../../schemas/codec.ts';
import {
  type MemoryConnectOptions,
  type MemoryHandle,
  type MemoryWorld,
  openMemoryLog,
} from '../../services/adapters/log/memory.ts';
import { runCoordinator } from '../../services/control/coordinator.ts';
import {
  type CoordinatorLimits,
  coordinatorDefaults,
} from '../../services/control/coordinator-limits.ts';
import { type JobDesk, openDesk } from '../../services/control/desk.ts';
import type { HistoryRecord } from '../../services/core/fact.ts';
import type { Job } from '../../services/core/job.ts';
import type { Space, StoredRecord } from '../../services/core/log.ts';
import type { Command, Message, Reply } from '../../services/core/message.ts';
import {
  controlTopics,
  historyTopic,
  inboxTopic,
  jobSpace,
  jobsTopic,
  repliesTopic,
  resultsTopic,
} from '../../services/core/names.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

export const forever = new AbortController().signal;

export interface RunningCoordinator {
  readonly handle: MemoryHandle;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface CoordinatorWorld {
  readonly clock: ManualClock;
  readonly log: MemoryWorld;
  readonly desk: JobDesk;
  readonly lines: string[];
  /** Every coordinator's; a test may change them, as a low disk does. */
  readonly limits: { -readonly [Name in keyof CoordinatorLimits]: CoordinatorLimits[Name] };
  start(options?: MemoryConnectOptions): RunningCoordinator;
  ask(command: Command): Promise<Reply>;
  /** Resolves to its offset in the inbox. */
  send(message: Message): Promise<bigint>;
  /** The job once it is as wanted; virtual time passes meanwhile. */
  until(jobId: string, wanted: (job: Job) => boolean): Promise<Job>;
  jobs(): Promise<ReadonlyMap<string, Job>>;
  history(): Promise<readonly HistoryRecord[]>;
  replies(): Promise<readonly Reply[]>;
  /** How many `End{stopped}` stand in the results of the job. */
  stoppedEnds(jobId: string): Promise<number>;
}

export async function coordinatorWorld(
  limits: Partial<CoordinatorLimits> = {},
): Promise<CoordinatorWorld> {
  const clock = manualClock();
  const log = openMemoryLog({ nowMs: () => clock.wallMs() });
  const outside = log.connect();
  await outside.spaces.create('control', controlTopics);
  const desk = await openDesk(outside.log, forever);
  const lines: string[] = [];
  const live = { ...coordinatorDefaults, ...limits };
  const write = (_: unknown, line?: string): void => {
    lines.push(line ?? '');
  };

  function start(options: MemoryConnectOptions = {}): RunningCoordinator {
    const handle = log.connect(options);
    const stopping = new AbortController();
    const ports = { ...handle, clock, logger: { info: write, warn: write } };
    const ended = runCoordinator(ports, live, stopping.signal);
    // A test that cares awaits it; one that kills the coordinator never does.
    ended.catch(() => {});
    const stop = async (): Promise<void> => {
      stopping.abort();
      await ended;
    };
    return { handle, ended, stop };
  }

  async function send(message: Message): Promise<bigint> {
    const value = messageCodec.encode(message);
    const record = { topic: inboxTopic, partition: 0, key: message.jobId, value };
    return outside.log.send('control', [record]);
  }

  async function until(jobId: string, wanted: (job: Job) => boolean): Promise<Job> {
    let found: Job | null = null;
    const seen = new AbortController();
    const view = await outside.log.follow(
      'control',
      jobsTopic,
      ({ key, value }) => {
        if (key !== jobId || value === null) return;
        const job = jobCodec.decode(value);
        if (found === null && wanted(job)) {
          found = job;
          seen.abort();
        }
      },
      forever,
    );
    const waiting = async (): Promise<Job> => {
      while (found === null) await view.changed(seen.signal);
      await view.release();
      return found;
    };
    return clock.run(waiting(), 24 * 3_600_000);
  }

  async function records(space: Space, topic: string): Promise<StoredRecord[]> {
    const all: StoredRecord[] = [];
    const view = await outside.log.follow(space, topic, (record) => all.push(record), forever);
    await view.caughtUp('now', forever);
    await view.release();
    return all;
  }

  async function values<T>(
    topic: string,
    codec: { decode(bytes: Uint8Array): T },
  ): Promise<readonly T[]> {
    const all = await records('control', topic);
    return all.flatMap(({ value }) => (value === null ? [] : [codec.decode(value)]));
  }

  return {
    clock,
    log,
    desk,
    lines,
    limits: live,
    start,
    ask: (command) => clock.run(desk.ask(command, forever), 60_000),
    send,
    until,
    jobs: async () => {
      const all = new Map<string, Job>();
      for (const { key, value } of await records('control', jobsTopic)) {
        if (value === null) all.delete(key);
        else all.set(key, jobCodec.decode(value));
      }
      return all;
    },
    history: () => values(historyTopic, historyCodec),
    replies: () => values(repliesTopic, replyCodec),
    stoppedEnds: async (jobId) => {
      const all = await records(jobSpace(jobId), resultsTopic);
      return all.filter(({ value }) => {
        const record = value === null ? null : resultRecordCodec.decode(value);
        return record?.kind === 'end' && record.reason === 'stopped';
      }).length;
    },
  };
}
