// evolve: the next job after a fact. Total: every job and every fact give a job, since a fact that
// has been written cannot be refused any more. A fact that the table does not know in this status
// leaves the status as it is. Times never go back within a job.
import type { Fact } from './fact.ts';
import type { Failure, Job, JobStatus } from './job.ts';
import { emptyLane } from './progress.ts';
import { isTerminal, nextStatus, startsTurn } from './transitions.ts';

const failureCodeCharactersMax = 64;
const failureReasonCharactersMax = 256;

export function evolve(job: Job, fact: Fact, nowMs: number): Job {
  return { ...changed(moved(job, fact, nowMs), fact), version: job.version + 1 };
}

/** What follows from the status alone: the turn, the stamps, the time spent in Active. */
function moved(job: Job, fact: Fact, nowMs: number): Job {
  const to = nextStatus(job.status, fact.name);
  if (to === undefined) return job;
  const atMs = Math.max(nowMs, job.statusMs);
  const turns = startsTurn(fact.name);
  return {
    ...job,
    status: to,
    statusMs: atMs,
    turn: turns ? job.turn + 1 : job.turn,
    lanes: turns ? job.lanes.map((lane) => ({ ...lane, waiting: null })) : job.lanes,
    activations: to === 'Active' ? job.activations + 1 : job.activations,
    activeMs: job.status === 'Active' ? job.activeMs + atMs - job.statusMs : job.activeMs,
    suspendedMs: to === 'Suspended' ? atMs : job.suspendedMs,
    terminatedMs: isTerminal(to) ? atMs : job.terminatedMs,
    endingMs: isRunning(job.status) && !isRunning(to) ? atMs : job.endingMs,
  };
}

/** What the fact itself carries. */
function changed(job: Job, fact: Fact): Job {
  switch (fact.name) {
    case 'Prepared':
    case 'ConfirmationAwaited':
      return job.preparation?.kind === 'prepared' ? { ...job, total: job.preparation.total } : job;
    case 'Confirmed':
    case 'CancelRequested':
      return { ...job, statusReason: fact.reason };
    case 'FailureDetected':
      return { ...job, failures: [...job.failures, bounded(fact.failure)] };
    case 'SpaceOpened':
      return {
        ...job,
        space: 'open',
        partitions: fact.partitions,
        lanes: Array.from({ length: fact.partitions }, () => emptyLane),
      };
    case 'SpaceDropped':
      return { ...job, space: 'dropped' };
    case 'PriorityChanged':
      return { ...job, priority: fact.priority };
    case 'TagsReplaced':
      return { ...job, tags: fact.tags };
    case 'Held':
      return { ...job, held: true };
    case 'Resumed':
      return { ...job, held: false };
    case 'Created':
    case 'PreparationStarted':
    case 'Activated':
    case 'TasksExhausted':
    case 'Outranked':
    case 'Drained':
    case 'ReportWritten':
    case 'Settled':
      return job;
  }
}

function isRunning(status: JobStatus): boolean {
  return status === 'Active' || status === 'Pausing' || status === 'Paused';
}

/** The wire allows no more than that. */
function bounded(failure: Failure): Failure {
  return {
    code: firstCharacters(failure.code, failureCodeCharactersMax),
    reason: firstCharacters(failure.reason, failureReasonCharactersMax),
  };
}

function firstCharacters(text: string, charactersMax: number): string {
  const characters = Array.from(text);
  return characters.length <= charactersMax ? text : characters.slice(0, charactersMax).join('');
}
