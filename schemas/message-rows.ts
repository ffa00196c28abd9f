// Commands, levels and replies as Avro rows: one flat row per schema, its kind as text.
import type { Command, Level, Reply } from '../services/core/message.ts';
import {
  type CodeCountRow,
  endedOf,
  type FailureRow,
  fromCodeRows,
  fromRequestRow,
  fromTagRows,
  generatorText,
  type RequestRow,
  statusOf,
  type TagRow,
  toCodeRows,
  toFailure,
  toReported,
  toRequestRow,
  toTagRows,
} from './job-rows.ts';
import { oneOf, present } from './record.ts';

export interface CommandRow {
  readonly kind: string;
  readonly commandId: string;
  readonly accountId: string;
  readonly atMs: number;
  readonly jobId: string;
  readonly request: RequestRow | null;
  readonly requestHash: string;
  readonly requested: string;
  readonly reason: string | null;
  readonly priority: number;
  readonly tags: readonly TagRow[] | null;
  readonly generator: string | null;
}

export interface LevelRow {
  readonly kind: string;
  readonly jobId: string;
  readonly turn: number;
  readonly partition: number;
  readonly total: number;
  readonly failure: FailureRow | null;
  readonly read: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retries: number;
  readonly codes: readonly CodeCountRow[];
  readonly ended: string | null;
  readonly result: string;
  readonly manifestKey: string;
  readonly reason: string | null;
}

export interface ReplyRow {
  readonly kind: string;
  readonly commandId: string;
  readonly jobId: string;
  readonly version: number;
  readonly status: string;
  readonly priority: number;
  readonly code: string;
  readonly message: string;
}

const commandKinds = ['create', 'status', 'priority', 'tags', 'hold', 'resume'] as const;
const levelKinds = [
  'measured',
  'prepared',
  'unprepared',
  'progress',
  'drained',
  'waiting',
  'reported',
] as const satisfies readonly Level['kind'][];

export function isLevel(message: Command | Level): message is Level {
  return levelKinds.some((kind) => kind === message.kind);
}

export function toCommandRow(command: Command): CommandRow {
  const row = {
    kind: command.kind,
    commandId: command.commandId,
    accountId: command.accountId,
    atMs: command.atMs,
    jobId: command.jobId,
    request: null,
    requestHash: '',
    requested: '',
    reason: null,
    priority: 0,
    tags: null,
    generator: null,
  };
  switch (command.kind) {
    case 'create':
      return {
        ...row,
        request: toRequestRow(command.request),
        requestHash: command.requestHash,
        generator: generatorText(command.request),
      };
    case 'status':
      return { ...row, requested: command.requested, reason: command.reason };
    case 'priority':
      return { ...row, priority: command.priority };
    case 'tags':
      return { ...row, tags: toTagRows(command.tags) };
    case 'hold':
    case 'resume':
      return row;
  }
}

export function fromCommandRow(row: CommandRow): Command {
  const { commandId, accountId, atMs, jobId } = row;
  const base = { commandId, accountId, atMs, jobId };
  const kind = oneOf('command', commandKinds, row.kind);
  switch (kind) {
    case 'create': {
      const request = fromRequestRow(present('the request', row.request), row.generator);
      return { kind, ...base, request, requestHash: row.requestHash };
    }
    case 'status': {
      const requested = oneOf('status', ['Ready', 'Cancelled'] as const, row.requested);
      return { kind, ...base, requested, reason: row.reason };
    }
    case 'priority':
      return { kind, ...base, priority: row.priority };
    case 'tags':
      return { kind, ...base, tags: fromTagRows(present('the tags', row.tags)) };
    case 'hold':
    case 'resume':
      return { kind, ...base };
  }
}

export function toLevelRow(level: Level): LevelRow {
  const row = {
    kind: level.kind,
    jobId: level.jobId,
    turn: level.turn,
    partition: -1,
    total: 0,
    failure: null,
    read: 0,
    succeeded: 0,
    failed: 0,
    retries: 0,
    codes: [],
    ended: null,
    result: '',
    manifestKey: '',
    reason: null,
  };
  switch (level.kind) {
    case 'measured':
      return { ...row, total: level.tasksEstimated };
    case 'prepared':
      return { ...row, total: level.total };
    case 'unprepared':
      return { ...row, failure: level.failure };
    case 'progress':
      return { ...row, ...level, codes: toCodeRows(level.codes) };
    case 'drained':
      return { ...row, partition: level.partition };
    case 'waiting':
      return { ...row, partition: level.partition, reason: level.reason };
    case 'reported':
      return { ...row, ...level.reported };
  }
}

export function fromLevelRow(row: LevelRow): Level {
  const base = { jobId: row.jobId, turn: row.turn };
  const { partition } = row;
  const kind = oneOf('level', levelKinds, row.kind);
  switch (kind) {
    case 'measured':
      return { kind, ...base, tasksEstimated: row.total };
    case 'prepared':
      return { kind, ...base, total: row.total };
    case 'unprepared':
      return { kind, ...base, failure: toFailure(present('the failure', row.failure)) };
    case 'progress': {
      const { read, succeeded, failed, retries } = row;
      const counts = { read, succeeded, failed, retries, codes: fromCodeRows(row.codes) };
      return { kind, ...base, partition, ...counts, ended: endedOf(row.ended) };
    }
    case 'drained':
      return { kind, ...base, partition };
    case 'waiting':
      return { kind, ...base, partition, reason: row.reason };
    case 'reported': {
      const reason = present('the reason', row.reason);
      return { kind, ...base, reported: toReported({ ...row, reason }) };
    }
  }
}

export function toReplyRow(reply: Reply): ReplyRow {
  const row = { jobId: '', version: 0, status: '', priority: 0, code: '', message: '' };
  return { ...row, ...reply };
}

export function fromReplyRow(row: ReplyRow): Reply {
  const { commandId, jobId, version, priority, code, message } = row;
  const kind = oneOf('reply', ['accepted', 'refused'] as const, row.kind);
  if (kind === 'refused') return { kind, commandId, code, message };
  return { kind, commandId, jobId, version, status: statusOf(row.status), priority };
}
