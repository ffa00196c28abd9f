// The one contract of the log port, run against every adapter. A harness stands for one installation;
// connect() gives a new service, and kill() ends one as kill -9 would.
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  isLogError,
  type Lane,
  type Log,
  type LogFailure,
  laneIdentity,
  type NewRecord,
  positionNoteBytesMax,
  type Space,
  type Spaces,
  type StoredRecord,
  type TopicShape,
} from '../../../services/core/log.ts';

export interface Service {
  readonly log: Log;
  readonly spaces: Spaces;
  kill(): void;
}

export interface LogHarness {
  connect(): Promise<Service>;
  /** The installation without its fault, on the same data. */
  heal(): Promise<void>;
  /** Loses the position of an identity, as a broker that lets offsets expire. */
  forgetPosition(space: Space, identity: string): Promise<void>;
  end(): Promise<void>;
}

/** With a fault, the n-th step inside the log fails; 0: none does. */
export type OpenHarness = (faultAt: number) => Promise<LogHarness>;

const space: Space = 'job.contract';
const topics: readonly TopicShape[] = [
  { topic: 'tasks', partitions: 4, keep: 'consumed' },
  { topic: 'results', partitions: 4, keep: { ms: Number.MAX_SAFE_INTEGER } },
  { topic: 'jobs', partitions: 1, keep: 'compacted' },
];
const forever = new AbortController().signal;
const start = { next: 0n, note: '' };
const faultsMax = 500;

function record(topic: string, partition: number, text: string | null, key = 'key'): NewRecord {
  return { topic, partition, key, value: text === null ? null : new TextEncoder().encode(text) };
}

function texts(records: readonly StoredRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => (value === null ? null : new TextDecoder().decode(value)));
}

async function failureOf(promise: Promise<unknown>): Promise<LogFailure | 'misuse' | 'none'> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isLogError(error) ? error.failure : 'misuse';
  }
}

/** A membership whose lanes are taken one by one. */
function members(log: Log, topic: string, group: string, signal: AbortSignal = forever) {
  const iterator = log.join(space, topic, group, signal)[Symbol.asyncIterator]();
  const next = async (): Promise<Lane> => {
    const { value, done } = await iterator.next();
    if (done === true) throw new Error('the membership has ended');
    return value;
  };
  const take = async (count: number): Promise<readonly Lane[]> => {
    const lanes: Lane[] = [];
    while (lanes.length < count) lanes.push(await next());
    return lanes;
  };
  return { iterator, next, take };
}

/** A lane of its own group over one partition: reads from the start, whatever others consume. */
async function laneOf(log: Log, topic: string, partition: number, group: string): Promise<Lane> {
  const lanes = await members(log, topic, group).take(4);
  const found = lanes.find((lane) => lane.partition === partition);
  if (found === undefined) throw new Error(`no lane ${partition}`);
  return found;
}

/** Everything of one partition, by a reader that knows where the end is. */
async function allOf(log: Log, topic: string, partition: number, end: string) {
  await log.send(space, [record(topic, partition, end)]);
  const lane = await laneOf(log, topic, partition, `reader-${end}`);
  const all: (string | null)[] = [];
  while (all.at(-1) !== end) all.push(...texts(await lane.read(1024, forever)));
  return all.slice(0, -1);
}

