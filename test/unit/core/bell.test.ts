import { expect, test } from 'vitest';
import { aborted, openBell } from '../../../services/core/bell.ts';

const never = new AbortController().signal;

test('a ring wakes who waits, and one that nobody waited for is kept', async () => {
  const bell = openBell();
  const waiting = bell.heard(never);
  bell.ring();
  await waiting;
  bell.ring();
  bell.ring();
  await bell.heard(never);
  let isWoken = false;
  const next = bell.heard(never).then(() => {
    isWoken = true;
  });
  await Promise.resolve();
  expect(isWoken).toBe(false);
  bell.ring();
  await next;
});

test('an aborted signal ends the waiting, before it and during it', async () => {
  const bell = openBell();
  await bell.heard(AbortSignal.abort());
  const stop = new AbortController();
  const waiting = bell.heard(stop.signal);
  stop.abort();
  await waiting;
});

test('aborted resolves for a signal that was or will be aborted', async () => {
  await aborted(AbortSignal.abort());
  const later = new AbortController();
  const waiting = aborted(later.signal);
  later.abort();
  await waiting;
});
