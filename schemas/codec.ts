// The codecs of every record of every topic: what services put into the log and get out of it.
// Invariant: decode(encode(value)) equals value, for this build and for builds one schema version
// apart, as far as the older one knows the fields (schemas/README.md).
import type avro from 'avsc';
import type { Fact, HistoryRecord } from '../services/core/fact.ts';
import type { Job } from '../services/core/job.ts';
import type { Message, Reply } from '../services/core/message.ts';
import type { PartRecord, ResultRecord, TaskRecord } from '../services/core/task.ts';
import {
  type FailureRow,
  fromJobRow,
  type JobRow,
  statusOf,
  toFailure,
  toJobRow,
} from './job-rows.ts';
import {
  type CommandRow,
  fromCommandRow,
  fromLevelRow,
  fromReplyRow,
  isLevel,
  type LevelRow,
  type ReplyRow,
  toCommandRow,
  toLevelRow,
  toReplyRow,
} from './message-rows.ts';
import { type Codec, recordCodec } from './record.ts';
import {
  fromPartRow,
  fromResultSliceRow,
  fromTaskSliceRow,
  type PartRow,
  type ResultSliceRow,
  type TaskSliceRow,
  toPartRow,
  toResultSliceRow,
  toTaskSliceRow,
} from './slice-rows.ts';
import { currentTypes, formerTypes, type SchemaTypes, schemaVersion } from './types.ts';

export type { Codec } from './record.ts';

interface HistoryRow extends Omit<HistoryRecord, 'fact' | 'from' | 'to' | 'failures'> {
  readonly fact: string;
  readonly from: string | null;
  readonly to: string;
  readonly failures: readonly FailureRow[];
}

/** A union in Avro is written as an object with the name of its branch. */
type MessageRow =
  | { readonly 's3batch.Command': CommandRow }
  | { readonly 's3batch.Level': LevelRow };

export interface Codecs {
  readonly taskRecord: Codec<TaskRecord>;
  readonly resultRecord: Codec<ResultRecord>;
  readonly partRecord: Codec<PartRecord>;
  readonly message: Codec<Message>;
  readonly reply: Codec<Reply>;
  readonly job: Codec<Job>;
  readonly history: Codec<HistoryRecord>;
}

/** Codecs that write a version and read it, every former one, and the known part of newer ones. */
export function openCodecs(
  version: number,
  types: SchemaTypes,
  former: ReadonlyMap<number, SchemaTypes>,
): Codecs {
  const format = (name: string, pick: (types: SchemaTypes) => avro.Type, compressed: boolean) => ({
    name,
    version,
    type: pick(types),
    former: new Map([...former].map(([known, its]) => [known, pick(its)])),
    compressed,
  });
  return {
    taskRecord: recordCodec<TaskRecord, TaskSliceRow>(
      format('task slice (topic tasks)', (its) => its['task-slice'], true),
      toTaskSliceRow,
      fromTaskSliceRow,
    ),
    resultRecord: recordCodec<ResultRecord, ResultSliceRow>(
      format('result slice (topic results)', (its) => its['result-slice'], true),
      toResultSliceRow,
      fromResultSliceRow,
    ),
    partRecord: recordCodec<PartRecord, PartRow>(
      format('part (topic parts)', (its) => its.part, false),
      toPartRow,
      fromPartRow,
    ),
    message: recordCodec<Message, MessageRow>(
      format('message (topic inbox)', (its) => its.message, false),
      toMessageRow,
      fromMessageRow,
    ),
    reply: recordCodec<Reply, ReplyRow>(
      format('reply (topic replies)', (its) => its.reply, false),
      toReplyRow,
      fromReplyRow,
    ),
    job: recordCodec<Job, JobRow>(
      format('job (topic jobs)', (its) => its.job, false),
      toJobRow,
      fromJobRow,
    ),
    history: recordCodec<HistoryRecord, HistoryRow>(
      format('fact (topic history)', (its) => its.history, false),
      (record) => record,
      fromHistoryRow,
    ),
  };
}

function toMessageRow(message: Message): MessageRow {
  return isLevel(message)
    ? { 's3batch.Level': toLevelRow(message) }
    : { 's3batch.Command': toCommandRow(message) };
}

function fromMessageRow(row: MessageRow): Message {
  return 's3batch.Level' in row
    ? fromLevelRow(row['s3batch.Level'])
    : fromCommandRow(row['s3batch.Command']);
}

/** Every name of a fact, which the compiler holds complete. */
const factNames: Readonly<Record<Fact['name'], true>> = {
  Created: true,
  PreparationStarted: true,
  Prepared: true,
  ConfirmationAwaited: true,
  Confirmed: true,
  Activated: true,
  TasksExhausted: true,
  Outranked: true,
  Drained: true,
  CancelRequested: true,
  FailureDetected: true,
  ReportWritten: true,
  Settled: true,
  SpaceOpened: true,
  SpaceDropped: true,
  PriorityChanged: true,
  TagsReplaced: true,
  Held: true,
  Resumed: true,
};

function isFactName(text: string): text is Fact['name'] {
  return Object.hasOwn(factNames, text);
}

function fromHistoryRow(row: HistoryRow): HistoryRecord {
  const { fact } = row;
  if (!isFactName(fact)) throw new Error(`fact "${fact}" is unknown to this build`);
  return {
    jobEventId: row.jobEventId,
    jobId: row.jobId,
    accountId: row.accountId,
    version: row.version,
    atMs: row.atMs,
    fact,
    by: row.by,
    from: row.from === null ? null : statusOf(row.from),
    to: statusOf(row.to),
    operation: row.operation,
    failures: row.failures.map(toFailure),
    reason: row.reason,
    topicArn: row.topicArn,
  };
}

const codecs = openCodecs(schemaVersion, currentTypes, formerTypes);

export const taskRecordCodec = codecs.taskRecord;
export const resultRecordCodec = codecs.resultRecord;
export const partRecordCodec = codecs.partRecord;
export const messageCodec = codecs.message;
export const replyCodec = codecs.reply;
export const jobCodec = codecs.job;
export const historyCodec = codecs.history;
