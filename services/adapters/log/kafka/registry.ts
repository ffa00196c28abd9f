// Which spaces there are, as every process sees them: a view of one compacted topic, by space.
// States of a space here: unknown → open → closed → unknown (dropped). A space that is made again
// after its drop is another entry with a signal of its own.
// Invariant: a space is known as open only after its topics have been made, and is forgotten only
// after they are gone.
import { logError, type Space, type StoredRecord, type TopicShape } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { ended, ensureTopics } from './ensure-topics.ts';
import { answered, codes } from './failure.ts';
import { spacesTopicOf } from './names.ts';
import {
  decodeSpaceRecord,
  encodeSpaceState,
  type SpaceState,
  sameShapes,
} from './space-record.ts';
import { topicSettings } from './topic-settings.ts';
import { openView } from './view.ts';
import { produce } from './wire.ts';

/** Replicas get so long to have a record; the request itself is given up later. */
const replicateMsMax = 8_000;

export interface SpaceEntry {
  readonly space: Space;
  readonly shapes: readonly TopicShape[];
  /** Aborted when the space is closed or dropped. */
  readonly gone: AbortSignal;
}

export interface Registry {
  /** Rejects with gone if the space is closed, or unknown even after catching up. */
  entryOf(space: Space): Promise<SpaceEntry>;
}

export interface KnownSpace extends SpaceState {
  readonly space: Space;
}

/** The registry for the coordinator, who alone writes it. */
export interface SpaceRegistry extends Registry {
  /** Open and closed spaces, after catching up. */
  known(): Promise<readonly KnownSpace[]>;
  /** Resolves when this process sees it; null: dropped. At least once. */
  write(space: Space, state: SpaceState | null): Promise<void>;
}

interface Known extends KnownSpace {
  readonly entry: SpaceEntry;
  readonly end: () => void;
}

/** The topic is made if there is none. Resolves when what was there has been read. */
export async function openRegistry(brokers: Brokers, signal: AbortSignal): Promise<SpaceRegistry> {
  const topic = spacesTopicOf(brokers.prefix);
  const settings = (replicas: number) => topicSettings('control', 'compacted', replicas);
  await ensureTopics(brokers, [{ topic, partitions: 1, settings }], signal);
  const spaces = new Map<Space, Known>();
  const view = openView(brokers, topic, 1, (record) => foldSpace(spaces, record), signal);
  await view.caughtUp('now', signal);

  // Nobody waits for a view that has broken while its spaces are at work: an endless wait tells.
  let broken: { readonly error: unknown } | null = null;
  const offsetMax = 2n ** 62n;
  view.caughtUp(offsetMax, signal).catch((error: unknown) => {
    broken = { error };
  });

  const catchUp = (): Promise<void> => view.caughtUp('now', signal);

  return {
    entryOf: async (space) => {
      if (broken !== null) throw broken.error;
      if (!spaces.has(space)) await catchUp();
      const found = spaces.get(space);
      if (found === undefined) throw logError('gone', `there is no space ${space}`);
      if (found.state === 'closed') throw logError('gone', `the space ${space} is closed`);
      return found.entry;
    },
    known: async () => {
      await catchUp();
      return [...spaces.values()].map(({ space, shapes, state }) => ({ space, shapes, state }));
    },
    write: async (space, state) => {
      const offset = await ended(
        brokers.link.retry(() => append(brokers, topic, space, state), signal),
      );
      await view.caughtUp(offset, signal);
    },
  };
}

function foldSpace(spaces: Map<Space, Known>, record: StoredRecord): void {
  const { space, state } = decodeSpaceRecord(record.key, record.value);
  const before = spaces.get(space);
  if (state === null) {
    before?.end();
    spaces.delete(space);
    return;
  }
  const isSame = before?.state === state.state && sameShapes(before.shapes, state.shapes);
  if (isSame) return;
  if (before !== undefined && hasGained(before, state)) {
    const { entry, end } = before;
    const gained = { ...entry, shapes: state.shapes };
    spaces.set(space, { ...state, space, entry: gained, end });
    return;
  }
  before?.end();
  spaces.set(space, knownOf(space, state));
}

/** Who is at work in a space that gains a topic goes on. */
function hasGained(before: SpaceState, after: SpaceState): boolean {
  const kept = after.shapes.slice(0, before.shapes.length);
  return before.state === after.state && sameShapes(before.shapes, kept);
}

function knownOf(space: Space, { shapes, state }: SpaceState): Known {
  const gone = new AbortController();
  const entry = { space, shapes, gone: gone.signal };
  return { space, shapes, state, entry, end: () => gone.abort() };
}

/** Plain, without a producer's number: a record that is written twice says the same twice. */
async function append(
  { link }: Brokers,
  topic: string,
  space: Space,
  state: SpaceState | null,
): Promise<bigint> {
  const message = {
    key: Buffer.from(space),
    value: state === null ? null : encodeSpaceState(state),
    headers: {},
  };
  const told = await link.send(await link.leaderOf(topic, 0), produce, {
    acks: -1,
    timeout: replicateMsMax,
    compression: 0,
    transactionalId: null,
    producerId: '-1',
    producerEpoch: -1,
    topicData: [{ topic, partitions: [{ partition: 0, firstSequence: -1, messages: [message] }] }],
  });
  const written = told.topics[0]?.partitions[0];
  const what = `writing the space ${space} to ${topic}`;
  if (written === undefined) throw answered(codes.unknownTopicOrPartition, what);
  if (written.errorCode !== 0) throw answered(written.errorCode, what);
  return BigInt(written.baseOffset);
}
