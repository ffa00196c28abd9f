// The door for outside producers: it reads the topics they write to, one lane per partition. Each
// record is acted on in its order (events go to the drop rules, job requests to the coordinator)
// or rejected; then one commit holds what was rejected and the lane's position.
// Invariant: a record is passed only once it has been acted on or rejected. A crash in between
// repeats the act, which is harmless: the request's token finds the job that was started, and an
// event only says where to look.
import type { Logger } from 'pino';
import { type Collector, openCollector } from '../../core/collector.ts';
import type { RefusalCode } from '../../core/errors.ts';
import type { EventsTopic } from '../../core/events-topics.ts';
import { ignoreGone, isLogError, type Lane, type Log, type NewRecord } from '../../core/log.ts';
import { eventsDoorGroup } from '../../core/names.ts';
import { rejectedRecord } from './rejected-record.ts';
import { openRejectionLog, type RejectionLog } from './rejection-log.ts';
import { type SettlePorts, settleRecord } from './settle-record.ts';

export interface EventsDoorPorts extends SettlePorts {
  readonly log: Log;
  readonly logger: Pick<Logger, 'warn'>;
  readonly metrics: { countRejected(code: RefusalCode): void };
}

const readBytesMax = 256 * 1024;
/** What a crash may repeat. */
const batchRecordsMax = 256;
const batchMsMax = 1_000;
const batchBytesMax = 1024 * 1024;

/** Ends when the signal is aborted or the space is gone; rejects when the log is lost. */
export async function runEventsDoor(
  ports: EventsDoorPorts,
  topics: readonly EventsTopic[],
  signal: AbortSignal,
): Promise<void> {
  const crew = openCollector();
  const until = AbortSignal.any([signal, crew.failed]);
  const rejections = openRejectionLog(ports);
  for (const topic of topics) crew.add(serveTopic({ ...ports, crew, rejections }, topic, until));
  await crew.ended().catch(ignoreGone);
}

interface Place extends EventsDoorPorts {
  readonly crew: Collector;
  readonly rejections: RejectionLog;
}

async function serveTopic(place: Place, topic: EventsTopic, signal: AbortSignal): Promise<void> {
  for await (const lane of place.log.join('events', topic.topic, eventsDoorGroup, signal)) {
    place.crew.add(serveLane(place, topic, lane, signal).catch(ignoreFenced));
  }
}

/** Another process has the lane now. */
function ignoreFenced(error: unknown): void {
  if (!isLogError(error) || error.failure !== 'fenced') throw error;
}

async function serveLane(
  place: Place,
  topic: EventsTopic,
  lane: Lane,
  signal: AbortSignal,
): Promise<void> {
  const until = AbortSignal.any([signal, lane.revoked]);
  const batch = openBatch(place, lane);
  const whence = { topic: topic.topic, partition: lane.partition };
  while (!until.aborted) {
    for (const record of await lane.read(readBytesMax, until)) {
      const verdict = await settleRecord(place, topic, record, () => batch.commit(), until);
      if (verdict.kind === 'interrupted') break;
      if (verdict.kind === 'done') batch.pass(record.offset);
      else {
        batch.pass(record.offset, rejectedRecord(record, whence, verdict.refusal));
        place.metrics.countRejected(verdict.refusal.code);
        place.rejections.tell({ ...whence, offset: String(record.offset) }, verdict.refusal);
      }
      if (batch.isFull()) await batch.commit();
    }
    if (!lane.revoked.aborted) await batch.commit();
  }
  if (!lane.revoked.aborted) await lane.release();
}

interface Batch {
  /** The record is settled, with this to say of it. */
  pass(offset: bigint, rejected?: NewRecord): void;
  isFull(): boolean;
  commit(): Promise<void>;
}

function openBatch({ clock }: Place, lane: Lane): Batch {
  let rejected: NewRecord[] = [];
  let records = 0;
  let bytes = 0;
  let sinceMs = 0;
  let next = lane.position.next;
  return {
    pass(offset, record) {
      if (records === 0) sinceMs = clock.monotonicMs();
      records += 1;
      next = offset + 1n;
      if (record === undefined) return;
      rejected.push(record);
      bytes += record.value?.length ?? 0;
    },
    isFull: () =>
      records >= batchRecordsMax ||
      bytes >= batchBytesMax ||
      (records > 0 && clock.monotonicMs() - sinceMs >= batchMsMax),
    async commit() {
      if (records === 0) return;
      await lane.commit(rejected, { next, note: '' });
      rejected = [];
      records = 0;
      bytes = 0;
    },
  };
}
