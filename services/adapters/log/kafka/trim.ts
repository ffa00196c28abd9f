// Deletes what a topic need no longer keep. Brokers could do so by age, but they know nothing of
// who has still to read, so the coordinator does it, every trimEveryMs.
// Invariant: nothing that a group of the space has still to read is deleted. A group without a
// position in a partition has still to read all of it.
import { isLogError, type Space, type TopicShape } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { ended } from './ensure-topics.ts';
import { answered, codes } from './failure.ts';
import { offsetAt } from './fetcher.ts';
import { groupsBeginning } from './groups.ts';
import { groupsPrefix, topicName } from './names.ts';
import type { SpaceEntry, SpaceRegistry } from './registry.ts';
import { deleteRecords, offsetFetch } from './wire.ts';

const trimEveryMs = 10 * 60 * 1000;
const deleteMsMax = 8_000;

export interface Trimming {
  /** Rejects with the first failure, after everything else has been tried. */
  trimOnce(): Promise<void>;
}

export interface TrimmingOptions {
  readonly brokers: Brokers;
  readonly registry: SpaceRegistry;
  /** The wall clock, as record times are. */
  readonly nowMs: () => number;
  /** A round failed; the next one tries again. */
  readonly onFailed: (error: unknown) => void;
}

/** Ends with the brokers' links. */
export function openTrimming(options: TrimmingOptions): Trimming {
  const { brokers, onFailed } = options;
  const done: Done = new WeakMap();
  let running: Promise<void> | null = null;
  const trimOnce = (): Promise<void> => {
    running ??= trimAll(options, done).finally(() => {
      running = null;
    });
    return running;
  };
  const timer = setInterval(() => {
    trimOnce().catch((error: unknown) => {
      if (!brokers.ended.aborted) onFailed(error);
    });
  }, trimEveryMs);
  timer.unref();
  const stop = (): void => clearInterval(timer);
  if (brokers.ended.aborted) stop();
  brokers.ended.addEventListener('abort', stop, { once: true });
  return { trimOnce };
}

/** Up to where each partition of a space has been trimmed already. */
type Done = WeakMap<SpaceEntry, Map<string, bigint>>;

/** One topic of an open space that may be trimmed. */
interface Trimmable {
  readonly space: Space;
  readonly shape: TopicShape;
  readonly name: string;
  /** Aborted when its space is closed. */
  readonly signal: AbortSignal;
}

async function trimAll(options: TrimmingOptions, done: Done): Promise<void> {
  const { brokers, registry } = options;
  const spaces = (await registry.known()).filter(({ state }) => state === 'open');
  const groups = await groupsBeginning(brokers, brokers.prefix, brokers.ended);
  const failures: unknown[] = [];
  for (const { space, shapes } of spaces) {
    for (const shape of shapes.filter(isTrimmable)) {
      try {
        const entry = await registry.entryOf(space);
        const signal = AbortSignal.any([entry.gone, brokers.ended]);
        const name = topicName(brokers.prefix, space, shape.topic);
        const trimmed = done.get(entry) ?? new Map<string, bigint>();
        done.set(entry, trimmed);
        await trimTopic(options, { space, shape, name, signal }, groups, trimmed);
      } catch (error) {
        if (!isLogError(error) || error.failure !== 'gone') failures.push(error);
      }
    }
  }
  if (failures.length > 0) throw failures[0];
}

export function isTrimmable({ keep }: TopicShape): boolean {
  if (typeof keep === 'string') return keep === 'consumed';
  return keep.ms < Number.MAX_SAFE_INTEGER;
}

async function trimTopic(
  { brokers, nowMs }: TrimmingOptions,
  topic: Trimmable,
  groups: readonly string[],
  trimmed: Map<string, bigint>,
): Promise<void> {
  const { name, shape } = topic;
  const readers = groups.filter((group) => readsTopic(brokers.prefix, topic, group));
  if (shape.keep === 'consumed' && readers.length === 0) return;
  const positions = await Promise.all(readers.map((group) => positionsOf(brokers, group, topic)));
  for (let partition = 0; partition < shape.partitions; partition += 1) {
    const place = `${name}/${partition}`;
    const read = readTo(positions.map((ofGroup) => ofGroup.get(partition) ?? null));
    const old = await oldEnd(brokers, topic, partition, nowMs);
    const target = trimTarget(read, old);
    if (target <= (trimmed.get(place) ?? 0n)) continue;
    await trimPartition(brokers, topic, partition, target);
    trimmed.set(place, target);
  }
}

