// One member of one consumer group: it joins, is dealt partitions, and says that it lives.
// Modes: joining (JoinGroup and SyncGroup; what it held before stays its own until the new deal) →
// steady (a heartbeat every heartbeatMs) → joining again when the group changes → left.
// A member that has not been heard for half a session holds nothing any more (`lapsed`), since the
// group may soon deal its partitions to others; heard again in the same generation, it gets them
// anew. Heartbeats need no help of whoever works on the partitions.
import { setTimeout as pause } from 'node:timers/promises';
import {
  assignmentProtocol,
  dealAmong,
  decodeAssignment,
  encodeAssignment,
  encodeOwned,
} from './assignment.ts';
import type { Brokers } from './brokers.ts';
import { answered, codes, hasCode, isKafkaFailure } from './failure.ts';
import { requestMsMax } from './link.ts';
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './wire.ts';

export interface MembershipOptions {
  readonly brokers: Brokers;
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
}

export interface MembershipEvents {
  /** What it holds now; partitions that are missing are no longer its own. */
  onAssigned(partitions: readonly number[]): void;
  /** It holds nothing until it is assigned again. */
  onLapsed(): void;
  onRebalance(): void;
}

/** How often the age of the last heartbeat is looked at. */
const lookEveryMs = 200;
const retryDelayMs = 200;

interface Standing {
  readonly memberId: string;
  readonly generationId: number;
}

/** Resolves when the signal is aborted and the group has been left. Rejects as brokers refuse. */
export async function runMembership(
  options: MembershipOptions,
  events: MembershipEvents,
  signal: AbortSignal,
): Promise<void> {
  const { brokers, group, topic, partitions } = options;
  const { sessionMs, heartbeatMs, rebalanceMs } = brokers.timing;
  const link = brokers.openLink('member');
  let memberId = '';
  let held: readonly number[] = [];
  let isLapsed = true;
  let heardMs = performance.now();
  let silenceMsMax = sessionMs / 2;
  let failingSinceMs: number | null = null;

  const lapse = (): void => {
    if (isLapsed) return;
    isLapsed = true;
    events.onLapsed();
  };
  const look = setInterval(() => {
    if (performance.now() - heardMs > silenceMsMax) lapse();
  }, lookEveryMs);

  async function join(): Promise<Standing | 'aborted'> {
    // Whoever waits for the others of the group to join is heard for a session: the connection may
    // be dead, and then its place is given away after that.
    const coordinator = await link.coordinatorOf('group', group);
    heardMs = performance.now();
    silenceMsMax = sessionMs;
    const metadata = encodeOwned(topic, isLapsed ? [] : held);
    const asked = {
      groupId: group,
      sessionTimeout: sessionMs,
      rebalanceTimeout: rebalanceMs,
      protocolType: 'consumer',
      groupProtocols: [{ name: assignmentProtocol, metadata }],
    } as const;
    const msMax = rebalanceMs + sessionMs + requestMsMax;
    const first = await link.send(coordinator, joinGroup, { ...asked, memberId }, msMax);
    if (first.errorCode === codes.memberIdRequired) memberId = first.memberId;
    const told =
      first.errorCode === codes.memberIdRequired
        ? await link.send(coordinator, joinGroup, { ...asked, memberId }, msMax)
        : first;
    if (told.errorCode !== 0) throw answered(told.errorCode, `JoinGroup of ${group}`);
    ({ memberId } = told);
    const { generationId, leaderId, members } = told;
    const dealt = leaderId === memberId ? dealAmong(members, partitions) : new Map();
    const synced = await link.send(
      coordinator,
      syncGroup,
      {
        groupId: group,
        generationId,
        memberId,
        groupAssignment: Array.from(dealt, ([id, given]) => ({
          memberId: id,
          memberAssignment: encodeAssignment(topic, given),
        })),
      },
      msMax,
    );
    if (synced.errorCode !== 0) throw answered(synced.errorCode, `SyncGroup of ${group}`);
    held = decodeAssignment(synced.memberAssignment, topic);
    heard();
    return { memberId, generationId };
  }

  function heard(): void {
    heardMs = performance.now();
    silenceMsMax = sessionMs / 2;
    isLapsed = false;
  }

  /** Until the group changes. */
  async function beat({ generationId }: Standing): Promise<void> {
    while (!signal.aborted) {
      await pause(heartbeatMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const sentMs = performance.now();
      const coordinator = await link.coordinatorOf('group', group);
      const told = await link.send(coordinator, heartbeat, {
        groupId: group,
        groupGenerationId: generationId,
        memberId,
        groupInstanceId: null,
      });
      if (told.errorCode === codes.rebalanceInProgress) return;
      if (told.errorCode !== 0) throw answered(told.errorCode, `Heartbeat of ${group}`);
      failingSinceMs = null;
      const wasLapsed = isLapsed;
      heard();
      heardMs = sentMs;
      if (wasLapsed) events.onAssigned(held);
    }
  }

  async function leave(): Promise<void> {
    if (memberId === '') return;
    // On the shared link: on our own a JoinGroup may still be parked.
    const coordinator = await brokers.link.coordinatorOf('group', group);
    await brokers.link.send(coordinator, leaveGroup, {
      groupId: group,
      members: [{ memberId }],
    });
  }

  let standing: Standing | null = null;
  try {
    while (!signal.aborted) {
      try {
        if (standing === null) {
          const joined = await Promise.race([join(), abortedBy(signal)]);
          if (joined === 'aborted' || signal.aborted) break;
          standing = joined;
          failingSinceMs = null;
          events.onRebalance();
          events.onAssigned(held);
        }
        await beat(standing);
        standing = null;
      } catch (error) {
        if (signal.aborted) break;
        if (!isKafkaFailure(error)) throw error;
        silenceMsMax = sessionMs / 2;
        if (hasCode(error, codes.unknownMemberId, codes.illegalGeneration)) {
          if (hasCode(error, codes.unknownMemberId)) memberId = '';
          standing = null;
          lapse();
        } else if (hasCode(error, codes.rebalanceInProgress)) standing = null;
        else if (error.remedy === 'refused' || error.remedy === 'fenced') throw error;
        else {
          failingSinceMs ??= performance.now();
          if (performance.now() - failingSinceMs > brokers.timing.awayMsMax) throw error;
          link.forget();
          await pause(retryDelayMs, undefined, { signal }).catch(() => {});
        }
      }
    }
    lapse();
    await leave().catch(() => {});
  } finally {
    clearInterval(look);
    lapse();
    link.close();
  }
}

function abortedBy(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
