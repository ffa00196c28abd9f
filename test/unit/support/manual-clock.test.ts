import { expect, test } from 'vitest';
import { manualClock } from '../../support/manual-clock.ts';

const forever = new AbortController().signal;

test('sleepers wake at their moment, in the order of their due times, ties by age', async () => {
  const clock = manualClock(1_000);
  const woken: string[] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms, forever);
    woken.push(`${name}@${clock.monotonicMs()}`);
  };
  const all = [sleeper('late', 30), sleeper('first', 10), sleeper('second', 10)];
  await clock.advance(20);
  expect(woken).toEqual(['first@10', 'second@10']);
  expect(clock.wallMs()).toBe(1_020);
  await clock.advance(10);
  await Promise.all(all);
  expect(woken.at(-1)).toBe('late@30');
});

test('an aborted sleep resolves at once and leaves no sleeper behind', async () => {
  const clock = manualClock();
  const stop = new AbortController();
  const asleep = clock.sleep(1_000, stop.signal);
  stop.abort();
  await asleep;
  await clock.sleep(1_000, stop.signal);
  expect(clock.sleepers()).toBe(0);
  expect(clock.monotonicMs()).toBe(0);
});

test('run jumps from sleeper to sleeper until the work is done', async () => {
  const clock = manualClock();
  const work = async (): Promise<number> => {
    for (let day = 0; day < 30; day += 1) await clock.sleep(86_400_000, forever);
    return clock.monotonicMs();
  };
  expect(await clock.run(work())).toBe(30 * 86_400_000);
});

test('run rejects when nothing is left that could wake the work, and past its limit', async () => {
  const clock = manualClock();
  await expect(clock.run(new Promise(() => {}))).rejects.toThrow('nothing is left');
  await expect(clock.run(clock.sleep(100, forever), 99)).rejects.toThrow('99 virtual ms');
});

test('a held clock does not jump until it is let go', async () => {
  const clock = manualClock();
  const letGo = clock.hold();
  let awake = false;
  const work = clock.sleep(5, forever).then(() => {
    awake = true;
  });
  const done = clock.run(work);
  for (let round = 0; round < 50; round += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(awake).toBe(false);
  letGo();
  letGo();
  await done;
  expect(awake).toBe(true);
});

test('the wall clock may jump while the monotonic one goes on', async () => {
  const clock = manualClock(0);
  await clock.advance(5);
  clock.jumpWall(1_000_000);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_000_000, 5]);
});
