import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../services/adapters/process/clock.ts';

test('a sleep until a moment that has passed is over at once, and no warning is printed', async () => {
  const warnings: string[] = [];
  const hear = (warning: Error) => warnings.push(warning.name);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  const { signal } = new AbortController();
  await systemClock.sleep(-0.18, signal);
  await systemClock.sleep(0, signal);
  expect(warnings).toEqual([]);
});

test('a sleep ends at once when its signal is aborted, before or meanwhile', async () => {
  const stopping = new AbortController();
  const sleeping = systemClock.sleep(2 ** 40, stopping.signal);
  stopping.abort();
  await sleeping;
  await systemClock.sleep(2 ** 40, stopping.signal);
});
