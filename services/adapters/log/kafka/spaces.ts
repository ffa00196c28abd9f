// The coordinator's port over brokers: a space is its topics and one record of the registry.
// create: topics, then the record. close: the record. drop: topics, groups, then the tombstone.
// Invariant: each call may end anywhere; the same call made again finishes it.
import { logError, type Space, type Spaces, type TopicShape } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { deleteTopicsNow, ended, ensureTopics, topicsBeginning } from './ensure-topics.ts';
import { deleteGroupsOf } from './groups.ts';
import { topicSizes } from './log-sizes.ts';
import { groupsPrefix, marksTopic, topicName } from './names.ts';
import type { KnownSpace, SpaceRegistry } from './registry.ts';
import { sameShapes } from './space-record.ts';
import { topicSettings } from './topic-settings.ts';

const marksShape: TopicShape = { topic: marksTopic, partitions: 1, keep: 'compacted' };

export function openSpaces(brokers: Brokers, registry: SpaceRegistry): Spaces {
  const { prefix, ended: signal } = brokers;

  async function known(space: Space): Promise<KnownSpace | undefined> {
    return (await registry.known()).find((entry) => entry.space === space);
  }

  async function create(space: Space, shapes: readonly TopicShape[]): Promise<void> {
    const found = await known(space);
    if (found?.state === 'closed') throw logError('gone', `the space ${space} is closed`);
    const all = found === undefined ? shapes : grown(found, shapes);
    if (found !== undefined && sameShapes(found.shapes, all)) return;
    const orders = [...all, marksShape].map(({ topic, partitions, keep }) => ({
      topic: topicName(prefix, space, topic),
      partitions,
      settings: (replicas: number) => topicSettings(space, keep, replicas),
    }));
    await ensureTopics(brokers, orders, signal);
    await registry.write(space, { shapes: all, state: 'open' });
  }

  async function close(space: Space): Promise<void> {
    const found = await known(space);
    if (found?.state !== 'open') return;
    await registry.write(space, { shapes: found.shapes, state: 'closed' });
  }

  async function drop(space: Space): Promise<void> {
    const found = await known(space);
    if (found?.state === 'open') {
      throw new Error(`the space ${space} is open; close it before it is dropped`);
    }
    const topics = found === undefined ? await leftOf(space) : topicsOf(prefix, found);
    await deleteTopicsNow(brokers, topics, signal);
    if (found === undefined && topics.length === 0) return;
    await deleteGroupsOf(brokers, space, signal);
    await registry.write(space, null);
  }

  /** What a create that was cut short has made; only a job's topics can be told by their names. */
  async function leftOf(space: Space): Promise<readonly string[]> {
    if (!space.startsWith('job.')) return [];
    return topicsBeginning(brokers, groupsPrefix(prefix, space), signal);
  }

  async function list(): Promise<readonly { readonly space: Space; readonly bytes: number }[]> {
    const all = await registry.known();
    const wanted = all.flatMap((entry) =>
      [...entry.shapes, marksShape].map(({ topic, partitions }) => ({
        topic: topicName(prefix, entry.space, topic),
        partitions,
      })),
    );
    const sizes = await ended(brokers.link.retry(() => topicSizes(brokers, wanted), signal));
    return all.map((entry) => ({
      space: entry.space,
      bytes: topicsOf(prefix, entry).reduce((sum, topic) => sum + (sizes.get(topic) ?? 0), 0),
    }));
  }

  return { create, close, drop, list };
}

/**
 * `events` may gain topics, as its setting does; it loses none, since another control process may
 * still read by the former setting. Every other space is made once.
 */
function grown(found: KnownSpace, shapes: readonly TopicShape[]): readonly TopicShape[] {
  const { space, shapes: before } = found;
  const added = shapes.filter((shape) => !before.some(({ topic }) => topic === shape.topic));
  const all = [...before, ...added];
  const kept = all.filter(({ topic }) => shapes.some((shape) => shape.topic === topic));
  const isFine = space === 'events' ? sameShapes(kept, shapes) : sameShapes(before, shapes);
  if (!isFine) throw new Error(`the space ${space} exists with other topics`);
  return all;
}

function topicsOf(prefix: string, { space, shapes }: KnownSpace): readonly string[] {
  return [...shapes, marksShape].map(({ topic }) => topicName(prefix, space, topic));
}