/** groupName() escapes the periods of a group's own name, so that one part stands between. */
export function readsTopic(
  prefix: string,
  { space, shape }: Pick<Trimmable, 'space' | 'shape'>,
  group: string,
): boolean {
  const start = groupsPrefix(prefix, space);
  const end = `.${shape.topic}`;
  if (!group.startsWith(start) || !group.endsWith(end)) return false;
  const own = group.slice(start.length, -end.length);
  return own !== '' && !own.includes('.');
}

/** The lowest of all; 0n where one has none yet; null: there is no group. */
export function readTo(positions: readonly (bigint | null)[]): bigint | null {
  const [first, ...others] = positions.map((position) => position ?? 0n);
  if (first === undefined) return null;
  return others.reduce((low, next) => (next < low ? next : low), first);
}

/** Up to where both let it go; null: that one has nothing to say. */
export function trimTarget(read: bigint | null, old: bigint | null): bigint {
  if (read === null || old === null) return read ?? old ?? 0n;
  return read < old ? read : old;
}

/** The committed offset by partition; a partition without one is missing. */
async function positionsOf(
  { link }: Brokers,
  group: string,
  { name, shape, signal }: Trimmable,
): Promise<ReadonlyMap<number, bigint>> {
  const partitions = Array.from({ length: shape.partitions }, (_, partition) => ({ partition }));
  const told = await ended(
    link.retry(async () => {
      const coordinator = await link.coordinatorOf('group', group);
      const what = `looking up the positions of ${group}`;
      const answer = await link.send(coordinator, offsetFetch, {
        groupId: group,
        topics: [{ topic: name, partitions }],
      });
      if (answer.errorCode !== 0) throw answered(answer.errorCode, what);
      const found = answer.responses.flatMap((response) => response.partitions);
      const failed = found.find(({ errorCode }) => errorCode !== 0);
      if (failed !== undefined) throw answered(failed.errorCode, what);
      return found;
    }, signal),
  );
  return new Map(
    told
      .map(({ partition, offset }): [number, bigint] => [partition, BigInt(offset)])
      .filter(([, offset]) => offset >= 0n),
  );
}

/** Where what is older than the topic keeps ends; null: it is not kept by time. */
async function oldEnd(
  { link }: Brokers,
  { name, shape, signal }: Trimmable,
  partition: number,
  nowMs: () => number,
): Promise<bigint | null> {
  if (typeof shape.keep === 'string') return null;
  const since = String(Math.max(0, nowMs() - shape.keep.ms));
  const place = { topic: name, partition };
  return ended(
    link.retry(async () => {
      const leader = await link.leaderOf(name, partition);
      // The end first: a record that comes in between is then found as young, or lies behind it.
      const end = await offsetAt(link, leader, place, '-1');
      const young = await offsetAt(link, leader, place, since);
      return young < 0n || young > end ? end : young;
    }, signal),
  );
}

async function trimPartition(
  { link }: Brokers,
  { name: topic, signal }: Trimmable,
  partition: number,
  target: bigint,
): Promise<void> {
  await ended(
    link.retry(async () => {
      const leader = await link.leaderOf(topic, partition);
      const { topics } = await link.send(leader, deleteRecords, {
        topics: [{ topic, partitions: [{ partition, offset: target.toString() }] }],
        timeout: deleteMsMax,
      });
      const code = topics[0]?.partitions[0]?.errorCode ?? 0;
      // Another has trimmed further, or the topic was made anew: nothing of ours to delete.
      if (code === 0 || code === codes.offsetOutOfRange) return;
      throw answered(code, `trimming ${topic}/${partition} up to ${target}`);
    }, signal),
  );
}
