// The owner of the data directory, inside its thread: takes requests from the ports of services,
// queues what must be committed, answers reads, and deals lanes.
// Invariant: whoever's port closes is a dead process: its lanes go to others, its claims are free.
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { commitBytesMax, laneIdentity, logError, type Space } from '../../../core/log.ts';
import { sqliteCode, sqliteFull } from './database.ts';
import {
  bytesOnDisk,
  dropFile,
  fileOf,
  filesOf,
  freeBytesOf,
  messageOf,
  spaceOf,
  syncDirectory,
} from './directory.ts';
import { transferable } from './frame.ts';
import { type Held, type Member, OpenSpace, type Parked, type Session } from './open-space.ts';
import type {
  Aside,
  Batch,
  FromOwner,
  OwnerOptions,
  Records,
  Request,
  Result,
  ToOwner,
} from './protocol.ts';
import { createSpaceFile, type FileLimits, type LaneInFile, SpaceFile } from './space-file.ts';

/** Where a session writes to; a MessagePort, but for the tests of this class. */
export interface Wire {
  postMessage(message: FromOwner, transfer: ArrayBuffer[]): void;
}

interface View {
  readonly at: OpenSpace;
  readonly lanes: readonly LaneInFile[];
  readonly cursors: number[];
}

interface ServiceSession extends Session {
  readonly wire: Wire;
  readonly members: Map<number, { readonly at: OpenSpace; readonly member: Member }>;
  readonly views: Map<number, View>;
  readonly parked: Map<number, { readonly at: OpenSpace; readonly parked: Parked }>;
}

/** Files open at once; idle ones beyond it are closed. */
const openFilesMax = 64;
const readBytesMax = 8 * 1024 * 1024;
const diskCheckEveryMs = 250;
/** So much more than what is low must be free, or jobs would pause and go on by turns. */
const fineAgainBytes = 64 * 1024 * 1024;

export class LogOwner {
  readonly #options: OwnerOptions;
  readonly #limits: FileLimits;
  readonly #onDisk: (low: boolean, freeBytes: number) => void;
  readonly #spaces = new Map<Space, OpenSpace>();
  readonly #sessions = new Set<ServiceSession>();
  #ids = 0;
  #pumping = false;
  #diskCheckedMs = 0;
  #freeBytes = Number.MAX_SAFE_INTEGER;
  #diskLow = false;

  /** Throws, with the file's name, for a file that is corrupt or not of this log. */
  constructor(
    options: OwnerOptions,
    beforeStatement: () => void,
    onDisk: (low: boolean, freeBytes: number) => void,
  ) {
    this.#options = options;
    this.#limits = { pagesMax: options.pagesMax, beforeStatement };
    this.#onDisk = onDisk;
    for (const name of filesOf(options.directory)) {
      const space = spaceOf(name);
      if (space === null) throw new Error(`${join(options.directory, name)} is not of this log`);
      const at = this.#addSpace(space);
      at.file.checkpoint();
      this.#restIdle();
    }
    this.#checkDisk();
  }

  connect(wire: Wire): { readonly receive: (m: ToOwner) => void; readonly close: () => void } {
    const post = (message: FromOwner) => wire.postMessage(message, buffersOf(message));
    const session: ServiceSession = {
      wire,
      post,
      writers: new Map(),
      members: new Map(),
      views: new Map(),
      parked: new Map(),
    };
    this.#sessions.add(session);
    return {
      receive: (message) => this.#receive(session, message),
      close: () => this.#forget(session),
    };
  }

  /** Looks at the disk although nobody writes: others fill it, and others make room. */
  look(): void {
    this.#checkDisk();
  }

  /** Commits what waits, then closes every file. */
  end(): void {
    for (const at of this.#spaces.values()) {
      while (!at.queue.isEmpty) {
        at.transact([...at.queue.takeSmall(), ...at.queue.takeBulk()], Date.now());
      }
      at.rest();
    }
  }

