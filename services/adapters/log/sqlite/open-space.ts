// One space as the owner holds it: the file, who holds which identity, how lanes are dealt, and who
// waits for what. Reached from the owner's thread only, and never across an await.
// Invariant: what a session is told (a commit's offset, a lane, a record) is durable by then.
import { Buffer } from 'node:buffer';
import {
  isLogError,
  laneIdentity,
  logError,
  type Position,
  positionNoteBytesMax,
  type Space,
} from '../../../core/log.ts';
import { dealPartitions } from '../deal.ts';
import { sqliteCode } from './database.ts';
import type { Batch, FromOwner, Granted } from './protocol.ts';
import { type LaneInFile, misuse, SpaceFile, trimStepBytes } from './space-file.ts';
import { type Operation, SpaceQueue } from './space-queue.ts';

/** One service's port. */
export interface Session {
  readonly post: (message: FromOwner) => void;
  readonly writers: Map<number, Held>;
}

/** A claimed identity; the epoch in the file decides whether it still holds. */
export interface Held {
  readonly writer: number;
  readonly session: Session;
  readonly at: OpenSpace;
  readonly identity: string;
  readonly epoch: number;
  /** null for a claim without input. */
  readonly lane: LaneInFile | null;
  readonly member: Member | null;
  next: bigint;
}

export interface Member {
  readonly id: number;
  readonly session: Session;
  readonly topic: string;
  readonly group: string;
}

interface Group {
  members: readonly Member[];
  owners: readonly (Member | null)[];
}

/** A request that waits for records. */
export interface Parked {
  readonly session: Session;
  readonly id: number;
  readonly lanes: ReadonlySet<number>;
  /** Answer at the latest when the head gets here. */
  wanted: number;
  readonly answer: () => boolean;
  readonly fail: (error: unknown) => void;
}

const checkpointBytes = 16 * 1024 * 1024;
const operationBytesAbout = 8 * 1024;
const trimOldEveryMs = 1_000;

export class OpenSpace {
  readonly space: Space;
  readonly queue = new SpaceQueue();
  readonly groups = new Map<string, Group>();
  readonly parked = new Set<Parked>();
  readonly #openFile: () => SpaceFile;
  readonly #nextWriter: () => number;
  readonly #holders = new Map<string, Held>();
  readonly #trimming = new Set<LaneInFile>();
  readonly #touched = new Set<number>();
  #file: SpaceFile | null = null;
  #dropped = false;
  #walBytes = 0;
  #trimmedOldMs = 0;

  constructor(space: Space, openFile: () => SpaceFile, nextWriter: () => number) {
    this.space = space;
    this.#openFile = openFile;
    this.#nextWriter = nextWriter;
  }

  get file(): SpaceFile {
    if (this.#dropped) throw logError('gone', `the space ${this.space} was dropped`);
    this.#file ??= this.#openFile();
    return this.#file;
  }

  get isOpen(): boolean {
    return this.#file !== null;
  }

  get isIdle(): boolean {
    const held = this.#holders.size + this.groups.size + this.parked.size + this.#trimming.size;
    return held === 0 && this.queue.isEmpty;
  }

  get hasTrimming(): boolean {
    return this.#trimming.size > 0;
  }

  /** Closes the file; the next use opens it again. */
  rest(): void {
    this.#file?.end();
    this.#file = null;
  }

  /** Closes the file for good, so that no late request opens (and so makes) it again. */
  drop(): void {
    this.rest();
    this.#dropped = true;
  }

  ensureOpen(): void {
    if (this.file.closed) throw logError('gone', `the space ${this.space} is closed`);
  }

  /** Throws, as a misuse, for a partition that does not exist: before anything is written. */
  lanesOf(batches: readonly Batch[]): readonly LaneInFile[] {
    return batches.map(({ topic, partition }) => this.file.lane(topic, partition));
  }

  /** Inside a transaction; the last offset. */
  append(lanes: readonly LaneInFile[], batches: readonly Batch[], nowMs: number): number {
    for (const [index, batch] of batches.entries()) {
      const lane = lanes[index];
      if (lane === undefined) throw new Error('a batch without a lane');
      this.file.append(lane, batch, nowMs);
      this.#touched.add(lane.lane);
    }
    if (batches.length === 0) this.file.skipOffset();
    return this.file.head - 1;
  }

  /** Inside a transaction. */
  commit(held: Held, batches: readonly Batch[], position: Position, nowMs: number): number {
    this.ensureOpen();
    if (this.file.epochOf(held.identity) !== held.epoch) {
      throw logError('fenced', `${held.identity} in ${this.space} has another holder`);
    }
    const lanes = this.lanesOf(batches);
    const noteBytes = Buffer.byteLength(position.note);
    if (noteBytes > positionNoteBytesMax) {
      throw misuse(`a note of ${noteBytes} bytes; at most ${positionNoteBytesMax} are kept`);
    }
    if (position.next < held.next) {
      throw misuse(`${held.identity} would go back from ${held.next} to ${position.next}`);
    }
    const last = this.append(lanes, batches, nowMs);
    this.file.savePosition(held.identity, held.epoch, position, batches.length > 0);
    held.next = position.next;
    for (const lane of this.file.lanes) {
      const consumed = lane.keep === 'consumed';
      const suffix = laneIdentity('', lane.topic, lane.partition);
      if (consumed && held.identity.endsWith(suffix)) this.#trimming.add(lane);
    }
    return last;
  }

  /** Inside a transaction; the returned function hands the identity over once that is durable. */
  claim(session: Session, identity: string, member: Member | null): () => Granted {
    this.ensureOpen();
    const { epoch, position } = this.file.claim(identity);
    const lane =
      member === null
        ? null
        : this.file.lane(member.topic, Number(identity.slice(identity.lastIndexOf('/') + 1)));
    return () => {
      const former = this.#holders.get(identity);
      if (former !== undefined) this.#revoke(former, 'fenced');
      const writer = this.#nextWriter();
      const { next } = position;
      const held = { writer, session, at: this, identity, epoch, lane, member, next };
      this.#holders.set(identity, held);
      session.writers.set(writer, held);
      return { writer, next, note: position.note };
    };
  }

  release(held: Held): void {
    held.session.writers.delete(held.writer);
    if (this.#holders.get(held.identity) === held) this.#holders.delete(held.identity);
  }

  #revoke(held: Held, failure: 'fenced' | 'gone'): void {
    held.session.post({ event: 'revoked', writer: held.writer, failure });
    if (this.#holders.get(held.identity) === held) this.#holders.delete(held.identity);
  }

  /** grant is called for each partition that the member gets, now and later. */
  join(member: Member, grant: (member: Member, partition: number) => void): void {
    this.ensureOpen();
    const lanes = this.file.lanes.filter(({ topic }) => topic === member.topic);
    if (lanes.length === 0) throw new Error(`the space ${this.space} has no ${member.topic}`);
    const name = laneIdentity(member.group, member.topic, 0);
    const group = this.groups.get(name) ?? { members: [], owners: lanes.map(() => null) };
    this.groups.set(name, group);
    this.#deal(group, [...group.members, member], grant);
  }

  leave(member: Member, grant: (member: Member, partition: number) => void): void {
    const name = laneIdentity(member.group, member.topic, 0);
    const group = this.groups.get(name);
    if (group === undefined) return;
    const others = group.members.filter((other) => other !== member);
    this.#deal(group, others, grant);
    if (others.length === 0) this.groups.delete(name);
  }

  ownerOf(member: Member, partition: number): Member | null {
    const group = this.groups.get(laneIdentity(member.group, member.topic, 0));
    return group?.owners[partition] ?? null;
  }

  #deal(
    group: Group,
    members: readonly Member[],
    grant: (member: Member, partition: number) => void,
  ): void {
    const before = group.owners;
    group.members = members;
    group.owners = dealPartitions(before, members);
    for (const [partition, owner] of group.owners.entries()) {
      const former = before[partition] ?? null;
      if (owner === former) continue;
      if (former !== null) this.#takeFrom(former, partition);
      if (owner !== null) grant(owner, partition);
    }
  }

  /** Its commits stand until the next owner's claim; its reads end now. */
  #takeFrom(former: Member, partition: number): void {
    const held = this.#holders.get(laneIdentity(former.group, former.topic, partition));
    if (held?.member === former) this.#revoke(held, 'fenced');
  }

