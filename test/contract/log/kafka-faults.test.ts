// The Kafka log on a bad network and among bad processes: whatever is lost, late, cut or frozen in
// the middle of a commit, each record is there exactly once, and a fenced holder leaves nothing.
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Tap } from '../../../services/adapters/log/kafka/brokers.ts';
import { unanswered } from '../../../services/adapters/log/kafka/failure.ts';
import type { Lane, Log, Writer } from '../../../services/core/log.ts';
import { ownKafkaIsHere } from '../../support/kafka-broker.ts';
import {
  type FaultRoom,
  failureOf,
  faultPartitions,
  faultRecord,
  faultSpace,
  laneQueue,
  openFaultRoom,
} from '../../support/kafka-fault-room.ts';
import { apiKeys, once, type Verdict } from '../../support/kafka-proxy.ts';

const isHere = await ownKafkaIsHere();
const forever = new AbortController().signal;
const roundsAfter = 5;
const requestsMax = 100;
const tasksEach = 64;
const bytesMax = 1024 * 1024;
const membersAtOnce = 8;
const zombie = new URL('../../system/kafka-zombie.ts', import.meta.url);
const commitRequests = [
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'produce',
  'txnOffsetCommit',
  'endTxn',
] as const;

let opened: FaultRoom | null = null;

async function withInstallation() {
  if (opened === null) throw new Error('no broker');
  const { broker, proxy } = opened;
  const installation = await opened.installation();
  onTestFinished(() => installation[Symbol.asyncDispose]());
  await fillTasks(installation.direct.log);
  return { broker, proxy, ...installation };
}

/** So that positions of lanes stand within what there is to read. */
async function fillTasks(log: Log): Promise<void> {
  const texts = Array.from({ length: tasksEach }, (_, index) => `task ${index}`);
  for (let partition = 0; partition < faultPartitions; partition += 1) {
    await log.send(
      faultSpace,
      texts.map((text) => faultRecord('tasks', partition, text)),
    );
  }
}

/** Commits of one record each: equal in size, as a broker that drops repetitions would need. */
async function commitRounds(writer: Writer, from: number, count: number): Promise<void> {
  for (let round = from; round < from + count; round += 1) {
    const records = [faultRecord('results', 0, textOf(round))];
    await writer.commit(records, { next: BigInt(round), note: `note ${round}` });
  }
}

function textOf(round: number): string {
  return `round ${String(round).padStart(4, '0')}`;
}

function rounds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => textOf(index + 1));
}

