// The memory twin of the log: one world shared by all services of a test, one handle per service.
// Nothing here waits on a timer or rolls dice, so a run is a function of the order in which its
// promises settle; step() is where a test delays, fails or kills.
// Invariant: between `before` and `after` of a step the effect is one synchronous act, so a handle
// killed in `before` has done nothing, and one killed in `after` has done all of it.
import {
  type Lane,
  type Log,
  laneIdentity,
  logError,
  type Position,
  type Space,
  type Spaces,
  type StoredRecord,
  type TopicShape,
  type View,
  type Writer,
} from '../../core/log.ts';
import { type Claim, type Member, MemorySpace, type OutsideRecord } from './memory-space.ts';

export interface MemoryLogOptions {
  /** For topics kept by time; without it they are kept for good. */
  readonly nowMs?: () => number;
}

export interface MemoryConnectOptions {
  /** Awaited before and after every effect: `commit job.1 worker/tasks/0 before`. */
  readonly step?: (label: string) => Promise<void>;
  /** Asked at every step; false kills the handle. */
  readonly alive?: () => boolean;
}

export interface MemoryHandle {
  readonly log: Log;
  readonly spaces: Spaces;
  /** As kill -9: no pending or later call settles, lanes go to others, which fences this one. */
  kill(): void;
}

export interface MemoryWorld {
  connect(options?: MemoryConnectOptions): MemoryHandle;
  /** As a producer that is no part of the installation. */
  produce(space: Space, records: readonly OutsideRecord[]): void;
  /** As a broker that forgets an offset. */
  forgetPosition(space: Space, identity: string): void;
}

export function openMemoryLog(options: MemoryLogOptions = {}): MemoryWorld {
  const spaces = new Map<Space, MemorySpace>();
  const nowMs = options.nowMs ?? (() => 0);
  return {
    connect: (connectOptions = {}) => {
      const handle = new Handle(spaces, nowMs, connectOptions);
      return { log: handle, spaces: spacesOf(handle), kill: () => handle.kill() };
    },
    produce: (space, records) => {
      const found = spaces.get(space);
      if (found === undefined) throw new Error(`there is no space ${space}`);
      found.send(records);
    },
    forgetPosition: (space, identity) => spaces.get(space)?.forgetPosition(identity),
  };
}

function spacesOf(handle: Handle): Spaces {
  return {
    create: (space, topics) => handle.create(space, topics),
    close: (space) => handle.close(space),
    drop: (space) => handle.drop(space),
    list: () => handle.list(),
  };
}

const never = new Promise<never>(() => {});

class Handle implements Log {
  readonly #spaces: Map<Space, MemorySpace>;
  readonly #nowMs: () => number;
  readonly #options: MemoryConnectOptions;
  #state: 'live' | 'ended' | 'dead' = 'live';
  /** Under way; end() waits for them. */
  readonly #effects = new Set<Promise<unknown>>();
  /** What a death or an end lets go of: memberships. */
  readonly #leaving = new Set<() => void>();
  /** Wakes parked waits when the handle ends. */
  readonly #ended = new AbortController();

  constructor(spaces: Map<Space, MemorySpace>, nowMs: () => number, options: MemoryConnectOptions) {
    this.#spaces = spaces;
    this.#nowMs = nowMs;
    this.#options = options;
  }

  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    for (const leave of this.#leaving) leave();
  }

