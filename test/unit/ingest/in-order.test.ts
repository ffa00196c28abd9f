import { expect, test } from 'vitest';
import { inOrder } from '../../../services/ingest/in-order.ts';

test('results come in the order of their indexes, with at most that many under way', async () => {
  const waiting = new Map<number, () => void>();
  const started: number[] = [];
  const results = inOrder(5, 2, async (index) => {
    started.push(index);
    await new Promise<void>((resolve) => waiting.set(index, resolve));
    return index;
  });
  const first = results.next();
  await Promise.resolve();
  expect(started).toEqual([0, 1]);
  waiting.get(1)?.();
  waiting.get(0)?.();
  expect(await first).toEqual({ value: 0, done: false });
  expect(await results.next()).toEqual({ value: 1, done: false });
  expect(started).toEqual([0, 1, 2]);
});

test('the failure with the lowest index is thrown, whichever came first in time', async () => {
  const results = inOrder(3, 3, async (index) => {
    for (let turn = 0; turn < 5 - index; turn += 1) await Promise.resolve();
    if (index > 0) throw new Error(`failure ${index}`);
    return index;
  });
  expect(await results.next()).toEqual({ value: 0, done: false });
  await expect(results.next()).rejects.toThrow('failure 1');
});