describe.skipIf(!isHere)('the Kafka log among faults (needs Java 17 and Maven)', () => {
  beforeAll(async () => {
    opened = await openFaultRoom();
  }, 120_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  describe.each(['claim', 'lane'] as const)('a %s', (holding) => {
    const hold = async (log: Log): Promise<Writer> => {
      if (holding === 'claim') return log.claim(faultSpace, 'faulty', forever);
      const lane = (await laneQueue(log, 'worker').take(faultPartitions)).get(0);
      if (lane === undefined) throw new Error('no lane 0');
      return lane;
    };

    test.each(commitRequests.flatMap((name) => [[name, 'drop'] as const, [name, 'lose'] as const]))(
      '%s cut (%s): the commit resolves, its record is there once, the next ones lose nothing',
      async (name, verdict) => {
        const { proxy, connect, texts } = await withInstallation();
        const { log } = await connect({ by: 'proxy' });
        const writer = await hold(log);
        await commitRounds(writer, 1, 2);
        let judged = 0;
        const verdictOf = once(apiKeys[name], verdict);
        proxy.judge((asked): Verdict => {
          const found = verdictOf(asked);
          if (found !== 'pass') judged += 1;
          return found;
        });
        await commitRounds(writer, 3, 1 + roundsAfter);
        expect(judged).toBe(1);
        expect(await texts('results', 0)).toEqual(rounds(3 + roundsAfter));
        expect(writer.position.note).toBe(`note ${3 + roundsAfter}`);
      },
    );

    test('the n-th request of a commit fails once, n = 1, 2, 3 … until none does: once each', async () => {
      const { connect, texts } = await withInstallation();
      let left = -1;
      let moment: 'before' | 'after' = 'before';
      const tap: Tap = async (when, api) => {
        if (when !== moment || left < 0 || ['fetch', 'heartbeat', 'joinGroup'].includes(api))
          return;
        left -= 1;
        if (left < 0) throw unanswered(api, 'an injected fault');
      };
      const { log } = await connect({ by: 'direct', tap });
      const writer = await hold(log);
      let round = 1;
      for (const each of ['before', 'after'] as const) {
        moment = each;
        let isUntouched = false;
        for (let n = 1; !isUntouched; n += 1) {
          expect(n).toBeLessThan(requestsMax);
          left = n;
          await commitRounds(writer, round, 1);
          isUntouched = left >= 0;
          left = -1;
          round += 1;
        }
      }
      await commitRounds(writer, round, roundsAfter);
      expect(round).toBeGreaterThan(2 * commitRequests.length);
      expect(await texts('results', 0)).toEqual(rounds(round - 1 + roundsAfter));
    });
  });

  test('the n-th request of a member fails once, joining, reading or committing: it goes on', async () => {
    const { connect, texts } = await withInstallation();
    /** true: its n-th request was never reached. */
    const live = async (n: number, moment: 'before' | 'after'): Promise<boolean> => {
      let left = n;
      const tap: Tap = async (when, api) => {
        if (when !== moment || left < 0) return;
        left -= 1;
        if (left < 0) throw unanswered(api, 'an injected fault');
      };
      const { log } = await connect({ by: 'direct', tap });
      const name = `${moment}-${n}`;
      const over = new AbortController();
      const lanes = log.join(faultSpace, 'tasks', name, over.signal);
      // A lane may be taken from us for a moment and come again; it goes on from its position.
      for await (const lane of lanes) {
        if (lane.partition !== n % faultPartitions || lane.position.next > 0n) continue;
        try {
          expect(await lane.read(bytesMax, forever)).toHaveLength(tasksEach);
          const done = [faultRecord('results', lane.partition, name)];
          await lane.commit(done, { next: BigInt(tasksEach), note: name });
          over.abort();
        } catch (error) {
          if (!lane.revoked.aborted) throw error;
        }
      }
      await log.end();
      return left >= 0;
    };
    const names: string[] = [];
    for (const moment of ['before', 'after'] as const) {
      for (let n = 0, isUntouched = false; !isUntouched; n += membersAtOnce) {
        expect(n).toBeLessThan(requestsMax);
        const numbers = Array.from({ length: membersAtOnce }, (_, index) => n + index);
        names.push(...numbers.map((number) => `${moment}-${number}`));
        const untouched = await Promise.all(numbers.map((number) => live(number, moment)));
        isUntouched = untouched.every(Boolean);
      }
    }
    const found = await Promise.all([0, 1, 2, 3].map((partition) => texts('results', partition)));
    expect(found.flat().toSorted()).toEqual(names.toSorted());
  });

  test('a Produce that arrives after its commit was settled and made again adds nothing', async () => {
    const { proxy, connect, texts } = await withInstallation();
    const { log } = await connect({ by: 'proxy' });
    const writer = await log.claim(faultSpace, 'faulty', forever);
    await commitRounds(writer, 1, 1);
    for (let round = 2; round < 8; round += 2) {
      proxy.judge(once(apiKeys.produce, 'lateRequest'));
      await commitRounds(writer, round, 1);
      proxy.release();
      await commitRounds(writer, round + 1, 1);
    }
    // While another transaction waits for the answer to its own records, too.
    proxy.judge(once(apiKeys.produce, 'lateRequest'));
    await commitRounds(writer, 8, 1);
    const reached = Promise.withResolvers<void>();
    const verdictOf = once(apiKeys.produce, 'lateAnswer');
    proxy.judge((asked) => {
      const verdict = verdictOf(asked);
      if (verdict !== 'pass') reached.resolve();
      return verdict;
    });
    const commit = commitRounds(writer, 9, 1);
    await reached.promise;
    proxy.release();
    await commit;
    await commitRounds(writer, 10, roundsAfter);
    expect(await texts('results', 0)).toEqual(rounds(9 + roundsAfter));
  });

  test.each(['produce', 'endTxn'] as const)(
    'an answer to %s that comes after its time: the commit has been settled, once',
    async (name) => {
      const { proxy, connect, texts } = await withInstallation();
      const { log } = await connect({ by: 'proxy' });
      const writer = await log.claim(faultSpace, 'faulty', forever);
      await commitRounds(writer, 1, 1);
      proxy.judge(once(apiKeys[name], 'lateAnswer'));
      await commitRounds(writer, 2, 1);
      proxy.release();
      await commitRounds(writer, 3, roundsAfter);
      expect(await texts('results', 0)).toEqual(rounds(2 + roundsAfter));
    },
  );

  test('several producers on one partition, each aborted now and then: every record once', async () => {
    const { proxy, connect, texts, notices } = await withInstallation();
    const { log } = await connect({ by: 'proxy' });
    const names = ['a', 'b', 'c', 'd'];
    const writers = await Promise.all(
      names.map(async (name) => ({ name, writer: await log.claim(faultSpace, name, forever) })),
    );
    const count = 12;
    // Each third EndTxn of a commit never arrives, so that what lies there is aborted, among others'.
    let asked = 0;
    proxy.judge((apiKey) => {
      if (apiKey !== apiKeys.endTxn) return 'pass';
      asked += 1;
      return asked % 3 === 0 ? 'drop' : 'pass';
    });
    await Promise.all(
      writers.map(async ({ name, writer }) => {
        for (let round = 1; round <= count; round += 1) {
          const records = [faultRecord('results', 1, `${name}${round}`)];
          await writer.commit(records, { next: BigInt(round), note: '' });
        }
      }),
    );
    const found = await texts('results', 1);
    for (const name of names) {
      const own = Array.from({ length: count }, (_, index) => `${name}${index + 1}`);
      expect(found.filter((text) => text.startsWith(name))).toEqual(own);
    }
    expect(found).toHaveLength(names.length * count);
    expect(notices.filter(({ kind }) => kind === 'aborted').length).toBeGreaterThan(count);
  });

  test.each(['produce', 'endTxn'] as const)(
    'a lane that is given to another while its %s is under way is flushed by one of them, once',
    async (name) => {
      const { proxy, connect, direct, texts } = await withInstallation();
      const { log } = await connect({ by: 'proxy' });
      const mine = await laneQueue(log, 'worker').take(faultPartitions);
      for (const [partition, lane] of mine) await commitNote(lane, partition, 'first', 1n);
      proxy.judge((apiKey) => (apiKey === apiKeys[name] ? 'lateAnswer' : 'pass'));
      const flushes = [...mine].map(async ([partition, lane]) => ({
        partition,
        lane,
        ended: await failureOf(commitNote(lane, partition, 'flushed', 2n)),
      }));
      const theirs = await laneQueue(direct.log, 'worker').take(2);
      proxy.judge();
      proxy.release();
      for (const { partition, lane, ended } of await Promise.all(flushes)) {
        const taken = theirs.get(partition);
        if (taken !== undefined) expect(lane.revoked.aborted).toBe(true);
        // Whoever holds the lane now sees whether the flush took effect, and goes on from there.
        const { note } = (taken ?? lane).position;
        expect(note, `${partition} ${ended}`).toBe(
          taken === undefined || note !== 'first' ? 'flushed' : 'first',
        );
        if (ended === 'none') expect(note).toBe('flushed');
        else expect(ended).toBe('fenced');
        const flushed = note === 'flushed' ? ['first', 'flushed'] : ['first'];
        await commitNote(taken ?? lane, partition, 'last', 3n);
        expect(await texts('results', partition)).toEqual([...flushed, 'last']);
      }
    },
  );

  test('the broker is killed and restarted under lanes, a view and a claim: all go on', async () => {
    const { broker, connect, direct, texts } = await withInstallation();
    const { log } = await connect({ by: 'direct' });
    const claimed = await direct.log.claim(faultSpace, 'claimed', forever);
    let folded = 0;
    const fold = () => {
      folded += 1;
    };
    const view = await direct.log.follow(faultSpace, 'results', fold, forever);
    const count = 30;
    const holders = faultPartitions + 1;
    const over = new AbortController();
    let done = 0;
    let ended = 0;
    /** Commits what is left, from where its holder before it got to. */
    const work = async (name: string, writer: Writer): Promise<void> => {
      for (let round = Number(writer.position.next) + 1; round <= count; round += 1) {
        const records = [faultRecord('results', 0, `${name}:${round}`)];
        await writer.commit(records, { next: BigInt(round), note: '' });
        done += 1;
        if (done === holders * 10) await broker.kill().then(() => broker.restart());
      }
      ended += 1;
      if (ended === holders) over.abort();
    };
    const working = [work('claimed', claimed)];
    // A member that has not been heard for half a session gives its lanes up, and gets them again.
    for await (const lane of log.join(faultSpace, 'tasks', 'worker', over.signal)) {
      working.push(
        work(`${lane.partition}`, lane).catch((error: unknown) => {
          if (!lane.revoked.aborted) throw error;
        }),
      );
    }
    await Promise.all(working);
    const lanes = await laneQueue(log, 'worker').take(faultPartitions);
    expect(await lanes.get(2)?.read(1, forever)).toHaveLength(1);
    await view.caughtUp('now', forever);
    expect(folded).toBe(count * holders);
    const found = await texts('results', 0);
    for (const name of ['0', '1', '2', '3', 'claimed']) {
      const own = Array.from({ length: count }, (_, index) => `${name}:${index + 1}`);
      expect(found.filter((text) => text.startsWith(`${name}:`))).toEqual(own);
    }
  });

  describe('a process that was stopped past its session and its transaction, then woken', () => {
    test.each(['between', 'within'] as const)(
      '%s its commits, its lanes with another: fenced, nothing of it is seen',
      async (moment) => {
        const { prefix, direct, texts, broker } = await withInstallation();
        const child = startZombie([broker.address, prefix, 'lane', moment]);
        await child.stopped();
        const lanes = await laneQueue(direct.log, 'worker').take(faultPartitions);
        const lane = lanes.get(0);
        expect(lane?.position).toEqual({ next: 1n, note: 'alive' });
        await lane?.commit([faultRecord('results', 0, 'heir')], { next: 2n, note: 'heir' });
        child.wake();
        expect(await child.said()).toBe('fenced');
        await lane?.commit([faultRecord('results', 0, 'heir')], { next: 3n, note: 'heir' });
        expect(await texts('results', 0)).toEqual(['alive', 'heir', 'heir']);
      },
    );

    test('within a commit that nobody took over: the broker has aborted it, nothing of it is seen', async () => {
      const { prefix, direct, texts, broker } = await withInstallation();
      const child = startZombie([broker.address, prefix, 'claim', 'within']);
      await child.stopped();
      // Readers stand before the open transaction, and go on when the broker has aborted it.
      await direct.log.send(faultSpace, [faultRecord('results', 0, 'later')]);
      expect(await texts('results', 0)).toEqual(['alive', 'later']);
      child.wake();
      expect(await child.said()).toBe('fenced');
      expect(await texts('results', 0)).toEqual(['alive', 'later']);
      const heir = await direct.log.claim(faultSpace, 'zombie', forever);
      expect(heir.position).toEqual({ next: 1n, note: 'alive' });
    });
  });
});

function commitNote(lane: Lane, partition: number, note: string, next: bigint): Promise<void> {
  return lane.commit([faultRecord('results', partition, note)], { next, note });
}

function startZombie(words: readonly string[]) {
  const child: ChildProcess = fork(zombie, words);
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  child.on('message', (message) => {
    const wanted = waiting.shift();
    if (wanted === undefined) said.push(message);
    else wanted(message);
  });
  const next = (): Promise<unknown> =>
    said.length > 0
      ? Promise.resolve(said.shift())
      : new Promise((resolve) => waiting.push(resolve));
  return {
    said: next,
    /** Resolves when the system has stopped it: a SIGCONT before that would be lost. */
    stopped: async () => {
      expect(await next()).toBe('stopping');
      await expect.poll(() => stateOf(child.pid ?? 0), { timeout: 10_000 }).toMatch(/^T/);
    },
    wake: () => child.kill('SIGCONT'),
  };
}

/** As ps shows it: T is stopped. */
async function stateOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', `${pid}`]);
  return stdout.trim();
}
