// A job as it is the moment it is created. What shapes its report's bytes is frozen here.
import type { FrozenShape, Job } from './job.ts';
import type { Command } from './message.ts';

export type CreateCommand = Extract<Command, { kind: 'create' }>;

export function newJob(command: CreateCommand, frozen: FrozenShape, nowMs: number): Job {
  return {
    id: command.jobId,
    request: command.request,
    requestHash: command.requestHash,
    frozen,
    version: 1,
    turn: 0,
    status: 'New',
    statusMs: nowMs,
    priority: command.request.priority,
    tags: command.request.tags,
    held: false,
    createdMs: nowMs,
    suspendedMs: null,
    terminatedMs: null,
    activations: 0,
    activeMs: 0,
    statusReason: null,
    failures: [],
    space: 'none',
    partitions: 0,
    total: null,
    preparation: null,
    lanes: [],
    reported: null,
    endingMs: null,
  };
}

/** One job per account and token for as long as the job is kept. */
export function tokenKey(accountId: string, clientRequestToken: string): string {
  return `${accountId}\u0000${clientRequestToken}`;
}
