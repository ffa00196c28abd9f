// How a service on Kafka ends that was asked to: by itself, or given up while no broker answers.
import { expect, test } from 'vitest';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { endInTime, endingLine, graceMs } from '../../../services/standalone/end-in-time.ts';
import { manualClock } from '../../support/manual-clock.ts';

const never = new Promise<void>(() => {});

function open(isAway: boolean, commits = 0) {
  const { log } = openMemoryLog().connect();
  let ends = 0;
  const counted = { ...log, end: async () => void (ends += 1) };
  const outage = { isAway: () => isAway, abandoned: () => (ends > 0 ? commits : 0) };
  return { opened: { log: counted, outage }, ends: () => ends };
}

test('a service that ends by itself is not given up', async () => {
  const { opened, ends } = open(true);
  const signal = AbortSignal.abort();
  const ending = await endInTime(Promise.resolve(), opened, manualClock(), signal);
  expect(ending).toEqual({ isGivenUp: false, abandoned: 0 });
  expect(endingLine(ending)).toBe('s3batch has stopped');
  expect(ends()).toBe(1);
});

test.each([
  [0, /^s3batch has stopped; no broker answered$/],
  [3, /commits given up: 3; what they held is done again/],
])('asked to stop while no broker answers, it is given up with %i commits', async (n, line) => {
  const { opened, ends } = open(true, n);
  const clock = manualClock();
  const stopping = new AbortController();
  const ending = endInTime(never, opened, clock, stopping.signal);
  await clock.advance(10 * graceMs);
  expect(ends()).toBe(0);
  stopping.abort();
  await expect.poll(() => clock.advance(graceMs).then(ends)).toBe(1);
  expect(await ending).toEqual({ isGivenUp: true, abandoned: n });
  expect(endingLine(await ending)).toMatch(line);
});

test('what fails fails', async () => {
  const { opened } = open(true);
  const { signal } = new AbortController();
  const failing = Promise.reject(new Error('a bug'));
  await expect(endInTime(failing, opened, manualClock(), signal)).rejects.toThrow('a bug');
});
