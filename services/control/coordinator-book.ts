// The coordinator's book: every job that is kept, and what of it has not been written yet. It
// applies messages and facts in memory; coordinator.ts writes what has gathered in one commit and
// gives the book away when it could not.
// Invariant: what unwritten() returns, together with the position of the last message taken, is the
// whole difference to what the log holds.
import { historyCodec, jobCodec, replyCodec } from '../../schemas/codec.ts';
import { decide, type Step, unfold } from '../core/decide.ts';
import type { Fact, HistoryRecord } from '../core/fact.ts';
import type { Job } from '../core/job.ts';
import { type HashHex, historyRecord } from '../core/job-event.ts';
import type { NewRecord } from '../core/log.ts';
import type { Command, Message, Reply } from '../core/message.ts';
import { historyTopic, jobsTopic, repliesTopic } from '../core/names.ts';
import { tokenKey } from '../core/new-job.ts';
import { schedule } from '../core/schedule.ts';
import { isTerminal } from '../core/transitions.ts';
import type { CoordinatorLimits } from './coordinator-limits.ts';

/** Commands whose answers are remembered, so that one that was sent twice is answered once. */
const repliesRememberedMax = 10_000;

export interface Book {
  get(jobId: string): Job | undefined;
  /** Every job that has not ended. */
  live(): readonly Job[];
  all(): readonly Job[];
  take(message: Message, nowMs: number): void;
  /** Applies a fact that the schedule or time alone has made. */
  apply(jobId: string, fact: Fact, nowMs: number): void;
  /** Lets the schedule work until it has nothing more to say. */
  arrange(nowMs: number): void;
  forget(jobId: string): void;
  /** The newest time on record: no later fact is dated earlier. */
  readonly newestMs: number;
  /** Whether something waits to be written at all … */
  readonly isChanged: boolean;
  /** … and must not wait: a fact or an answer. */
  readonly isUrgent: boolean;
  /** Jobs whose space must exist before the next commit says so. */
  spacesToOpen(): readonly Job[];
  /** The facts and records of the next commit; they count as written from here on. */
  unwritten(): {
    readonly records: readonly NewRecord[];
    readonly history: readonly HistoryRecord[];
  };
}

export function openBook(
  jobs: Iterable<Job>,
  answered: Iterable<string>,
  hash: HashHex,
  limits: CoordinatorLimits,
): Book {
  const byId = new Map<string, Job>();
  const live = new Map<string, Job>();
  const byToken = new Map<string, string>();
  const repliesKnown = new Set(answered);
  let newestMs = 0;
  let changed = new Set<string>();
  let history: HistoryRecord[] = [];
  let replies: Reply[] = [];
  let opening = new Set<string>();
  for (const job of jobs) hold(job);

  function hold(job: Job): void {
    byId.set(job.id, job);
    byToken.set(tokenKey(job.request.accountId, job.request.clientRequestToken), job.id);
    if (isTerminal(job.status)) live.delete(job.id);
    else live.set(job.id, job);
    newestMs = Math.max(newestMs, job.statusMs);
  }

  function keep(before: Job | undefined, job: Job, steps: readonly Step[], nowMs: number): void {
    if (before === job) return;
    hold(job);
    changed.add(job.id);
    for (const step of steps) {
      history.push(historyRecord(step, nowMs, hash));
      if (step.fact.name === 'SpaceOpened') opening.add(job.id);
    }
  }

  function known(message: Message): Job | undefined {
    if (message.kind !== 'create') return byId.get(message.jobId);
    const token = tokenKey(message.request.accountId, message.request.clientRequestToken);
    return byId.get(byToken.get(token) ?? message.jobId);
  }

  function answer(reply: Reply): void {
    replies.push(reply);
    repliesKnown.add(reply.commandId);
    if (repliesKnown.size <= repliesRememberedMax) return;
    const [oldest] = repliesKnown;
    if (oldest !== undefined) repliesKnown.delete(oldest);
  }

  function take(message: Message, wallMs: number): void {
    const command = commandOf(message);
    if (command !== null && repliesKnown.has(command.commandId)) return;
    const nowMs = Math.max(wallMs, newestMs);
    const before = known(message);
    const decision = decide(before, message, nowMs, limits);
    switch (decision.kind) {
      case 'ignored':
        return;
      case 'refused':
        if (command !== null) answer(refused(command, decision.refusal));
        return;
      case 'facts':
        keep(before, decision.job, decision.steps, nowMs);
        if (command !== null) answer(accepted(command, decision.job));
    }
  }

  function apply(jobId: string, fact: Fact, wallMs: number): void {
    const before = byId.get(jobId);
    if (before === undefined) return;
    const nowMs = Math.max(wallMs, newestMs);
    const { job, steps } = unfold(before, fact, nowMs);
    keep(before, job, steps, nowMs);
  }

  function arrange(wallMs: number): void {
    let scheduled = schedule([...live.values()], limits);
    while (scheduled.length > 0) {
      for (const { jobId, fact } of scheduled) apply(jobId, fact, wallMs);
      scheduled = schedule([...live.values()], limits);
    }
  }

  function forget(jobId: string): void {
    const job = byId.get(jobId);
    if (job === undefined) return;
    byId.delete(jobId);
    live.delete(jobId);
    byToken.delete(tokenKey(job.request.accountId, job.request.clientRequestToken));
    changed.add(jobId);
  }

  function unwritten(): { records: readonly NewRecord[]; history: readonly HistoryRecord[] } {
    const written = {
      records: [
        ...Array.from(changed, (jobId) => jobRecord(jobId, byId.get(jobId))),
        ...history.map(historyEntry),
        ...replies.map(replyEntry),
      ],
      history,
    };
    changed = new Set();
    history = [];
    replies = [];
    return written;
  }

  function spacesToOpen(): readonly Job[] {
    const jobsToOpen = [...opening].flatMap((jobId) => byId.get(jobId) ?? []);
    opening = new Set();
    return jobsToOpen;
  }

  return {
    get: (jobId) => byId.get(jobId),
    live: () => [...live.values()],
    all: () => [...byId.values()],
    take,
    apply,
    arrange,
    forget,
    get newestMs() {
      return newestMs;
    },
    get isChanged() {
      return changed.size > 0;
    },
    get isUrgent() {
      return history.length > 0 || replies.length > 0;
    },
    spacesToOpen,
    unwritten,
  };
}

function commandOf(message: Message): Command | null {
  return 'commandId' in message ? message : null;
}

function accepted(command: Command, job: Job): Reply {
  return {
    kind: 'accepted',
    commandId: command.commandId,
    jobId: job.id,
    version: job.version,
    status: job.status,
    priority: job.priority,
  };
}

function refused(
  command: Command,
  refusal: { readonly code: string; readonly message: string },
): Reply {
  return { kind: 'refused', commandId: command.commandId, ...refusal };
}

/** A job that is no longer kept leaves a tombstone. */
function jobRecord(jobId: string, job: Job | undefined): NewRecord {
  const value = job === undefined ? null : jobCodec.encode(job);
  return { topic: jobsTopic, partition: 0, key: jobId, value };
}

function historyEntry(record: HistoryRecord): NewRecord {
  const value = historyCodec.encode(record);
  return { topic: historyTopic, partition: 0, key: record.jobId, value };
}

function replyEntry(reply: Reply): NewRecord {
  return {
    topic: repliesTopic,
    partition: 0,
    key: reply.commandId,
    value: replyCodec.encode(reply),
  };
}
