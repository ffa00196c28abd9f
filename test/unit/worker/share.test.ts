import { expect, test } from 'vitest';
import { openShare } from '../../../services/worker/share.ts';

test('slots are dealt in turns among jobs, then among the lanes of a job', async () => {
  const share = openShare(1);
  const holder = share.open('holder');
  expect(await holder.enter()).toBe(true);
  const order: string[] = [];
  const wait = (name: string, place: ReturnType<typeof share.open>) => {
    void place.enter().then((isIn) => {
      order.push(isIn ? name : `${name} out`);
      place.exit();
    });
  };
  const [bigFirst, bigSecond] = [share.open('big'), share.open('big')];
  const small = share.open('small');
  for (const turn of [1, 2]) wait(`big first ${turn}`, bigFirst);
  for (const turn of [1, 2]) wait(`big second ${turn}`, bigSecond);
  for (const turn of [1, 2]) wait(`small ${turn}`, small);
  holder.exit();
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([
    'big first 1',
    'small 1',
    'big second 1',
    'small 2',
    'big first 2',
    'big second 2',
  ]);
});

test('a closed place lets nobody in, and takes no slot from the others', async () => {
  const share = openShare(1);
  const first = share.open('a');
  const second = share.open('a');
  expect(await first.enter()).toBe(true);
  const waiting = second.enter();
  second.close();
  expect(await waiting).toBe(false);
  expect(await second.enter()).toBe(false);
  first.exit();
  expect(await first.enter()).toBe(true);
});
