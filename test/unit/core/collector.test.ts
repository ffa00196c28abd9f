import { expect, test } from 'vitest';
import { openCollector } from '../../../services/core/collector.ts';

test('it has ended when everything added has, and at once when nothing was', async () => {
  const collector = openCollector();
  await collector.ended();
  const { promise, resolve } = Promise.withResolvers<void>();
  collector.add(promise);
  collector.add(Promise.resolve());
  let hasEnded = false;
  const ended = collector.ended().then(() => {
    hasEnded = true;
  });
  await Promise.resolve();
  expect(hasEnded).toBe(false);
  resolve();
  await ended;
  expect(collector.failed.aborted).toBe(false);
});

test('the first failure is told at once, while others still run, and to who asks later', async () => {
  const collector = openCollector();
  collector.add(new Promise<void>(() => {}));
  const ended = collector.ended();
  collector.add(Promise.reject(new Error('first')));
  collector.add(Promise.reject(new Error('second')));
  await expect(ended).rejects.toThrow('first');
  await expect(collector.ended()).rejects.toThrow('first');
  expect(collector.failed.aborted).toBe(true);
});
