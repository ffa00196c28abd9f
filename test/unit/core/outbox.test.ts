// The outbox's own life: how it ends, how it fails, and what it does when it can hold no more.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { isLogError, type Lane } from '../../../services/core/log.ts';
import { controlTopics, historyTopic } from '../../../services/core/names.ts';
import { type OutboxVerdict, type OutboxWork, runOutbox } from '../../../services/core/outbox.ts';
import { outboxDestinationsMax, outboxName } from '../../../services/core/outbox-ledger.ts';
import { manualClock } from '../../support/manual-clock.ts';

const forever = new AbortController().signal;
const finished: OutboxVerdict = { kind: 'finished' };

async function scene(attempt: (destination: string) => Promise<OutboxVerdict>) {
  const clock = manualClock();
  const memory = openMemoryLog();
  const hand = memory.connect();
  await hand.spaces.create('control', controlTopics);
  const work: OutboxWork<string> = {
    clock,
    prepare: () => Promise.resolve(),
    plan: ({ key }) => (key === '' ? null : { destinations: [key], item: key }),
    attempt,
    name: (destination) => outboxName(createHash('sha256').update(destination).digest('hex')),
  };
  async function lane(): Promise<Lane> {
    const lanes = memory.connect().log.join('control', historyTopic, 'g', forever);
    const { value, done } = await lanes[Symbol.asyncIterator]().next();
    if (done !== true) return value;
    throw new Error('no lane');
  }
  async function append(...keys: readonly string[]): Promise<void> {
    const value = new Uint8Array();
    const records = keys.map((key) => ({ topic: historyTopic, partition: 0, key, value }));
    await hand.log.send('control', records);
  }
  return { clock, hand, work, lane, append };
}

describe('an outbox', () => {
  test('ends when its signal is aborted, with the position of all that is finished', async () => {
    const done: string[] = [];
    const { clock, work, lane, append } = await scene(async (destination) => {
      done.push(destination);
      return finished;
    });
    await append('a', '', 'b');
    const given = await lane();
    const stop = new AbortController();
    const running = runOutbox(given, work, stop.signal);
    await clock.advance(0);
    stop.abort();
    await clock.run(running);
    expect(done).toEqual(['a', 'b']);
    expect(given.position).toEqual({ next: 3n, note: '' });
  });

  test('stopped in the middle of an attempt that then succeeds, it keeps the position of that too', async () => {
    const reached = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<OutboxVerdict>();
    const { clock, work, lane, append } = await scene(() => {
      reached.resolve();
      return answer.promise;
    });
    await append('a');
    const given = await lane();
    const stop = new AbortController();
    const running = runOutbox(given, work, stop.signal);
    await clock.run(reached.promise);
    stop.abort();
    answer.resolve(finished);
    await clock.run(running);
    expect(given.position).toEqual({ next: 1n, note: '' });
  });

  test('rejects with what an attempt throws, and everything else of it ends', async () => {
    const { clock, work, lane, append } = await scene(() => Promise.reject(new Error('a bug')));
    await append('a', 'b');
    await expect(clock.run(runOutbox(await lane(), work, forever))).rejects.toThrow('a bug');
  });

  test('ends without a commit when its lane goes to another', async () => {
    const { clock, hand, work, lane, append } = await scene(async () => ({
      kind: 'later',
      afterMs: 1_000,
    }));
    await append('a');
    const given = await lane();
    const running = runOutbox(given, work, forever).catch((error: unknown) => error);
    await clock.advance(10);
    await hand.log.claim('control', `g/${historyTopic}/0`, forever);
    const error = await clock.run(running);
    expect(error === undefined || (isLogError(error) && error.failure === 'fenced')).toBe(true);
  });

  test('waits with reading while it can note no further destination, and goes on after', async () => {
    let isDown = true;
    const done: string[] = [];
    const { clock, work, lane, append } = await scene(async (destination) => {
      if (isDown) return { kind: 'later', afterMs: 1_000 };
      done.push(destination);
      return finished;
    });
    const keys = Array.from({ length: outboxDestinationsMax + 10 }, (_, index) => `d${index}`);
    await append(...keys);
    const stop = new AbortController();
    const running = runOutbox(await lane(), work, stop.signal);
    await clock.advance(5_000);
    expect(done).toEqual([]);
    isDown = false;
    await clock.advance(5_000);
    expect(done.toSorted()).toEqual(keys.toSorted());
    stop.abort();
    await clock.run(running);
  });
});
