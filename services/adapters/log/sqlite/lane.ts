// Lanes in the service's thread: a membership that yields lanes as the owner deals them, and
// reading, which runs ahead of the commits.
// Invariant: the cursor moves only with records that the caller gets.
import {
  type Lane,
  type LogFailure,
  laneIdentity,
  type Space,
  type StoredRecord,
} from '../../../core/log.ts';
import type { Connection } from './connection.ts';
import { decodeRecords } from './frame.ts';
import type { Granted } from './protocol.ts';
import { ignoreEnd, movedError, writerOf } from './writer.ts';

export async function* joinLanes(
  connection: Connection,
  space: Space,
  topic: string,
  group: string,
  signal: AbortSignal,
): AsyncGenerator<Lane, void> {
  if (signal.aborted) return;
  const member = connection.nextId();
  const lanes: Lane[] = [];
  const revokes: (() => void)[] = [];
  let ended = false;
  let failure: Error | null = null;
  let wake = Promise.withResolvers<void>();
  const ring = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  connection.addMember(member, {
    onLane: (partition, granted) => {
      const identity = laneIdentity(group, topic, partition);
      const { lane, revoke } = openLane(connection, identity, partition, granted);
      lanes.push(lane);
      revokes.push(revoke);
      ring();
    },
    onRemoved: (error) => {
      failure = error;
      ring();
    },
  });
  const leave = () => {
    if (ended) return;
    ended = true;
    connection.removeMember(member);
    ring();
    for (const revoke of revokes) revoke();
    // A lost owner has no member any more.
    connection.ask({ op: 'leave', member }).catch(() => {});
  };
  signal.addEventListener('abort', leave, { once: true });
  connection.ended.addEventListener('abort', leave, { once: true });
  try {
    await connection.expect({ op: 'join', space, topic, group, member }, 'done');
    for (;;) {
      if (ended) return;
      if (failure !== null) throw failure;
      const lane = lanes.shift();
      if (lane === undefined) await wake.promise;
      else if (!lane.revoked.aborted) yield lane;
    }
  } finally {
    signal.removeEventListener('abort', leave);
    connection.ended.removeEventListener('abort', leave);
    leave();
  }
}

function openLane(
  connection: Connection,
  identity: string,
  partition: number,
  granted: Granted,
): { readonly lane: Lane; readonly revoke: () => void } {
  const writer = writerOf(connection, identity, granted);
  const revoked = new AbortController();
  let failure: LogFailure = 'fenced';
  let cursor = granted.next;
  /** Read from the owner, not yet handed over; starts at the cursor. */
  let ahead: readonly StoredRecord[] = [];
  let reading = false;
  const revoke = (reason: LogFailure) => {
    if (revoked.signal.aborted) return;
    failure = reason;
    connection.removeWriter(granted.writer);
    revoked.abort();
  };
  connection.addWriter(granted.writer, revoke);
  const fetch = async (bytesMax: number, signal: AbortSignal) => {
    const from = Number(cursor);
    const seen = cursor;
    const asked = { op: 'read', writer: granted.writer, from, bytesMax } as const;
    const answer = await connection.until(asked, 'records', [signal, revoked.signal]);
    // A seek while we waited makes the answer one of another place.
    if (answer !== null && seen === cursor) ahead = decodeRecords(answer.records, from);
  };
  const read = async (bytesMax: number, signal: AbortSignal) => {
    if (reading) throw new Error(`two reads at once of ${identity}`);
    reading = true;
    try {
      while (ahead.length === 0 || revoked.signal.aborted) {
        if (signal.aborted || connection.ended.aborted) return [];
        if (revoked.signal.aborted) throw movedError(identity, failure);
        await fetch(bytesMax, signal);
      }
      const count = countWithin(ahead, bytesMax);
      const taken = count === ahead.length ? ahead : ahead.slice(0, count);
      ahead = count === ahead.length ? [] : ahead.slice(count);
      cursor = (taken.at(-1)?.offset ?? cursor) + 1n;
      return taken;
    } finally {
      reading = false;
    }
  };
  const lane: Lane = {
    partition,
    revoked: revoked.signal,
    get position() {
      return writer.position;
    },
    commit: (records, position) => writer.commit(records, position),
    release: async () => {
      await writer.release().catch(ignoreEnd);
    },
    read,
    seek: (next) => {
      cursor = next;
      ahead = [];
    },
  };
  return { lane, revoke: () => revoke('fenced') };
}

/** How many records fit into bytesMax, at least one. */
function countWithin(records: readonly StoredRecord[], bytesMax: number): number {
  let bytes = 0;
  for (const [index, { key, value }] of records.entries()) {
    bytes += key.length + (value?.length ?? 0);
    if (index > 0 && bytes > bytesMax) return index;
  }
  return records.length;
}
