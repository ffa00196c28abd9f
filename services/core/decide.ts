// decide: what a message makes of a job. A command is refused or becomes facts; a level is
// absorbed.
// Then every fact that is due follows, one after the other.
// Invariant: no message crashes, and none that comes late or twice changes what has been decided.
import { absorb } from './absorb.ts';
import { due } from './due.ts';
import type { Refusal, RefusalCode } from './errors.ts';
import { evolve } from './evolve.ts';
import type { Fact } from './fact.ts';
import type { FrozenShape, Job, JobStatus } from './job.ts';
import type { Command, Level, Message } from './message.ts';
import { type CreateCommand, newJob } from './new-job.ts';
import { planPartitions } from './partition.ts';
import type { Tag } from './s3-call.ts';
import { isTerminal, nextStatus } from './transitions.ts';

export interface DecideLimits {
  readonly partitionsMax: number;
  readonly frozen: FrozenShape;
}

export interface Step {
  readonly fact: Fact;
  /** null: the job did not exist. */
  readonly from: JobStatus | null;
  /** The job after the fact. */
  readonly job: Job;
}

export type Decision =
  /** The job with everything absorbed; without steps only its levels may have changed. */
  | { readonly kind: 'facts'; readonly job: Job; readonly steps: readonly Step[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** A level about a job that is not, or no longer, known. */
  | { readonly kind: 'ignored' };

type PauseCommand = Extract<Command, { kind: 'hold' | 'resume' }>;
type StatusCommand = Extract<Command, { kind: 'status' }>;

/**
 * For 'create' the job is the one that already has this token, if there is one; else the one that
 * the message names.
 */
export function decide(
  job: Job | undefined,
  message: Message,
  nowMs: number,
  limits: DecideLimits,
): Decision {
  switch (message.kind) {
    case 'create':
      return create(job, message, nowMs, limits);
    case 'status':
    case 'priority':
    case 'tags':
    case 'hold':
    case 'resume':
      if (job === undefined || job.request.accountId !== message.accountId) {
        return refuse('NotFoundException', `No such job: ${message.jobId}`);
      }
      return command(job, message, nowMs);
    case 'measured':
    case 'prepared':
    case 'unprepared':
    case 'progress':
    case 'drained':
    case 'waiting':
    case 'reported':
      if (job === undefined) return { kind: 'ignored' };
      return unfold(absorb(job, message), opened(job, message, limits), nowMs);
  }
}

/** Applies the fact, if there is one, and then every fact that is due. */
export function unfold(
  job: Job,
  first: Fact | null,
  nowMs: number,
): Extract<Decision, { kind: 'facts' }> {
  const steps: Step[] = [];
  let current = job;
  for (let fact = first ?? due(job); fact !== null; fact = due(current)) {
    const from = current.status;
    current = evolve(current, fact, nowMs);
    steps.push({ fact, from, job: current });
  }
  return { kind: 'facts', job: current, steps };
}

function refuse(code: RefusalCode, message: string): Decision {
  return { kind: 'refused', refusal: { code, message } };
}

function create(
  job: Job | undefined,
  message: CreateCommand,
  nowMs: number,
  limits: DecideLimits,
): Decision {
  if (job === undefined) {
    const created = newJob(message, limits.frozen, nowMs);
    const step: Step = { fact: { name: 'Created' }, from: null, job: created };
    return { kind: 'facts', job: created, steps: [step] };
  }
  if (job.requestHash === message.requestHash) return { kind: 'facts', job, steps: [] };
  return refuse(
    'IdempotencyException',
    `The ClientRequestToken was already used for job ${job.id} with different parameters. ` +
      'Use a new token for a new job.',
  );
}

function command(job: Job, message: Exclude<Command, { kind: 'create' }>, nowMs: number): Decision {
  switch (message.kind) {
    case 'status':
      return status(job, message, nowMs);
    case 'priority': {
      if (isTerminal(job.status)) {
        return refuse(
          'BadRequestException',
          `Job ${job.id} is ${job.status}: its priority cannot change any more.`,
        );
      }
      const { priority } = message;
      if (priority === job.priority) return unfold(job, null, nowMs);
      return unfold(job, { name: 'PriorityChanged', priority, by: message.accountId }, nowMs);
    }
    case 'tags': {
      const { tags, accountId: by } = message;
      const isSame = sameTags(tags, job.tags);
      return unfold(job, isSame ? null : { name: 'TagsReplaced', tags, by }, nowMs);
    }
    case 'hold':
    case 'resume':
      return pause(job, message, nowMs);
  }
}

/** In any order: a set of tags has none. */
function sameTags(tags: readonly Tag[], others: readonly Tag[]): boolean {
  const values = new Map(others.map(({ Key, Value }) => [Key, Value]));
  return tags.length === others.length && tags.every(({ Key, Value }) => values.get(Key) === Value);
}

/** A user's pause and its end; asking for what is so already is no fact. */
function pause(job: Job, message: PauseCommand, nowMs: number): Decision {
  if (nextStatus(job.status, 'CancelRequested') === undefined) {
    return refuse('JobStatusException', `Job ${job.id} is ${job.status}: nothing to pause.`);
  }
  const held = message.kind === 'hold';
  const fact: Fact = { name: held ? 'Held' : 'Resumed', by: message.accountId };
  return unfold(job, held === job.held ? null : fact, nowMs);
}

function status(job: Job, message: StatusCommand, nowMs: number): Decision {
  const by = message.accountId;
  const { reason } = message;
  const name = message.requested === 'Ready' ? 'Confirmed' : 'CancelRequested';
  if (nextStatus(job.status, name) !== undefined) return unfold(job, { name, by, reason }, nowMs);
  return refuse(
    'JobStatusException',
    message.requested === 'Ready'
      ? `Job ${job.id} is ${job.status}: only a Suspended job can be confirmed.`
      : `Job ${job.id} is ${job.status}: it cannot be cancelled any more.`,
  );
}

/** The first measure of a job opens its space; a repeated one finds it open. */
function opened(job: Job, level: Level, limits: DecideLimits): Fact | null {
  if (level.kind !== 'measured' || level.turn !== job.turn) return null;
  if (job.status !== 'Preparing' || job.space !== 'none') return null;
  const partitions = planPartitions(level.tasksEstimated, limits.partitionsMax);
  return { name: 'SpaceOpened', partitions };
}