function partitionsOf(lanes: readonly Lane[]): readonly number[] {
  return lanes.map(({ partition }) => partition).toSorted((a, b) => a - b);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

export function logContract(name: string, open: OpenHarness): void {
  const installation = async (faultAt = 0) => {
    const harness = await open(faultAt);
    onTestFinished(() => harness.end());
    return harness;
  };
  const withSpace = async () => {
    const harness = await installation();
    const service = await harness.connect();
    await service.spaces.create(space, topics);
    return { harness, service, log: service.log, spaces: service.spaces };
  };

  describe(`the log on ${name}: commits`, () => {
    test('commit is all or nothing at every failing call', async () => {
      let untouched = false;
      for (let faultAt = 1; !untouched; faultAt += 1) {
        expect(faultAt).toBeLessThan(faultsMax);
        const harness = await open(faultAt);
        let acknowledged = false;
        try {
          const { log, spaces } = await harness.connect();
          await spaces.create(space, topics);
          const writer = await log.claim(space, 'ingest', forever);
          const both = [record('tasks', 0, 'a'), record('jobs', 0, 'b'), record('tasks', 3, 'c')];
          await writer.commit(both, { next: 7n, note: 'noted' });
          acknowledged = true;
          await spaces.list();
          untouched = true;
        } catch {
          // The fault: what it left behind is looked at below.
        }
        await harness.heal();
        const { log, spaces } = await harness.connect();
        await spaces.create(space, topics);
        const { position } = await log.claim(space, 'ingest', forever);
        const seen = [
          ...(await allOf(log, 'tasks', 0, 'end-0')),
          ...(await allOf(log, 'tasks', 3, 'end-3')),
        ];
        const whole = position.next === 7n;
        expect(whole || !acknowledged).toBe(true);
        expect(position.note).toBe(whole ? 'noted' : '');
        expect(seen).toEqual(whole ? ['a', 'c'] : []);
        await harness.end();
      }
    }, 300_000);

    test('a claimed-over writer is fenced and writes nothing', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      const former = await log.claim(space, 'ingest', forever);
      await former.commit([record('tasks', 1, 'kept')], { next: 1n, note: 'one' });
      const latter = await other.log.claim(space, 'ingest', forever);
      const late = former.commit([record('tasks', 1, 'late')], { next: 2n, note: 'two' });
      expect(await failureOf(late)).toBe('fenced');
      expect(latter.position).toEqual({ next: 1n, note: 'one' });
      await latter.commit([record('tasks', 1, 'next')], { next: 2n, note: '' });
      expect(await allOf(log, 'tasks', 1, 'end')).toEqual(['kept', 'next']);
    });

    test('claim resolves only after the former commit is settled', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      const outcomes = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        const identity = `ingest-${round}`;
        const former = await log.claim(space, identity, forever);
        const text = 'x'.repeat(round % 2 === 0 ? 10 : 200_000);
        const commit = failureOf(former.commit([record('tasks', 1, text)], { next: 1n, note: '' }));
        const { position } = await other.log.claim(space, identity, forever);
        const outcome = await commit;
        outcomes.add(outcome);
        expect(position.next).toBe(outcome === 'none' ? 1n : 0n);
      }
      expect([...outcomes].filter((outcome) => outcome !== 'none' && outcome !== 'fenced')).toEqual(
        [],
      );
    });

    test('the note round-trips at 2,048 bytes', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      const note = `${'é\u0000'.repeat(682)}ab`;
      expect(new TextEncoder().encode(note).length).toBe(positionNoteBytesMax);
      await writer.commit([], { next: 1n, note });
      expect(writer.position).toEqual({ next: 1n, note });
      expect((await log.claim(space, 'ingest', forever)).position).toEqual({ next: 1n, note });
    });

    test('a note of 2,049 bytes is refused and nothing is written', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      const note = 'n'.repeat(positionNoteBytesMax + 1);
      const commit = writer.commit([record('tasks', 0, 'no')], { next: 1n, note });
      expect(await failureOf(commit)).toBe('misuse');
      expect(writer.position).toEqual(start);
      expect(await allOf(log, 'tasks', 0, 'end')).toEqual([]);
    });

    test('an aborted append is never read', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      const half = [record('tasks', 0, 'good'), record('tasks', 4, 'no such partition')];
      expect(await failureOf(writer.commit(half, { next: 1n, note: '' }))).toBe('misuse');
      expect(await failureOf(log.send(space, half))).toBe('misuse');
      await writer.commit([record('tasks', 0, 'after')], { next: 1n, note: '' });
      expect(await allOf(log, 'tasks', 0, 'end')).toEqual(['after']);
    });

    test('a commit across spaces is refused', async () => {
      const { log, spaces } = await withSpace();
      await spaces.create('control', [{ topic: 'inbox', partitions: 1, keep: { ms: 1 } }]);
      const writer = await log.claim(space, 'ingest', forever);
      const both = [record('tasks', 0, 'here'), record('inbox', 0, 'there')];
      expect(await failureOf(writer.commit(both, { next: 1n, note: '' }))).toBe('misuse');
      expect(writer.position).toEqual(start);
      expect(await allOf(log, 'tasks', 0, 'end')).toEqual([]);
    });

    test('a topic kept by time keeps what a group has still to read', async () => {
      const { log, spaces } = await withSpace();
      await spaces.create('control', [{ topic: 'inbox', partitions: 1, keep: { ms: 1 } }]);
      const unread = await log.send('control', [record('inbox', 0, 'unread')]);
      for await (const lane of log.join('control', 'inbox', 'coordinator', forever)) {
        // Longer than the topic keeps, and more than one round of trimming.
        const startMs = performance.now();
        while (performance.now() - startMs < 1_500) {
          await log.send('control', [record('inbox', 0, 'later')]);
        }
        const [first] = await lane.read(1, forever);
        expect(first?.offset).toBe(unread);
        break;
      }
    });

    test('a position that goes back is refused', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      await writer.commit([], { next: 5n, note: '' });
      expect(await failureOf(writer.commit([], { next: 4n, note: '' }))).toBe('misuse');
      expect(writer.position.next).toBe(5n);
    });

    test('commits of one writer without waiting keep their order', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      const sizes = [10, 300_000, 10, 70_000, 10, 10];
      await Promise.all(
        sizes.map((size, index) =>
          writer.commit([record('tasks', 2, `${index}${'.'.repeat(size)}`)], {
            next: BigInt(index + 1),
            note: '',
          }),
        ),
      );
      expect(writer.position.next).toBe(6n);
      const all = await allOf(log, 'tasks', 2, 'end');
      expect(all.map((text) => text?.[0])).toEqual(['0', '1', '2', '3', '4', '5']);
    });

    test('no position but a non-empty output is reported, never started from 0', async () => {
      const { harness, log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      await writer.commit([record('tasks', 0, 'written')], { next: 9n, note: 'nine' });
      await harness.forgetPosition(space, 'ingest');
      const { log: later } = await harness.connect();
      expect(await failureOf(later.claim(space, 'ingest', forever))).toBe('broken');
      expect((await later.claim(space, 'another', forever)).position).toEqual(start);
    });

    test('a released identity can be claimed, and does not commit any more', async () => {
      const { log } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      await writer.commit([], { next: 1n, note: '' });
      await writer.release();
      expect(await failureOf(writer.commit([], { next: 2n, note: '' }))).toBe('misuse');
      expect((await log.claim(space, 'ingest', forever)).position.next).toBe(1n);
    });
  });

  describe(`the log on ${name}: lanes`, () => {
    test('read runs ahead of commit', async () => {
      const { log } = await withSpace();
      await log.send(space, [record('tasks', 0, 'a')]);
      const lane = await laneOf(log, 'tasks', 0, 'worker');
      expect(texts(await lane.read(1, forever))).toEqual(['a']);
      await log.send(space, [record('tasks', 0, 'b'), record('tasks', 0, 'c')]);
      expect(texts(await lane.read(1, forever))).toEqual(['b']);
      expect(texts(await lane.read(1, forever))).toEqual(['c']);
      expect(lane.position).toEqual(start);
    });

    test('a read takes at least one record, else no more than fit', async () => {
      const { log } = await withSpace();
      const big = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
      await log.send(
        space,
        big.map((text) => record('tasks', 0, text, '')),
      );
      const lane = await laneOf(log, 'tasks', 0, 'worker');
      expect(await lane.read(1, forever)).toHaveLength(1);
      const letters: (string | undefined)[] = [];
      while (letters.length < 3) {
        const some = texts(await lane.read(200_000, forever));
        expect(some.length === 1 || some.length === 2).toBe(true);
        letters.push(...some.map((text) => text?.[0]));
      }
      expect(letters).toEqual(['b', 'c', 'd']);
    });

    test('a new lane starts at position.next', async () => {
      const { harness, log } = await withSpace();
      const first = await harness.connect();
      await log.send(space, [record('tasks', 0, 'a'), record('tasks', 0, 'b')]);
      await log.send(space, [record('tasks', 0, 'c')]);
      const lane = await laneOf(first.log, 'tasks', 0, 'worker');
      const [a] = await lane.read(1, forever);
      await lane.read(1, forever);
      const next = (a?.offset ?? 0n) + 1n;
      await lane.commit([record('results', 0, 'A')], { next, note: 'held' });
      first.kill();
      const successor = await laneOf(log, 'tasks', 0, 'worker');
      expect(successor.position).toEqual({ next, note: 'held' });
      expect(texts(await successor.read(1024, forever))).toEqual(['b', 'c']);
    });

    test('seek goes back and forth', async () => {
      const { log } = await withSpace();
      await log.send(
        space,
        ['a', 'b', 'c'].map((text) => record('tasks', 0, text)),
      );
      const lane = await laneOf(log, 'tasks', 0, 'worker');
      const all = await lane.read(1024, forever);
      lane.seek(all[1]?.offset ?? 0n);
      expect(texts(await lane.read(1, forever))).toEqual(['b']);
      lane.seek(all[0]?.offset ?? 0n);
      expect(await lane.read(1024, forever)).toEqual(all);
    });

    test('a parked read wakes on another’s commit', async () => {
      const { harness, log } = await withSpace();
      const lane = await laneOf(log, 'tasks', 2, 'worker');
      const read = lane.read(1024, forever);
      const other = await harness.connect();
      const writer = await other.log.claim(space, 'ingest', forever);
      await writer.commit([record('tasks', 1, 'elsewhere')], { next: 1n, note: '' });
      await writer.commit([record('tasks', 2, 'here')], { next: 2n, note: '' });
      expect(texts(await read)).toEqual(['here']);
    });

    test('an aborted read resolves to nothing and loses nothing', async () => {
      const { log } = await withSpace();
      const lane = await laneOf(log, 'tasks', 0, 'worker');
      const patience = new AbortController();
      const read = lane.read(1024, patience.signal);
      patience.abort();
      expect(await read).toEqual([]);
      expect(await lane.read(1024, patience.signal)).toEqual([]);
      await log.send(space, [record('tasks', 0, 'a')]);
      expect(texts(await lane.read(1024, forever))).toEqual(['a']);
    });

    test('partitions are dealt among all members, and a moved lane is revoked', async () => {
      const { harness, log } = await withSpace();
      const first = await members(log, 'tasks', 'worker').take(4);
      expect(partitionsOf(first)).toEqual([0, 1, 2, 3]);
      const other = await harness.connect();
      const second = await members(other.log, 'tasks', 'worker').take(2);
      const moved = new Set(second.map(({ partition }) => partition));
      const lost = first.filter(({ partition }) => moved.has(partition));
      await Promise.all(lost.map(({ revoked }) => aborted(revoked)));
      const kept = first.filter(({ partition }) => !moved.has(partition));
      expect(kept.map(({ revoked }) => revoked.aborted)).toEqual([false, false]);
      for (const lane of lost) {
        expect(await failureOf(lane.read(1, forever))).toBe('fenced');
        expect(await failureOf(lane.commit([], { next: 1n, note: '' }))).toBe('fenced');
      }
      for (const lane of kept) await lane.commit([], { next: 1n, note: 'still ours' });
    });

    test('the lanes of a dead service move to the living', async () => {
      const { harness, log } = await withSpace();
      const dying = await harness.connect();
      const mine = members(log, 'tasks', 'worker');
      const first = await mine.take(4);
      const theirs = await members(dying.log, 'tasks', 'worker').take(2);
      await theirs[0]?.commit([record('results', 0, 'done')], { next: 3n, note: 'theirs' });
      dying.kill();
      const back = await mine.take(2);
      expect(partitionsOf(back)).toEqual(partitionsOf(theirs));
      const inherited = back.find(({ partition }) => partition === theirs[0]?.partition);
      expect(inherited?.position).toEqual({ next: 3n, note: 'theirs' });
      expect(first.filter(({ revoked }) => !revoked.aborted)).toHaveLength(2);
    });

    test('leaving a group gives its lanes to the others', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      const leaving = new AbortController();
      const gone = members(log, 'tasks', 'worker', leaving.signal);
      const lanes = await gone.take(4);
      const staying = members(other.log, 'tasks', 'worker');
      await staying.take(2);
      leaving.abort();
      expect(lanes.every(({ revoked }) => revoked.aborted)).toBe(true);
      expect((await gone.iterator.next()).done).toBe(true);
      expect(await staying.take(2)).toHaveLength(2);
    });

    test('two groups each get every lane', async () => {
      const { log } = await withSpace();
      expect(await members(log, 'tasks', 'worker').take(4)).toHaveLength(4);
      expect(await members(log, 'tasks', 'auditor').take(4)).toHaveLength(4);
    });

    test('a lane is claimed over by its identity: revoked, fenced, and its work is kept', async () => {
      const { harness, log } = await withSpace();
      const lane = await laneOf(log, 'tasks', 1, 'worker');
      await lane.commit([record('results', 1, 'one')], { next: 4n, note: 'four' });
      const read = failureOf(lane.read(1024, forever));
      const { log: coordinator } = await harness.connect();
      const writer = await coordinator.claim(space, laneIdentity('worker', 'tasks', 1), forever);
      expect(writer.position).toEqual({ next: 4n, note: 'four' });
      // By its next commit at the latest it knows.
      const late = lane.commit([record('results', 1, 'late')], { next: 5n, note: '' });
      expect(await failureOf(late)).toBe('fenced');
      await aborted(lane.revoked);
      expect(await read).toBe('fenced');
      await writer.commit([record('results', 1, 'stopped')], { next: 4n, note: 'stopped' });
      expect(await allOf(log, 'results', 1, 'end')).toEqual(['one', 'stopped']);
    });

    test('trimming never removes what a group has not consumed', async () => {
      const { log } = await withSpace();
      const slow = await laneOf(log, 'tasks', 0, 'slow');
      const quick = await laneOf(log, 'tasks', 0, 'quick');
      for (const text of ['a', 'b', 'c', 'd']) await log.send(space, [record('tasks', 0, text)]);
      const all = await quick.read(1024, forever);
      const next = (all.at(-1)?.offset ?? 0n) + 1n;
      await quick.commit([], { next, note: '' });
      expect(texts(await slow.read(1024, forever))).toEqual(['a', 'b', 'c', 'd']);
      await slow.commit([], { next: all[2]?.offset ?? 0n, note: '' });
      slow.seek(0n);
      const kept = await allOf(log, 'tasks', 0, 'end');
      expect(kept.slice(-2)).toEqual(['c', 'd']);
      expect(kept.slice(0, -2)).toEqual(['a', 'b'].slice(4 - kept.length));
    });
  });

  describe(`the log on ${name}: views`, () => {
    test('a view keeps the last value per key, tombstones included', async () => {
      const { log } = await withSpace();
      const jobs = (text: string | null, key: string) => record('jobs', 0, text, key);
      await log.send(space, [jobs('1', 'a'), jobs('1', 'b'), jobs('2', 'a')]);
      await log.send(space, [jobs('1', 'c'), jobs(null, 'b'), jobs('3', 'a')]);
      const last = new Map<string, string | null | undefined>();
      const fold = (folded: StoredRecord) => last.set(folded.key, texts([folded])[0]);
      const view = await log.follow(space, 'jobs', fold, forever);
      await view.caughtUp('now', forever);
      expect([...last].toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
        ['a', '3'],
        ['b', null],
        ['c', '1'],
      ]);
      await view.release();
    });

    test('a view folds every partition of its topic and nothing else', async () => {
      const { log } = await withSpace();
      const folded: (string | null)[] = [];
      const fold = (one: StoredRecord) => folded.push(...texts([one]));
      const view = await log.follow(space, 'tasks', fold, forever);
      await log.send(space, [record('tasks', 0, 'a'), record('results', 1, 'x')]);
      await log.send(space, [record('tasks', 3, 'b'), record('tasks', 1, 'c')]);
      await view.caughtUp('now', forever);
      expect(new Set(folded)).toEqual(new Set(['a', 'b', 'c']));
      await view.release();
    });

    test('caughtUp sees every commit resolved before the call', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      let count = 0;
      const view = await other.log.follow(space, 'jobs', () => (count += 1), forever);
      const writer = await log.claim(space, 'coordinator', forever);
      for (let round = 1; round <= 20; round += 1) {
        const position = { next: BigInt(round), note: '' };
        const sent = record('jobs', 0, 'job', `${round}`);
        if (round % 2 === 0) await writer.commit([sent], position);
        await view.caughtUp(round % 2 === 0 ? 'now' : await log.send(space, [sent]), forever);
        expect(count).toBe(round);
      }
      // What is no record of its topic does not keep a view waiting.
      await writer.commit([], { next: 21n, note: '' });
      await log.send(space, [record('tasks', 0, 'x')]);
      await view.caughtUp('now', forever);
      expect(count).toBe(20);
      await view.release();
    });

    test('caughtUp waits for a commit that is still to come', async () => {
      const { log } = await withSpace();
      let count = 0;
      const view = await log.follow(space, 'jobs', () => (count += 1), forever);
      const first = await log.send(space, [record('jobs', 0, 'x')]);
      const caught = view.caughtUp(first + 2n, forever);
      await log.send(space, [record('jobs', 0, 'y')]);
      await log.send(space, [record('jobs', 0, 'z')]);
      await caught;
      expect(count).toBe(3);
    });

    test('changed resolves after the next fold', async () => {
      const { log } = await withSpace();
      const folded: (string | null)[] = [];
      const fold = (one: StoredRecord) => folded.push(...texts([one]));
      const view = await log.follow(space, 'jobs', fold, forever);
      const changed = view.changed(forever);
      await log.send(space, [record('tasks', 0, 'elsewhere')]);
      await log.send(space, [record('jobs', 0, 'here')]);
      await changed;
      expect(folded).toEqual(['here']);
    });

    test('the waits of a view end quietly with their signal, and with its release', async () => {
      const { log } = await withSpace();
      const view = await log.follow(space, 'jobs', () => {}, forever);
      const patience = new AbortController();
      const waits = [view.changed(patience.signal), view.caughtUp(1_000n, patience.signal)];
      patience.abort();
      await Promise.all(waits);
      const others = [view.changed(forever), view.caughtUp(1_000n, forever)];
      await view.release();
      await Promise.all(others);
    });

    test('a fold that throws is told to whoever waits', async () => {
      const { log } = await withSpace();
      const fold = () => {
        throw new Error('a bug in the fold');
      };
      const view = await log.follow(space, 'jobs', fold, forever);
      const changed = view.changed(forever);
      const told = expect(changed).rejects.toThrow('a bug in the fold');
      await log.send(space, [record('jobs', 0, 'x')]);
      await told;
      await expect(view.caughtUp('now', forever)).rejects.toThrow('a bug in the fold');
    });
  });

  describe(`the log on ${name}: spaces`, () => {
    test('create is idempotent and refuses other shapes', async () => {
      const { log, spaces } = await withSpace();
      await log.send(space, [record('tasks', 0, 'kept')]);
      await spaces.create(space, topics.toReversed());
      const fewer = topics.map((shape) => ({ ...shape, partitions: 1 }));
      expect(await failureOf(spaces.create(space, fewer))).toBe('misuse');
      expect(await failureOf(spaces.create(space, topics.slice(1)))).toBe('misuse');
      expect(await allOf(log, 'tasks', 0, 'end')).toEqual(['kept']);
    });

    test('a space that does not exist is gone, a topic that does not exist is a misuse', async () => {
      const { log } = await withSpace();
      expect(await failureOf(log.send('job.none', [record('tasks', 0, 'x')]))).toBe('gone');
      expect(await failureOf(log.claim('job.none', 'ingest', forever))).toBe('gone');
      expect(await failureOf(log.follow(space, 'none', () => {}, forever))).toBe('misuse');
      const joined = log.join(space, 'none', 'worker', forever)[Symbol.asyncIterator]();
      expect(await failureOf(joined.next())).toBe('misuse');
      expect(await failureOf(log.send(space, []))).toBe('misuse');
    });

    test('close ends parked reads with gone', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      const membership = members(log, 'tasks', 'worker');
      const lanes = await membership.take(4);
      const writer = await log.claim(space, 'ingest', forever);
      const view = await log.follow(space, 'jobs', () => {}, forever);
      const waits = [
        ...lanes.map((lane) => lane.read(1024, forever)),
        view.changed(forever),
        view.caughtUp(1_000n, forever),
        membership.next(),
      ].map(failureOf);
      await other.spaces.close(space);
      expect(new Set(await Promise.all(waits))).toEqual(new Set(['gone']));
      expect(lanes.every(({ revoked }) => revoked.aborted)).toBe(true);
      const after = [
        writer.commit([], { next: 1n, note: '' }),
        lanes[0]?.read(1, forever) ?? Promise.resolve(),
        view.changed(forever),
        view.caughtUp('now', forever),
        log.send(space, [record('tasks', 0, 'x')]),
        log.claim(space, 'ingest', forever),
        log.follow(space, 'jobs', () => {}, forever),
        members(log, 'tasks', 'worker').next(),
        other.spaces.create(space, topics),
      ].map(failureOf);
      expect(new Set(await Promise.all(after))).toEqual(new Set(['gone']));
      await other.spaces.close(space);
    });

    test('drop twice', async () => {
      const { spaces } = await withSpace();
      expect(await failureOf(spaces.drop(space))).toBe('misuse');
      expect((await spaces.list()).map((entry) => entry.space)).toEqual([space]);
      await spaces.close(space);
      await spaces.drop(space);
      await spaces.drop(space);
      await spaces.close(space);
      expect(await spaces.list()).toEqual([]);
    });

    test('dropping never resurrects', async () => {
      const { harness, log, spaces } = await withSpace();
      const lane = await laneOf(log, 'tasks', 0, 'worker');
      const writer = await log.claim(space, 'ingest', forever);
      const view = await log.follow(space, 'jobs', () => {}, forever);
      await writer.commit([record('tasks', 0, 'old')], { next: 1n, note: 'old' });
      await spaces.close(space);
      await spaces.drop(space);
      const late = () =>
        [
          writer.commit([record('tasks', 0, 'late')], { next: 2n, note: '' }),
          lane.commit([], { next: 2n, note: '' }),
          lane.read(1, forever),
          view.caughtUp('now', forever),
        ].map(failureOf);
      const dropped = [...late(), failureOf(log.send(space, [record('tasks', 0, 'late')]))];
      expect(new Set(await Promise.all(dropped))).toEqual(new Set(['gone']));
      await writer.release();
      await lane.release();
      await view.release();
      expect(await spaces.list()).toEqual([]);
      const { log: another, spaces: maker } = await harness.connect();
      await maker.create(space, topics);
      expect((await another.claim(space, 'ingest', forever)).position).toEqual(start);
      expect(await allOf(another, 'tasks', 0, 'end')).toEqual([]);
    });

    test('list tells the size of every space', async () => {
      const { log, spaces } = await withSpace();
      await spaces.create('job.Other/ä', topics);
      await log.send(space, [record('tasks', 0, 'x'.repeat(500_000))]);
      const listed = new Map((await spaces.list()).map((entry) => [entry.space, entry.bytes]));
      expect([...listed.keys()].toSorted()).toEqual(['job.Other/ä', space]);
      expect(listed.get(space)).toBeGreaterThanOrEqual(500_000);
    });

    test('what outlives its services is found by the next ones', async () => {
      const { harness, log, service } = await withSpace();
      const writer = await log.claim(space, 'ingest', forever);
      await writer.commit([record('tasks', 0, 'kept')], { next: 3n, note: 'three' });
      service.kill();
      await harness.heal();
      const { log: later, spaces } = await harness.connect();
      expect((await spaces.list()).map((entry) => entry.space)).toEqual([space]);
      expect((await later.claim(space, 'ingest', forever)).position.note).toBe('three');
      expect(await allOf(later, 'tasks', 0, 'end')).toEqual(['kept']);
    });

    test('end lets waits go quietly, later calls are gone', async () => {
      const { harness, log } = await withSpace();
      const other = await harness.connect();
      const membership = members(other.log, 'tasks', 'worker');
      const [lane] = await membership.take(4);
      const view = await other.log.follow(space, 'jobs', () => {}, forever);
      const waits = [lane?.read(1, forever), view.changed(forever), membership.iterator.next()];
      const sent = other.log.send(space, [record('tasks', 0, 'sent')]);
      await other.log.end();
      await Promise.all([sent, ...waits]);
      expect(await failureOf(other.log.send(space, [record('tasks', 0, 'x')]))).toBe('gone');
      expect(lane?.revoked.aborted).toBe(true);
      expect(await members(log, 'tasks', 'worker').take(4)).toHaveLength(4);
      expect(await allOf(log, 'tasks', 0, 'end')).toEqual(['sent']);
    });
  });
}
