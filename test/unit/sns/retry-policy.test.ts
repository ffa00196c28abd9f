import { expect, test } from 'vitest';
import {
  attemptsMax,
  messageAgeMsMax,
  retryAfterMs,
} from '../../../services/adapters/sns/local/retry-policy.ts';

test('a delivery is tried again three times soon, then at growing distances up to five minutes', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 9, 10, 11, 50].map((n) => retryAfterMs(n, 0, () => 0));
  expect(pauses).toEqual([
    1_000, 1_000, 1_000, 5_000, 10_000, 20_000, 160_000, 300_000, 300_000, 300_000,
  ]);
});

test('jitter takes up to a half off a long pause and leaves the quick ones alone', () => {
  expect(retryAfterMs(5, 0, () => 0.999)).toBeCloseTo(5_005, 0);
  expect(retryAfterMs(1, 0, () => 0.999)).toBe(1_000);
});

test('an hour after it was published, or after 101 tries, a message is given up', () => {
  expect(retryAfterMs(4, messageAgeMsMax, () => 0)).toBeNull();
  expect(retryAfterMs(3, messageAgeMsMax, () => 0)).toBe(1_000);
  expect(retryAfterMs(attemptsMax, 0, () => 0)).toBeNull();
});