  async create(space: Space, topics: readonly TopicShape[]): Promise<void> {
    await this.#effect(`create ${space}`, () => {
      const known = this.#spaces.get(space);
      known?.ensureOpen();
      if (known === undefined) this.#spaces.set(space, new MemorySpace(space, topics, this.#nowMs));
      else if (!sameShapes(known.shapes, topics)) {
        throw new Error(`the space ${space} exists with other topics`);
      }
    });
  }

  async close(space: Space): Promise<void> {
    await this.#effect(`close ${space}`, () => this.#spaces.get(space)?.close());
  }

  async drop(space: Space): Promise<void> {
    await this.#effect(`drop ${space}`, () => {
      if (this.#spaces.get(space)?.closed === false) {
        throw new Error(`the space ${space} is open; close it before it is dropped`);
      }
      this.#spaces.delete(space);
    });
  }

  async list(): Promise<readonly { readonly space: Space; readonly bytes: number }[]> {
    return this.#effect('list', () =>
      [...this.#spaces.values()].map((entry) => ({ space: entry.space, bytes: entry.bytes() })),
    );
  }

  async send(space: Space, records: Parameters<Log['send']>[1]): Promise<bigint> {
    return this.#effect(`send ${space}`, () => this.#space(space).send(records));
  }

  async claim(space: Space, identity: string, _signal: AbortSignal): Promise<Writer> {
    return this.#effect(`claim ${space} ${identity}`, () =>
      this.#writer(this.#space(space), identity, () => {}),
    );
  }

  async *join(
    space: Space,
    topic: string,
    group: string,
    signal: AbortSignal,
  ): AsyncGenerator<Lane, void> {
    const label = `join ${space} ${group}/${topic}`;
    this.#ensureLive();
    await this.#step(`${label} before`);
    if (signal.aborted) return;
    // Between a step and what follows it another one may have killed the handle; a dead member
    // would keep its lanes for ever.
    if (this.#state === 'dead') await never;
    const at = this.#space(space);
    const given: number[] = [];
    const lanes = new Map<number, AbortController>();
    const member: Member = {
      give: (partition) => given.push(partition),
      take: (partition) => {
        const index = given.indexOf(partition);
        if (index === -1) lanes.get(partition)?.abort();
        else given.splice(index, 1);
      },
    };
    const leave = () => {
      this.#leaving.delete(leave);
      at.leave(topic, group, member);
    };
    this.#leaving.add(leave);
    signal.addEventListener('abort', leave, { once: true });
    at.join(topic, group, member);
    try {
      for (;;) {
        const more = () => given.length > 0 || at.closed;
        if (!(await this.#parked(at, more, [signal]))) return;
        at.ensureOpen();
        const partition = given.shift();
        if (partition === undefined) continue;
        const revoked = new AbortController();
        lanes.set(partition, revoked);
        yield this.#lane(at, topic, group, partition, revoked);
      }
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  async follow(
    space: Space,
    topic: string,
    fold: (record: StoredRecord) => void,
    signal: AbortSignal,
  ): Promise<View> {
    const at = await this.#effect(`follow ${space} ${topic}`, () => this.#space(space));
    const partitions = at.partitionsOf(topic);
    const released = new AbortController();
    const until = [signal, released.signal];
    const over = () => signal.aborted || released.signal.aborted || at.closed;
    let next = 0n;
    let folds = 0;
    let broken: unknown = null;
    const folding = async () => {
      while (await this.#parked(at, () => at.head > next || at.closed, until)) {
        await this.#step(`fold ${space} ${topic}`);
        if (over()) return;
        const from = next;
        const head = at.head;
        const all = Array.from({ length: partitions }, (_, p) => at.records(topic, p, from)).flat();
        for (const record of all.sort((a, b) => (a.offset < b.offset ? -1 : 1))) fold(record);
        folds += all.length;
        next = head;
        at.ring();
      }
    };
    folding().catch((error: unknown) => {
      broken = error;
      at.ring();
    });
    const wait = async (enough: () => boolean, waitSignal: AbortSignal) => {
      const settled = () => enough() || at.closed || broken !== null;
      if (!(await this.#parked(at, settled, [...until, waitSignal]))) return;
      if (broken !== null) throw broken;
      at.ensureOpen();
    };
    return {
      caughtUp: async (target, waitSignal) => {
        await this.#step(`caughtUp ${space} ${topic}`);
        const last = target === 'now' ? at.head - 1n : target;
        await wait(() => next > last, waitSignal);
      },
      changed: (waitSignal) => {
        const before = folds;
        return wait(() => folds > before, waitSignal);
      },
      release: async () => released.abort(),
    };
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#effects);
    if (this.#state === 'dead') await never;
    this.#state = 'ended';
    for (const leave of this.#leaving) leave();
    this.#ended.abort();
  }

  #lane(
    at: MemorySpace,
    topic: string,
    group: string,
    partition: number,
    revoked: AbortController,
  ): Lane {
    const identity = laneIdentity(group, topic, partition);
    const writer = this.#writer(at, identity, () => revoked.abort());
    let next = writer.position.next;
    let reading = false;
    const read = async (bytesMax: number, signal: AbortSignal) => {
      this.#ensureLive();
      if (reading) throw new Error(`two reads at once of ${identity}`);
      reading = true;
      try {
        await this.#step(`read ${at.space} ${identity}`);
        const some = () => at.records(topic, partition, next).length > 0;
        const ready = () => some() || at.closed || revoked.signal.aborted;
        if (!(await this.#parked(at, ready, [signal]))) return [];
        at.ensureOpen();
        if (revoked.signal.aborted) throw logError('fenced', `${identity} has moved`);
        const taken = firstBytes(at.records(topic, partition, next), bytesMax);
        next = (taken.at(-1)?.offset ?? next) + 1n;
        return taken;
      } finally {
        reading = false;
      }
    };
    return {
      partition,
      revoked: revoked.signal,
      get position() {
        return writer.position;
      },
      commit: (records, position) => writer.commit(records, position),
      release: () => writer.release(),
      read,
      seek: (to) => {
        next = to;
      },
    };
  }

  #writer(at: MemorySpace, identity: string, revoke: () => void): Writer {
    const claimed = at.claim(identity, { revoke });
    const claim: Claim = claimed;
    let position: Position = claimed.position;
    let released = false;
    const label = `${at.space} ${identity}`;
    return {
      get position() {
        return position;
      },
      commit: (records, to) => {
        if (released) return Promise.reject(new Error(`${identity} commits after its release`));
        return this.#effect(`commit ${label}`, () => {
          at.commit(claim, records, to);
          position = { next: to.next, note: to.note };
        });
      },
      release: async () => {
        released = true;
        await this.#effect(`release ${label}`, () => at.release(claim));
      },
    };
  }

  #space(space: Space): MemorySpace {
    const found = this.#spaces.get(space);
    if (found === undefined) throw logError('gone', `there is no space ${space}`);
    found.ensureOpen();
    return found;
  }

  async #step(label: string): Promise<void> {
    await this.#options.step?.(label);
    if (this.#options.alive?.() === false) this.kill();
    if (this.#state === 'dead') await never;
  }

  #effect<T>(label: string, act: () => T): Promise<T> {
    const effect = this.#acted(label, act);
    this.#effects.add(effect);
    const settled = () => this.#effects.delete(effect);
    effect.then(settled, settled);
    return effect;
  }

  #ensureLive(): void {
    if (this.#state === 'ended') throw logError('gone', 'this log has ended');
  }

  async #acted<T>(label: string, act: () => T): Promise<T> {
    this.#ensureLive();
    await this.#step(`${label} before`);
    const result = act();
    await this.#options.step?.(`${label} after`);
    if (this.#options.alive?.() === false) this.kill();
    if (this.#state === 'dead') await never;
    return result;
  }

  /** Waits until ready; false if one of the signals or the handle's end came first. */
  async #parked(
    at: MemorySpace,
    ready: () => boolean,
    signals: readonly AbortSignal[],
  ): Promise<boolean> {
    const all = [...signals, this.#ended.signal];
    const wake = Promise.withResolvers<boolean>();
    const look = () => {
      if (this.#state === 'dead') return;
      if (all.some(({ aborted }) => aborted)) wake.resolve(false);
      else if (ready()) wake.resolve(true);
    };
    const stop = at.onChange(look);
    for (const signal of all) signal.addEventListener('abort', look, { once: true });
    look();
    try {
      return await wake.promise;
    } finally {
      stop();
      for (const signal of all) signal.removeEventListener('abort', look);
    }
  }
}

function firstBytes(records: readonly StoredRecord[], bytesMax: number): readonly StoredRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ key, value }, index) => {
    bytes += key.length + (value?.length ?? 0);
    return index > 0 && bytes > bytesMax;
  });
  return end === -1 ? records : records.slice(0, end);
}

function sameShapes(left: readonly TopicShape[], right: readonly TopicShape[]): boolean {
  const text = (shapes: readonly TopicShape[]) =>
    JSON.stringify(
      shapes
        .toSorted((a, b) => (a.topic < b.topic ? -1 : 1))
        .map(({ topic, partitions, keep }) => [topic, partitions, keep]),
    );
  return text(left) === text(right);
}
