// The lanes of one membership: what the group deals to this process is claimed, then handed out;
// what it deals away is revoked.
// Invariant: a lane that stays dealt to us across a rebalance is not touched. A lane that another
// claimed over (the coordinator ends lanes so) is claimed back after a while, if it is still ours.
import { openBell } from '../../../core/bell.ts';
import {
  isLogError,
  type Lane,
  type LogFailure,
  laneIdentity,
  logError,
} from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { openFetcher } from './fetcher.ts';
import { type KafkaLane, openLane } from './lane.ts';
import type { Marks } from './marks.ts';
import { runMembership } from './membership.ts';
import { groupName, topicName } from './names.ts';
import type { SpaceEntry } from './registry.ts';
import { goneError, openWriter, rethrowAsLost } from './writer.ts';

export interface JoinOptions {
  readonly brokers: Brokers;
  readonly entry: SpaceEntry;
  readonly marks: Marks;
  readonly topic: string;
  readonly group: string;
  readonly partitions: number;
  /** Handed every promise that outlives the iteration. */
  readonly track: (work: Promise<void>) => void;
}

const reclaimDelayMs = 1_000;

export async function* joinLanes(
  options: JoinOptions,
  signal: AbortSignal,
): AsyncGenerator<Lane, void> {
  const { brokers, entry, marks, topic, group, partitions, track } = options;
  const { prefix, notice, ended } = brokers;
  const { space } = entry;
  if (signal.aborted || ended.aborted) return;
  const bell = openBell();
  const leaving = new AbortController();
  const over = AbortSignal.any([signal, ended, entry.gone, leaving.signal]);
  const fetcher = openFetcher(brokers, 'fetch');
  const held = new Map<number, KafkaLane>();
  const opening = new Map<number, AbortController>();
  const given: KafkaLane[] = [];
  let dealt: ReadonlySet<number> = new Set();
  let failure: { readonly error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    leaving.abort();
    bell.ring();
  };

  async function open(partition: number): Promise<void> {
    const wanted = new AbortController();
    opening.set(partition, wanted);
    const identity = laneIdentity(group, topic, partition);
    try {
      const writer = await openWriter(
        { brokers, entry, marks, identity },
        AbortSignal.any([wanted.signal, over]),
      );
      if (writer === 'aborted' || wanted.signal.aborted) return;
      const lane = openLane({
        writer,
        fetcher,
        topic: topicName(prefix, space, topic),
        partition,
        identity,
        ended,
        onLag: (records) => notice({ kind: 'lag', space, group, topic, partition, records }),
        onReleased: () => {
          if (held.get(partition) === lane) held.delete(partition);
        },
      });
      held.set(partition, lane);
      lane.lane.revoked.addEventListener('abort', () => forget(partition, lane), { once: true });
      given.push(lane);
      bell.ring();
    } catch (error) {
      if (!over.aborted) fail(error);
    } finally {
      if (opening.get(partition) === wanted) opening.delete(partition);
    }
  }

  function forget(partition: number, lane: KafkaLane): void {
    if (held.get(partition) !== lane) return;
    held.delete(partition);
    if (over.aborted) return;
    const timer = setTimeout(() => deal(dealt), reclaimDelayMs);
    over.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  /** Opens what is dealt and not held, ends what is held and not dealt. */
  function deal(now: ReadonlySet<number>): void {
    dealt = now;
    for (const [partition, wanted] of opening) if (!now.has(partition)) wanted.abort();
    revokeWhere((partition) => !now.has(partition), 'fenced', 'it was given to another member');
    if (over.aborted) return;
    for (const partition of now) {
      if (!held.has(partition) && !isOpening(partition)) track(open(partition));
    }
  }

  function isOpening(partition: number): boolean {
    return opening.get(partition)?.signal.aborted === false;
  }

  function revokeWhere(
    isWanted: (partition: number) => boolean,
    kind: LogFailure,
    message: string,
  ): void {
    for (const [partition, lane] of held) {
      if (!isWanted(partition)) continue;
      held.delete(partition);
      lane.revoke(kind, message);
    }
  }

  const leave = (): void => {
    const isGone = entry.gone.aborted;
    for (const wanted of opening.values()) wanted.abort();
    revokeWhere(() => true, isGone ? 'gone' : 'fenced', isGone ? 'the space is closed' : 'left');
    fetcher.close();
    bell.ring();
  };
  over.addEventListener('abort', leave, { once: true });

  track(
    runMembership(
      {
        brokers,
        group: groupName(prefix, space, group, topic),
        topic: topicName(prefix, space, topic),
        partitions,
      },
      {
        onAssigned: (assigned) => deal(new Set(assigned)),
        onLapsed: () => deal(new Set()),
        onRebalance: () => notice({ kind: 'rebalanced', space, group }),
      },
      over,
    ).catch((error: unknown) => {
      if (!over.aborted) fail(error);
    }),
  );
  try {
    for (;;) {
      if (failure !== null) throwFailure(failure);
      if (entry.gone.aborted) throw goneError(entry, `${group}/${topic}`);
      if (over.aborted) return;
      const next = given.shift();
      if (next === undefined) await bell.heard(over);
      else if (!next.lane.revoked.aborted) yield next.lane;
    }
  } finally {
    leaving.abort();
  }
}

function throwFailure({ error }: { readonly error: unknown }): never {
  if (isLogError(error)) throw error;
  try {
    rethrowAsLost(error);
  } catch (named) {
    throw named instanceof Error ? named : logError('lost', String(named));
  }
}
