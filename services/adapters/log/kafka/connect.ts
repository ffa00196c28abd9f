// The log port over brokers: one handle per service. It finds the space, checks what is asked, and
// leaves the rest to writers, lanes and views.
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Log,
  logError,
  type NewRecord,
  type Space,
  type Spaces,
  type StoredRecord,
} from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { answered, isKafkaFailure } from './failure.ts';
import { joinLanes } from './join-lanes.ts';
import { type Marks, openMarks } from './marks.ts';
import { topicName } from './names.ts';
import type { Outage } from './outage.ts';
import { type Outgoing, planRounds } from './plan-rounds.ts';
import { openRegistry, type SpaceEntry, type SpaceRegistry } from './registry.ts';
import { openSpaces } from './spaces.ts';
import { openView } from './view.ts';
import { produce } from './wire.ts';
import { checkedRecords, goneError, openWriter } from './writer.ts';

export interface Connected {
  readonly log: Log;
  readonly spaces: Spaces;
  readonly registry: SpaceRegistry;
}

/** Memberships that are left say so to the group; the end of the log waits for so long. */
const leaveMsMax = 3_000;
const lookEveryMs = 200;
const produceMsMax = 8_000;

export async function connectLog(brokers: Brokers): Promise<Connected> {
  const { prefix, ended, link } = brokers;
  const registry = await openRegistry(brokers, ended);
  const marks = new WeakMap<SpaceEntry, Marks>();
  const effects = new Set<Promise<unknown>>();
  const leavings = new Set<Promise<void>>();

  const marksOf = (entry: SpaceEntry): Marks => {
    const kept = marks.get(entry) ?? openMarks(brokers, entry);
    marks.set(entry, kept);
    return kept;
  };

  function effect<Result>(work: Promise<Result>): Promise<Result> {
    effects.add(work);
    const settled = (): boolean => effects.delete(work);
    work.then(settled, settled);
    return work;
  }

  async function entryOf(space: Space): Promise<SpaceEntry> {
    if (ended.aborted) throw logError('gone', 'this log has ended');
    return registry.entryOf(space);
  }

  async function send(space: Space, records: readonly NewRecord[]): Promise<bigint> {
    const entry = await entryOf(space);
    if (records.length === 0) throw new Error(`nothing to send to ${space}`);
    const outgoing = checkedRecords(brokers, entry, records);
    const until = AbortSignal.any([entry.gone, ended]);
    let last = 0n;
    for (const round of planRounds(outgoing, new Map())) {
      for (const { topic, batch } of round) {
        const base = await link.retry(() => sendBatch(topic, batch), until);
        if (base === 'aborted') throw goneError(entry, `send to ${space}`);
        const end = outgoing.at(-1);
        if (isLastOf(end, topic, batch)) last = base + BigInt(batch.messages.length - 1);
      }
    }
    return last;
  }

  async function sendBatch(
    topic: string,
    batch: ReturnType<typeof planRounds>[number][number]['batch'],
  ): Promise<bigint> {
    const leader = await link.leaderOf(topic, batch.partition);
    const told = await brokers.commitLink(topic).send(leader, produce, {
      acks: -1,
      timeout: produceMsMax,
      compression: 0,
      transactionalId: null,
      producerId: '-1',
      producerEpoch: -1,
      topicData: [{ topic, partitions: [batch] }],
    });
    const found = told.topics[0]?.partitions[0];
    const code = found?.errorCode ?? -1;
    if (code !== 0) throw answered(code, `Produce to ${topic}/${batch.partition} at ${leader}`);
    return BigInt(found?.baseOffset ?? 0);
  }

  const log: Log = {
    send: (space, records) => effect(send(space, records)).catch(rethrow),
    claim: async (space, identity, signal) => {
      const entry = await entryOf(space);
      const writer = await openWriter(
        { brokers, entry, marks: marksOf(entry), identity },
        signal,
      ).catch(rethrow);
      if (writer === 'aborted') return unclaimed(identity);
      return {
        ...writer,
        get position() {
          return writer.position;
        },
        commit: (records, position) => effect(writer.commit(records, position)),
      };
    },
    join: async function* join(space, topic, group, signal) {
      const entry = await entryOf(space);
      const partitions = partitionsIn(entry, topic);
      const track = (work: Promise<void>): void => {
        leavings.add(work);
        const settled = (): boolean => leavings.delete(work);
        work.then(settled, settled);
      };
      yield* joinLanes(
        { brokers, entry, marks: marksOf(entry), topic, group, partitions, track },
        signal,
      );
    },
    follow: async (space, topic, fold, signal) => {
      const entry = await entryOf(space);
      return follow(entry, topic, fold, signal);
    },
    end: async () => {
      await settledUnlessAway(effects, brokers.outage);
      if (effects.size > 0) brokers.notice({ kind: 'abandoned', commits: effects.size });
      brokers.end();
      const patience = new AbortController();
      // Without brokers nobody hears that a member leaves.
      if (!brokers.outage.isAway) {
        await Promise.race([Promise.allSettled(leavings), late(patience.signal)]);
      }
      patience.abort();
      brokers.close();
    },
  };

  function follow(
    entry: SpaceEntry,
    topic: string,
    fold: (record: StoredRecord) => void,
    signal: AbortSignal,
  ) {
    const name = topicName(prefix, entry.space, topic);
    const partitions = partitionsIn(entry, topic);
    const view = openView(brokers, name, partitions, fold, AbortSignal.any([signal, ended]));
    const close = (): void => view.fail(goneError(entry, `the view of ${topic}`));
    entry.gone.addEventListener('abort', close, { once: true });
    if (entry.gone.aborted) close();
    return {
      ...view,
      release: async () => {
        entry.gone.removeEventListener('abort', close);
        await view.release();
      },
    };
  }

  return { log, spaces: openSpaces(brokers, registry), registry };
}

function isLastOf(
  last: Outgoing | undefined,
  topic: string,
  batch: ReturnType<typeof planRounds>[number][number]['batch'],
): boolean {
  return (
    last?.topic === topic &&
    last.partition === batch.partition &&
    batch.messages.at(-1) === last.message
  );
}

function partitionsIn({ space, shapes }: SpaceEntry, topic: string): number {
  const shape = shapes.find((known) => known.topic === topic);
  if (shape === undefined) throw new Error(`the space ${space} has no topic ${topic}`);
  return shape.partitions;
}

/** A claim that was given up before it was granted. */
function unclaimed(identity: string) {
  return {
    position: { next: 0n, note: '' },
    commit: async () => {
      throw logError('fenced', `the claim of ${identity} was given up`);
    },
    release: async () => {},
  };
}

function rethrow(error: unknown): never {
  if (isKafkaFailure(error)) throw logError('lost', error.message);
  throw error;
}

/** What nobody answers would be waited for as long as the outage lasts. */
async function settledUnlessAway(
  effects: ReadonlySet<Promise<unknown>>,
  outage: Outage,
): Promise<void> {
  const over = new AbortController();
  const settled = Promise.allSettled(effects).then(() => over.abort());
  while (!over.signal.aborted && !outage.isAway) {
    const look = pause(lookEveryMs, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([settled, look]);
  }
}

function late(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, leaveMsMax);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