  #forget(session: ServiceSession): void {
    if (!this.#sessions.delete(session)) return;
    for (const { at, member } of session.members.values()) this.#leave(at, member);
    for (const at of this.#spaces.values()) at.forget(session);
  }

  #receive(session: ServiceSession, message: ToOwner): void {
    if (!('id' in message) || message.op === 'cancel' || message.op === 'nudge') {
      return this.#aside(session, message);
    }
    const { id } = message;
    const answer = (result: Result) => session.post({ event: 'answer', id, result });
    const fail = (error: unknown) => answer(this.#failureOf(error));
    try {
      this.#handle(session, message, answer, fail);
    } catch (error) {
      fail(error);
    }
  }

  #aside(session: ServiceSession, aside: Aside): void {
    const found = session.parked.get(aside.id);
    if (found === undefined) return;
    switch (aside.op) {
      case 'cancel':
        found.at.parked.delete(found.parked);
        session.parked.delete(aside.id);
        return;
      case 'nudge':
        found.parked.wanted = aside.wanted;
        if (found.at.file.head >= aside.wanted && found.parked.answer()) {
          found.at.parked.delete(found.parked);
        }
    }
  }

  #handle(
    session: ServiceSession,
    request: Request & { readonly id: number },
    answer: (result: Result) => void,
    fail: (error: unknown) => void,
  ): void {
    switch (request.op) {
      case 'create':
        this.#create(request.space, request.topics);
        return answer({ kind: 'done' });
      case 'close':
        return this.#close(session, request.space, answer, fail);
      case 'drop':
        this.#drop(request.space).then(() => answer({ kind: 'done' }), fail);
        return;
      case 'list':
        return answer({ kind: 'spaces', spaces: this.#list() });
      case 'send': {
        const at = this.#space(request.space);
        if (request.batches.length === 0) throw new Error('send of no records');
        const lanes = at.lanesOf(request.batches);
        return this.#enqueue(at, session, request.batches, fail, () => {
          at.ensureOpen();
          const offset = at.append(lanes, request.batches, Date.now());
          return () => answer({ kind: 'offset', offset });
        });
      }
      case 'claim': {
        const at = this.#space(request.space);
        return this.#enqueue(at, session, [], fail, () => {
          const grant = at.claim(session, request.identity, null);
          return () => {
            const granted = grant();
            if (this.#sessions.has(session)) return answer({ kind: 'granted', granted });
            at.forget(session);
          };
        });
      }
      case 'commit': {
        const held = heldBy(session, request.writer);
        const { next, note, batches } = request;
        return this.#enqueue(held.at, session, batches, fail, () => {
          const offset = held.at.commit(held, batches, { next, note }, Date.now());
          return () => answer({ kind: 'offset', offset });
        });
      }
      case 'release': {
        const held = session.writers.get(request.writer);
        held?.at.release(held);
        return answer({ kind: 'done' });
      }
      case 'join': {
        const at = this.#space(request.space);
        const { topic, group } = request;
        const member: Member = { id: request.member, session, topic, group };
        session.members.set(member.id, { at, member });
        at.join(member, (owner, partition) => this.#grant(at, owner, partition));
        return answer({ kind: 'done' });
      }
      case 'leave': {
        const found = session.members.get(request.member);
        session.members.delete(request.member);
        if (found !== undefined) this.#leave(found.at, found.member);
        return answer({ kind: 'done' });
      }
      case 'read': {
        const { at, lane } = heldBy(session, request.writer);
        if (lane === null) throw new Error('a claim without a topic has nothing to read');
        const bytesMax = Math.min(request.bytesMax, readBytesMax);
        const read = () => at.file.read(lane, request.from, bytesMax);
        const lanes = new Set([lane.lane]);
        return this.#park(session, at, { id: request.id, lanes, wanted: never, fail }, () => {
          const records = read();
          if (records.runs.length === 0) return false;
          answer({ kind: 'records', records });
          return true;
        });
      }
      case 'follow': {
        const at = this.#space(request.space);
        const lanes = at.file.lanes.filter(({ topic }) => topic === request.topic);
        if (lanes.length === 0) throw new Error(`${request.space} has no topic ${request.topic}`);
        const view = (this.#ids += 1);
        session.views.set(view, { at, lanes, cursors: lanes.map(() => 0) });
        return answer({ kind: 'view', view });
      }
      case 'fold': {
        const view = session.views.get(request.view);
        if (view === undefined) throw logError('gone', 'the view was released');
        const lanes = new Set(view.lanes.map(({ lane }) => lane));
        const bytesMax = Math.min(request.bytesMax, readBytesMax);
        const waiting = { id: request.id, lanes, wanted: request.wanted, fail };
        return this.#park(session, view.at, waiting, (wanted) => {
          const records = foldNow(view, bytesMax);
          if (records.runs.length === 0 && records.next < wanted) return false;
          answer({ kind: 'records', records });
          return true;
        });
      }
      case 'unfollow':
        session.views.delete(request.view);
        return answer({ kind: 'done' });
      case 'head':
        return answer({ kind: 'offset', offset: this.#space(request.space).file.head - 1 });
    }
  }

  #park(
    session: ServiceSession,
    at: OpenSpace,
    waiting: Omit<Parked, 'session' | 'answer'>,
    tryAnswer: (wanted: number) => boolean,
  ): void {
    at.ensureOpen();
    if (tryAnswer(waiting.wanted)) return;
    const parked: Parked = {
      ...waiting,
      session,
      answer: () => {
        const answered = tryAnswer(parked.wanted);
        if (answered) session.parked.delete(parked.id);
        return answered;
      },
    };
    at.parked.add(parked);
    session.parked.set(parked.id, { at, parked });
  }

  #create(space: Space, topics: Parameters<typeof createSpaceFile>[2]): void {
    const { directory } = this.#options;
    const known = this.#spaces.get(space);
    if (known === undefined) {
      const path = fileOf(directory, space);
      createSpaceFile(path, space, topics, this.#limits, () => syncDirectory(directory));
      this.#addSpace(space);
      return;
    }
    known.ensureOpen();
    if (shapeText(known.file.topics) !== shapeText(topics)) {
      throw new Error(`the space ${space} exists with other topics`);
    }
  }

  #close(
    session: Session,
    space: Space,
    answer: (result: Result) => void,
    fail: (error: unknown) => void,
  ): void {
    const at = this.#spaces.get(space);
    if (at === undefined || at.file.closed) return answer({ kind: 'done' });
    this.#enqueue(at, session, [], fail, () => {
      at.file.markClosed();
      return () => {
        at.tellGone();
        answer({ kind: 'done' });
      };
    });
  }

  async #drop(space: Space): Promise<void> {
    const { directory } = this.#options;
    const at = this.#spaces.get(space);
    if (at === undefined) return;
    if (!at.file.closed) throw new Error(`the space ${space} is open; close it before the drop`);
    while (!at.queue.isEmpty) {
      at.transact([...at.queue.takeSmall(), ...at.queue.takeBulk()], Date.now());
    }
    at.drop();
    this.#spaces.delete(space);
    for (const session of this.#sessions) {
      for (const held of session.writers.values()) if (held.at === at) at.release(held);
    }
    this.#limits.beforeStatement();
    await dropFile(directory, fileOf(directory, space));
  }

  #list(): readonly { readonly space: Space; readonly bytes: number }[] {
    return [...this.#spaces.keys()].map((space) => ({
      space,
      bytes: bytesOnDisk(fileOf(this.#options.directory, space)),
    }));
  }

  #addSpace(space: Space): OpenSpace {
    const path = fileOf(this.#options.directory, space);
    const open = () => new SpaceFile(path, space, this.#limits);
    const at = new OpenSpace(space, open, () => (this.#ids += 1));
    this.#spaces.set(space, at);
    return at;
  }

  #space(space: Space): OpenSpace {
    const found = this.#spaces.get(space);
    if (found === undefined) throw logError('gone', `there is no space ${space}`);
    found.ensureOpen();
    return found;
  }

  #leave(at: OpenSpace, member: Member): void {
    at.leave(member, (owner, partition) => this.#grant(at, owner, partition));
  }

  /** Through the queue, so that the former owner's commits are settled before. */
  #grant(at: OpenSpace, member: Member, partition: number): void {
    const { session, id } = member;
    const fail = (error: unknown) => {
      const failed = this.#failureOf(error);
      const failure = failed.failure === 'misuse' ? 'lost' : failed.failure;
      session.post({ event: 'removed', member: id, failure, message: failed.message });
    };
    this.#enqueue(at, session, [], fail, () => {
      if (at.ownerOf(member, partition) !== member) return () => {};
      const identity = laneIdentity(member.group, member.topic, partition);
      const grant = at.claim(session, identity, member);
      return () => session.post({ event: 'lane', member: id, partition, granted: grant() });
    });
  }

  #enqueue(
    at: OpenSpace,
    session: object,
    batches: readonly Batch[],
    fail: (error: unknown) => void,
    run: () => () => void,
  ): void {
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    if (bytes > commitBytesMax) {
      throw new Error(`a commit of ${bytes} bytes; at most ${commitBytesMax} are taken`);
    }
    if (bytes > 0 && at.space !== 'control') this.#ensureReserve();
    at.queue.push({ session, bytes, run, fail });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** All small ones of every space, then one transaction of bulk or trimming per space. */
  #pump(): void {
    this.#checkDisk();
    const busy = [...this.#spaces.values()].filter((at) => !at.queue.isEmpty || at.hasTrimming);
    for (const at of busy) {
      const small = at.queue.takeSmall();
      if (small.length > 0) at.transact(small, Date.now());
    }
    const [first] = busy.filter((at) => !at.queue.isEmpty || at.hasTrimming);
    if (first !== undefined) {
      first.transact(first.queue.takeBulk(), Date.now());
      // To the end of the line, so that spaces take turns.
      if (this.#spaces.delete(first.space)) this.#spaces.set(first.space, first);
      this.#schedule();
    }
    this.#restIdle();
  }

  #restIdle(): void {
    const open = [...this.#spaces.values()].filter(({ isOpen }) => isOpen);
    const excess = Math.max(0, open.length - openFilesMax);
    for (const at of open.filter(({ isIdle }) => isIdle).slice(0, excess)) at.rest();
  }

  #checkDisk(): void {
    const nowMs = performance.now();
    if (this.#diskCheckedMs > 0 && nowMs - this.#diskCheckedMs < diskCheckEveryMs) return;
    this.#diskCheckedMs = nowMs;
    this.#freeBytes = freeBytesOf(this.#options.directory);
    const { lowDiskBytes } = this.#options;
    const low = this.#freeBytes < lowDiskBytes + (this.#diskLow ? fineAgainBytes : 0);
    if (low !== this.#diskLow) this.#onDisk(low, this.#freeBytes);
    this.#diskLow = low;
  }

  #ensureReserve(): void {
    const { directory, reserveBytes } = this.#options;
    if (this.#freeBytes >= reserveBytes) return;
    const free = `${this.#freeBytes} bytes are free, ${reserveBytes} are kept in reserve`;
    throw logError('lost', `the disk of ${directory} is full: ${free}. Free some space`);
  }

  #failureOf(error: unknown): Extract<Result, { kind: 'failed' }> {
    const message = messageOf(error);
    if (error instanceof Error && 'failure' in error) {
      const { failure } = error;
      if (
        failure === 'fenced' ||
        failure === 'gone' ||
        failure === 'lost' ||
        failure === 'broken'
      ) {
        return { kind: 'failed', failure, message: message.replace(/^log \w+: /, '') };
      }
    }
    const code = sqliteCode(error);
    if (code === null) return { kind: 'failed', failure: 'misuse', message };
    const { directory } = this.#options;
    const text =
      code === sqliteFull ? `the disk of ${directory} is full. Free some space` : message;
    return { kind: 'failed', failure: 'lost', message: text };
  }
}

const never = Number.MAX_SAFE_INTEGER;

function heldBy(session: Session, writer: number): Held {
  const held = session.writers.get(writer);
  if (held === undefined) throw logError('gone', 'the space was dropped');
  return held;
}

function foldNow(view: View, bytesMax: number): Records {
  const runs: number[] = [];
  const parts: Uint8Array[] = [];
  for (const [index, lane] of view.lanes.entries()) {
    const records = view.at.file.read(lane, view.cursors[index] ?? 0, bytesMax);
    runs.push(...records.runs);
    parts.push(records.bytes);
    view.cursors[index] = records.next;
  }
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  return { runs, bytes, next: Math.min(...view.cursors) };
}

function buffersOf(message: FromOwner): ArrayBuffer[] {
  if (message.event !== 'answer' || message.result.kind !== 'records') return [];
  return transferable([message.result.records.bytes]);
}

function shapeText(topics: Parameters<typeof createSpaceFile>[2]): string {
  const sorted = topics.toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
  return JSON.stringify(sorted.map(({ topic, partitions, keep }) => [topic, partitions, keep]));
}
