// The desk: how everything in control (wire API, JSON API, rules) asks the coordinator and reads
// jobs. Commands go through the inbox, so that the coordinator may run in another process.
// Invariant: whoever has an answer sees its effect in this desk, and a job is unknown only after
// the view has caught up with everything written before the question.
import { jobCodec, messageCodec, replyCodec } from '../../schemas/codec.ts';
import type { Job } from '../core/job.ts';
import type { Log } from '../core/log.ts';
import type { Command, Reply } from '../core/message.ts';
import { inboxTopic, jobsTopic, repliesTopic } from '../core/names.ts';

export interface JobDesk {
  /** Sends the command, waits for its reply, and until this desk's own view shows its effect. */
  ask(command: Command, signal: AbortSignal): Promise<Reply>;
  /** undefined only after the view has caught up with everything committed before the call. */
  find(accountId: string, jobId: string, signal: AbortSignal): Promise<Job | undefined>;
  /** Newest first; ties by id. Every job that is kept. */
  list(accountId: string, signal: AbortSignal): Promise<readonly Job[]>;
}

/** Follows jobs and replies until the signal is aborted. */
export async function openDesk(log: Log, signal: AbortSignal): Promise<JobDesk> {
  const jobs = new Map<string, Job>();
  const asked = new Map<string, (reply: Reply) => void>();
  const jobsView = await log.follow(
    'control',
    jobsTopic,
    ({ key, value }) => {
      if (value === null) jobs.delete(key);
      else jobs.set(key, jobCodec.decode(value));
    },
    signal,
  );
  await log.follow(
    'control',
    repliesTopic,
    ({ key, value }) => {
      if (value !== null) asked.get(key)?.(replyCodec.decode(value));
    },
    signal,
  );

  async function ask(command: Command, askSignal: AbortSignal): Promise<Reply> {
    const { commandId } = command;
    const until = AbortSignal.any([signal, askSignal]);
    const answered = Promise.withResolvers<Reply>();
    const giveUp = (): void => answered.resolve(unanswered(commandId));
    if (until.aborted) return unanswered(commandId);
    until.addEventListener('abort', giveUp, { once: true });
    asked.set(commandId, answered.resolve);
    try {
      const value = messageCodec.encode(command);
      await log.send('control', [{ topic: inboxTopic, partition: 0, key: command.jobId, value }]);
      const reply = await answered.promise;
      if (reply.kind === 'accepted') await seen(reply.jobId, reply.version, until);
      return reply;
    } finally {
      until.removeEventListener('abort', giveUp);
      asked.delete(commandId);
    }
  }

  /** The reply and the job were written in one commit, but stand in two topics. */
  async function seen(jobId: string, version: number, until: AbortSignal): Promise<void> {
    while (!until.aborted && (jobs.get(jobId)?.version ?? 0) < version) {
      await jobsView.changed(until);
    }
  }

  async function find(
    accountId: string,
    jobId: string,
    findSignal: AbortSignal,
  ): Promise<Job | undefined> {
    if (!jobs.has(jobId)) await jobsView.caughtUp('now', findSignal);
    const job = jobs.get(jobId);
    return job?.request.accountId === accountId ? job : undefined;
  }

  async function list(accountId: string, listSignal: AbortSignal): Promise<readonly Job[]> {
    await jobsView.caughtUp('now', listSignal);
    return [...jobs.values()]
      .filter((job) => job.request.accountId === accountId)
      .sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1));
  }

  return { ask, find, list };
}

/** The command may still be carried out: with the same token a client finds out. */
function unanswered(commandId: string): Reply {
  return {
    kind: 'refused',
    commandId,
    code: 'InternalServiceException',
    message: 'No answer in time. The request may still take effect: look before asking again.',
  };
}
