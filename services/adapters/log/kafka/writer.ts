// The port's writer over a transactional producer: what a caller may ask is checked here, commits
// go out one after the other, and failures get the port's three names.
// Invariant: a refused commit has sent nothing; after fenced or gone nothing more is sent.
import {
  commitBytesMax,
  isLogError,
  type LogError,
  type LogFailure,
  logError,
  type NewRecord,
  type Position,
  positionNoteBytesMax,
  type Writer,
} from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { isKafkaFailure } from './failure.ts';
import type { Marks } from './marks.ts';
import { claimGroupName, groupName, marksTopic, topicName, transactionalIdOf } from './names.ts';
import type { Outgoing } from './plan-rounds.ts';
import { claimProducer, type PositionPlace } from './producer.ts';
import type { SpaceEntry } from './registry.ts';

export interface KafkaWriter extends Writer {
  /** Aborted once it is known that nothing can be committed any more. */
  readonly over: AbortSignal;
  /** From now on every commit rejects with this. */
  fail(failure: LogFailure, message: string): void;
  /** Resolves when no commit is under way. */
  settled(): Promise<void>;
}

export interface WriterOptions {
  readonly brokers: Brokers;
  readonly entry: SpaceEntry;
  readonly marks: Marks;
  readonly identity: string;
}

/** 'aborted': the signal came first. Rejects with gone or lost. */
export async function openWriter(
  options: WriterOptions,
  signal: AbortSignal,
): Promise<KafkaWriter | 'aborted'> {
  const { brokers, entry, marks, identity } = options;
  const { prefix, notice, ended } = brokers;
  const { space } = entry;
  const until = AbortSignal.any([entry.gone, ended]);
  const transactionalId = transactionalIdOf(prefix, space, identity);
  const opened = await claimProducer(
    {
      brokers,
      transactionalId,
      place: placeOf(options),
      onAborted: () => notice({ kind: 'aborted', space, identity }),
    },
    AbortSignal.any([signal, until]),
  );
  if (until.aborted) throw goneError(entry, identity);
  if (opened === 'aborted') return 'aborted';
  const producer = opened;
  if (producer.stored.count === 0 && (await marks.has(identity, signal))) {
    throw logError(
      'broken',
      `the position of ${transactionalId} is no longer on the brokers, though it has committed ` +
        'before; nothing is started from 0. See offsets.retention.minutes in docs/OPERATIONS.md',
    );
  }

  const over = new AbortController();
  let failure: LogError | null = null;
  let isReleased = false;
  let promised = producer.stored.next;
  let tail: Promise<void> = Promise.resolve();

  const fail = (kind: LogFailure, message: string): void => {
    failure ??= logError(kind, message);
    over.abort();
  };

  async function send(records: readonly Outgoing[], position: Position): Promise<void> {
    if (failure !== null) throw failure;
    if (until.aborted) throw goneError(entry, identity);
    const isFirst = producer.stored.count === 0;
    const startMs = performance.now();
    try {
      const mark = isFirst ? [marks.record(identity)] : [];
      await producer.commit([...records, ...mark], position, until);
      notice({ kind: 'committed', space, tookMs: performance.now() - startMs });
    } catch (error) {
      if (isLogError(error)) {
        if (error.failure === 'fenced') notice({ kind: 'fenced', space, identity });
        fail(until.aborted ? 'gone' : error.failure, error.message);
      } else if (isKafkaFailure(error)) fail('lost', error.message);
      throw failure ?? error;
    }
  }

  return {
    over: over.signal,
    fail,
    settled: () => tail,
    get position() {
      const { next, note } = producer.stored;
      return { next, note };
    },
    commit: async (records, position) => {
      if (isReleased) throw new Error(`${identity} commits after its release`);
      if (failure !== null) throw failure;
      if (until.aborted) throw goneError(entry, identity);
      const outgoing = checkedRecords(brokers, entry, records);
      checkPosition(identity, promised, position);
      promised = position.next;
      const sent = tail.then(() => send(outgoing, position));
      tail = sent.catch(() => {});
      await sent;
    },
    release: async () => {
      isReleased = true;
      await tail;
    },
  };
}

export function goneError(entry: SpaceEntry, identity: string): LogError {
  const why = entry.gone.aborted ? `the space ${entry.space} is closed` : 'this log has ended';
  return logError('gone', `${identity}: ${why}`);
}

/** Misuse is refused before anything is sent. */
export function checkedRecords(
  { prefix }: Brokers,
  { space, shapes }: SpaceEntry,
  records: readonly NewRecord[],
): readonly Outgoing[] {
  let bytes = 0;
  const outgoing = records.map(({ topic, partition, key, value }): Outgoing => {
    const shape = shapes.find((known) => known.topic === topic);
    if (shape === undefined || partition < 0 || partition >= shape.partitions) {
      throw new Error(`the space ${space} has no ${topic}/${partition}`);
    }
    const keyBytes = Buffer.from(key, 'utf8');
    bytes += keyBytes.length + (value?.length ?? 0);
    const copied =
      value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length);
    const message = { key: keyBytes, value: copied, headers: {} };
    return { topic: topicName(prefix, space, topic), partition, message };
  });
  if (bytes > commitBytesMax) {
    throw new Error(`${bytes} bytes in one commit, at most ${commitBytesMax} are taken`);
  }
  return outgoing;
}

function checkPosition(identity: string, from: bigint, { next, note }: Position): void {
  if (next < from) throw new Error(`the position of ${identity} goes back from ${from} to ${next}`);
  if (Buffer.byteLength(note, 'utf8') > positionNoteBytesMax) {
    throw new Error(`a note of more than ${positionNoteBytesMax} bytes for ${identity}`);
  }
}

/** A lane's identity, `group/topic/partition`, commits as its group; others in one of their own. */
function placeOf({ brokers: { prefix }, entry, identity }: WriterOptions): PositionPlace {
  const lane = /^([^/]+)\/([^/]+)\/(\d+)$/.exec(identity);
  const [, group, topic, partition] = lane ?? [];
  const { space } = entry;
  if (group !== undefined && entry.shapes.some((shape) => shape.topic === topic)) {
    const read = topic ?? '';
    return {
      group: groupName(prefix, space, group, read),
      topic: topicName(prefix, space, read),
      partition: Number(partition),
    };
  }
  return {
    group: claimGroupName(prefix, space, identity),
    topic: topicName(prefix, space, marksTopic),
    partition: 0,
  };
}

export function rethrowAsLost(error: unknown): never {
  if (isKafkaFailure(error)) throw logError('lost', error.message);
  throw error;
}