  /** Everything of a port that has closed. */
  forget(session: Session): void {
    for (const parked of this.parked) if (parked.session === session) this.parked.delete(parked);
    for (const held of this.#holders.values()) if (held.session === session) this.release(held);
  }

  /** After the closing is durable. */
  tellGone(): void {
    const error = logError('gone', `the space ${this.space} is closed`);
    for (const parked of this.parked) parked.fail(error);
    this.parked.clear();
    for (const held of this.#holders.values()) this.#revoke(held, 'gone');
    for (const { members } of this.groups.values()) {
      for (const { session, id } of members) {
        session.post({ event: 'removed', member: id, failure: 'gone', message: error.message });
      }
    }
    this.groups.clear();
    this.#trimming.clear();
  }

  /** One durable transaction of these operations, a step of trimming, and the wake-ups after it. */
  transact(operations: readonly Operation[], nowMs: number): void {
    const { file } = this;
    const after: (() => void)[] = [];
    this.#touched.clear();
    try {
      file.transaction(() => {
        for (const operation of operations) after.push(runOne(operation));
        this.#trim(nowMs);
      });
    } catch (error) {
      for (const { fail } of operations) fail(error);
      this.#trimming.clear();
      return;
    }
    for (const act of after) act();
    this.#wake();
    this.#checkpoint(operations);
  }

  #trim(nowMs: number): void {
    let bytes = 0;
    for (const lane of this.#trimming) {
      if (bytes >= trimStepBytes) return;
      const trimmed = this.file.trimConsumed(lane);
      bytes += trimmed.bytes;
      if (!trimmed.more) this.#trimming.delete(lane);
    }
    if (nowMs - this.#trimmedOldMs < trimOldEveryMs && nowMs >= this.#trimmedOldMs) return;
    const mores = this.file.lanes.map((lane) => this.file.trimOld(lane, nowMs).more);
    if (!mores.includes(true)) this.#trimmedOldMs = nowMs;
  }

  #wake(): void {
    for (const parked of this.parked) {
      const due =
        this.file.head >= parked.wanted ||
        [...parked.lanes].some((lane) => this.#touched.has(lane));
      if (due && parked.answer()) this.parked.delete(parked);
    }
  }

  #checkpoint(operations: readonly Operation[]): void {
    for (const { bytes } of operations) this.#walBytes += bytes + operationBytesAbout;
    if (this.#walBytes < checkpointBytes) return;
    this.#walBytes = 0;
    try {
      this.file.checkpoint();
    } catch (error) {
      // The write-ahead log keeps what is committed; a disk that is full tells the next commit.
      if (sqliteCode(error) === null) throw error;
    }
  }
}

/** A refusal undoes nothing, since it comes before the first write; any other error undoes all. */
function runOne(operation: Operation): () => void {
  try {
    return operation.run();
  } catch (error) {
    const refusal = isLogError(error) || (error instanceof Error && error.name === 'MisuseError');
    if (!refusal) throw error;
    return () => operation.fail(error);
  }
}
