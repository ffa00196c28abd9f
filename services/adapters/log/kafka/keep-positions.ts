// Keeps positions from expiring. Brokers forget the offsets of a group that has had no member for
// offsets.retention.minutes (7 days by default), and with them where a job that is paused, or an
// identity that seldom commits, has to go on. So whoever trims also commits such positions again.
// Invariant: a position is committed again exactly as it stands, under its own transactional id: if
// its owner comes back in that moment, one of the two is fenced and the position stays true. A
// group that has members is left alone, and so is what has moved since the round before.
import { isLogError, laneIdentity } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { ended } from './ensure-topics.ts';
import { answered } from './failure.ts';
import { groupsBeginning } from './groups.ts';
import {
  groupsPrefix,
  identityOfClaimGroup,
  laneGroupOf,
  marksTopic,
  topicName,
  transactionalIdOf,
} from './names.ts';
import { claimProducer, fetchPosition, type PositionPlace } from './producer.ts';
import type { KnownSpace, SpaceRegistry } from './registry.ts';
import { describeGroups } from './wire.ts';

/** Two rounds without a move, and it is committed again: well within a day. */
const keepEveryMs = 6 * 60 * 60 * 1000;

export interface PositionKeeper {
  /** Resolves to how many were committed again. Rejects with the first failure, after all else. */
  keepOnce(): Promise<number>;
}

export interface PositionKeeperOptions {
  readonly brokers: Brokers;
  readonly registry: SpaceRegistry;
  /** A round failed; the next one tries again. */
  readonly onFailed: (error: unknown) => void;
}

interface Kept {
  readonly identity: string;
  readonly place: PositionPlace;
}

/** Ends with the brokers' links. */
export function openPositionKeeper(options: PositionKeeperOptions): PositionKeeper {
  const { brokers, registry, onFailed } = options;
  /** As it stood in the round before, by group, topic and partition. */
  let before = new Map<string, string>();

  async function keepOnce(): Promise<number> {
    const now = new Map<string, string>();
    const failures: unknown[] = [];
    let kept = 0;
    const groups = await groupsBeginning(brokers, brokers.prefix, brokers.ended);
    for (const space of await registry.known()) {
      if (space.state !== 'open') continue;
      const { gone } = await registry.entryOf(space.space);
      const signal = AbortSignal.any([gone, brokers.ended]);
      for (const group of groups) {
        try {
          kept += await keepGroup(space, group, now, signal);
        } catch (error) {
          if (!isLogError(error) || error.failure === 'lost') failures.push(error);
        }
      }
    }
    before = now;
    if (failures.length > 0) throw failures[0];
    return kept;
  }

  async function keepGroup(
    space: KnownSpace,
    group: string,
    now: Map<string, string>,
    signal: AbortSignal,
  ): Promise<number> {
    const places = placesOf(brokers.prefix, space, group);
    if (places.length === 0 || (await hasMembers(brokers, group, signal))) return 0;
    let kept = 0;
    for (const { identity, place } of places) {
      const stored = await ended(
        brokers.link.retry(() => fetchPosition(brokers.link, place), signal),
      );
      if (stored.count === 0) continue;
      const name = `${group} ${place.topic}/${place.partition}`;
      const stands = `${stored.count}.${stored.claim}`;
      now.set(name, stands);
      if (before.get(name) !== stands) continue;
      await commitAgain(space, identity, place, signal);
      kept += 1;
    }
    return kept;
  }

  async function commitAgain(
    { space }: KnownSpace,
    identity: string,
    place: PositionPlace,
    signal: AbortSignal,
  ): Promise<void> {
    const transactionalId = transactionalIdOf(brokers.prefix, space, identity);
    const onAborted = (): void => brokers.notice({ kind: 'aborted', space, identity });
    const producer = await claimProducer({ brokers, transactionalId, place, onAborted }, signal);
    if (producer === 'aborted') return;
    await producer.commit([], producer.stored, signal);
  }

  const timer = setInterval(() => {
    keepOnce().catch((error: unknown) => {
      if (!brokers.ended.aborted) onFailed(error);
    });
  }, keepEveryMs);
  timer.unref();
  brokers.ended.addEventListener('abort', () => clearInterval(timer), { once: true });
  return { keepOnce };
}

/** What a group of this space holds positions for; none: it belongs to another. */
function placesOf(prefix: string, { space, shapes }: KnownSpace, group: string): readonly Kept[] {
  const start = groupsPrefix(prefix, space);
  if (!group.startsWith(start)) return [];
  const rest = group.slice(start.length);
  const claimed = identityOfClaimGroup(rest);
  if (claimed !== null) {
    const topic = topicName(prefix, space, marksTopic);
    return [{ identity: claimed, place: { group, topic, partition: 0 } }];
  }
  for (const shape of shapes) {
    const name = laneGroupOf(rest, shape.topic);
    if (name === null) continue;
    const topic = topicName(prefix, space, shape.topic);
    return Array.from({ length: shape.partitions }, (_, partition) => ({
      identity: laneIdentity(name, shape.topic, partition),
      place: { group, topic, partition },
    }));
  }
  return [];
}

async function hasMembers({ link }: Brokers, group: string, signal: AbortSignal): Promise<boolean> {
  return ended(
    link.retry(async () => {
      const coordinator = await link.coordinatorOf('group', group);
      const { groups } = await link.send(coordinator, describeGroups, { groupIds: [group] });
      const [found] = groups;
      const what = `describing the group ${group}`;
      if (found === undefined || found.errorCode !== 0)
        throw answered(found?.errorCode ?? -1, what);
      return found.members.length > 0;
    }, signal),
  );
}
