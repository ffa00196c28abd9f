// One space of the memory log: topics, positions, epochs and groups as plain values. Everything
// here is synchronous, so each method is one atomic effect; memory.ts adds the waiting.
// Invariant: a refused or fenced call has changed nothing. Offsets are one sequence per space.
import {
  commitBytesMax,
  laneIdentity,
  logError,
  type NewRecord,
  type Position,
  positionNoteBytesMax,
  type Space,
  type StoredRecord,
  type TopicShape,
} from '../../core/log.ts';
import { dealPartitions } from './deal.ts';

export interface Holder {
  /** Called when another claims the identity, or the lane moves, or the space closes. */
  readonly revoke: () => void;
}

export interface Claim {
  readonly identity: string;
  readonly epoch: number;
}

/** partition p is yours now, under this claim. */
export interface Member {
  readonly give: (partition: number) => void;
  readonly take: (partition: number) => void;
}

/** What an outside producer writes: a broker's log takes headers from it, the log port does not. */
export interface OutsideRecord extends NewRecord {
  readonly headers?: Readonly<Record<string, string>>;
}

interface KeptRecord extends StoredRecord {
  readonly keptMs: number;
}

interface Identity {
  epoch: number;
  /** null until the first commit. */
  position: Position | null;
  wrote: boolean;
  holder: Holder | null;
}

interface Group {
  members: readonly Member[];
  owners: readonly (Member | null)[];
}

const encoder = new TextEncoder();

export class MemorySpace {
  readonly space: Space;
  readonly shapes: readonly TopicShape[];
  closed = false;
  head = 0n;
  readonly #nowMs: () => number;
  readonly #partitions = new Map<string, KeptRecord[][]>();
  readonly #identities = new Map<string, Identity>();
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Set<() => void>();

  constructor(space: Space, shapes: readonly TopicShape[], nowMs: () => number) {
    this.space = space;
    this.shapes = shapes;
    this.#nowMs = nowMs;
    for (const { topic, partitions } of shapes) {
      this.#partitions.set(
        topic,
        Array.from({ length: partitions }, () => []),
      );
    }
  }

  /** Calls back after every change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  /** Wakes all that wait for a change. */
  ring(): void {
    for (const listener of this.#waiting) listener();
  }

  bytes(): number {
    const records = [...this.#partitions.values()].flat(2);
    return records.reduce((sum, record) => sum + (record.value?.length ?? 0), 0);
  }

  ensureOpen(): void {
    if (this.closed) throw logError('gone', `the space ${this.space} is closed`);
  }

  partitionsOf(topic: string): number {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) throw new Error(`the space ${this.space} has no topic ${topic}`);
    return partitions.length;
  }

  records(topic: string, partition: number, from: bigint): readonly StoredRecord[] {
    const records = this.#partitions.get(topic)?.[partition] ?? [];
    return records.filter(({ offset }) => offset >= from).map(storedOf);
  }

  send(records: readonly OutsideRecord[]): bigint {
    this.ensureOpen();
    if (records.length === 0) throw new Error('send of no records');
    this.#check(records);
    return this.#append(records);
  }

  claim(identity: string, holder: Holder): Claim & { readonly position: Position } {
    this.ensureOpen();
    const known = this.#identities.get(identity);
    if (known !== undefined && known.position === null && known.wrote) {
      const what = `${identity} in ${this.space} wrote records, but its position is missing`;
      throw logError('broken', `${what}; starting it from 0 would repeat its work`);
    }
    const former = known?.holder ?? null;
    const entry = known ?? { epoch: 0, position: null, wrote: false, holder: null };
    entry.epoch += 1;
    entry.holder = holder;
    this.#identities.set(identity, entry);
    former?.revoke();
    this.ring();
    return { identity, epoch: entry.epoch, position: entry.position ?? { next: 0n, note: '' } };
  }

  release(claim: Claim): void {
    const entry = this.#identities.get(claim.identity);
    if (entry?.epoch === claim.epoch) entry.holder = null;
  }

  commit(claim: Claim, records: readonly NewRecord[], position: Position): void {
    this.ensureOpen();
    const entry = this.#identities.get(claim.identity);
    if (entry?.epoch !== claim.epoch) {
      throw logError('fenced', `${claim.identity} in ${this.space} has another holder`);
    }
    this.#check(records);
    const noteBytes = encoder.encode(position.note).length;
    if (noteBytes > positionNoteBytesMax) {
      throw new Error(`a note of ${noteBytes} bytes; at most ${positionNoteBytesMax} are kept`);
    }
    const before = entry.position?.next ?? 0n;
    if (position.next < before) {
      throw new Error(`${claim.identity} would go back from ${before} to ${position.next}`);
    }
    entry.position = { next: position.next, note: position.note };
    entry.wrote ||= records.length > 0;
    this.#append(records);
    this.#trimConsumed();
  }

  /** What a broker does that forgets a position (offsets expire); a test of the claim's check. */
  forgetPosition(identity: string): void {
    const entry = this.#identities.get(identity);
    if (entry !== undefined) entry.position = null;
  }

  join(topic: string, group: string, member: Member): void {
    this.ensureOpen();
    const none = Array.from({ length: this.partitionsOf(topic) }, () => null);
    const name = `${group}/${topic}`;
    const entry = this.#groups.get(name) ?? { members: [], owners: none };
    this.#groups.set(name, entry);
    this.#deal(entry, [...entry.members, member]);
  }

  leave(topic: string, group: string, member: Member): void {
    const entry = this.#groups.get(`${group}/${topic}`);
    if (entry === undefined) return;
    this.#deal(
      entry,
      entry.members.filter((other) => other !== member),
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { holder } of this.#identities.values()) holder?.revoke();
    this.ring();
  }

  #deal(group: Group, members: readonly Member[]): void {
    const before = group.owners;
    group.members = members;
    group.owners = dealPartitions(before, members);
    // All that moves is taken before any of it is given, as in a broker's rebalance.
    const moved = before.flatMap((owner, p) => (group.owners[p] === owner ? [] : [p]));
    for (const partition of moved) before[partition]?.take(partition);
    for (const partition of moved) group.owners[partition]?.give(partition);
    this.ring();
  }

  #check(records: readonly NewRecord[]): void {
    let bytes = 0;
    for (const { topic, partition, key, value } of records) {
      if (!(partition >= 0 && partition < this.partitionsOf(topic))) {
        throw new Error(`${topic} in ${this.space} has no partition ${partition}`);
      }
      bytes += key.length + (value?.length ?? 0);
    }
    if (bytes > commitBytesMax) {
      throw new Error(`a commit of ${bytes} bytes; at most ${commitBytesMax} are taken`);
    }
  }

  #append(records: readonly OutsideRecord[]): bigint {
    const keptMs = this.#nowMs();
    for (const { topic, partition, key, value, headers } of records) {
      const kept = this.#partitions.get(topic)?.[partition] ?? [];
      const offset = this.head;
      this.head += 1n;
      const outside = headers === undefined ? {} : { headers };
      kept.push({ offset, key, value: value === null ? null : value.slice(), ...outside, keptMs });
    }
    // A position alone takes an offset too, so that every commit has one of its own.
    if (records.length === 0) this.head += 1n;
    for (const { topic, keep } of this.shapes) this.#trim(topic, keep, keptMs);
    this.ring();
    return this.head - 1n;
  }

  #trim(topic: string, keep: TopicShape['keep'], nowMs: number): void {
    if (keep === 'consumed') return;
    for (const [partition, kept] of (this.#partitions.get(topic) ?? []).entries()) {
      if (keep === 'compacted') {
        const newest = new Map(kept.map(({ key, offset }) => [key, offset]));
        retain(kept, ({ key, offset }) => newest.get(key) === offset);
      } else {
        const readTo = this.#readTo(topic, partition) ?? this.head;
        const isKept = (record: KeptRecord) =>
          record.keptMs >= nowMs - keep.ms || record.offset >= readTo;
        retain(kept, isKept);
      }
    }
  }

  #trimConsumed(): void {
    for (const { topic, keep } of this.shapes) {
      if (keep !== 'consumed') continue;
      for (const [partition, kept] of (this.#partitions.get(topic) ?? []).entries()) {
        const first = this.#readTo(topic, partition);
        if (first !== null) retain(kept, ({ offset }) => offset >= first);
      }
    }
  }

  /** The lowest position of all groups that read the partition; null if none does. */
  #readTo(topic: string, partition: number): bigint | null {
    const suffix = laneIdentity('', topic, partition);
    const groups = [...this.#identities].filter(([identity]) => identity.endsWith(suffix));
    const nexts = groups.map(([, { position }]) => position?.next ?? 0n);
    if (nexts.length === 0) return null;
    return nexts.reduce((low, next) => (next < low ? next : low), this.head);
  }
}

function retain(kept: KeptRecord[], wanted: (record: KeptRecord) => boolean): void {
  if (kept.every(wanted)) return;
  kept.splice(0, kept.length, ...kept.filter(wanted));
}

function storedOf({ offset, key, value, headers }: KeptRecord): StoredRecord {
  return headers === undefined ? { offset, key, value } : { offset, key, value, headers };
}
