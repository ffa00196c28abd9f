import fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur2, partitionOf, planPartitions } from '../../../services/core/partition.ts';

const encoder = new TextEncoder();

// The vectors of Kafka's own UtilsTest.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])("murmur2 of %j is Kafka's", (text, hash) => {
  const bytes = encoder.encode(text);
  expect(murmur2(bytes, bytes.length)).toBe(hash);
});

test('the partition of a key never changes', () => {
  const places = ['', 'a', 'photos/1.jpg', 'naïve ~+', '日本/😀', 'x'.repeat(1024)].map((key) => [
    partitionOf('bucket', key, 4),
    partitionOf('bucket', key, 16),
    partitionOf('other', key, 32),
  ]);
  expect(places).toEqual([
    [2, 6, 18],
    [3, 15, 21],
    [2, 6, 31],
    [1, 5, 3],
    [3, 15, 23],
    [1, 13, 25],
  ]);
});

test('a partition is that of the whole name, however long it is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc.integer({ min: 1, max: 32 }),
      (bucket, key, partitions) => {
        const bytes = encoder.encode(`${bucket}\0${key}`);
        const expected = (murmur2(bytes, bytes.length) & 0x7fffffff) % partitions;
        expect(partitionOf(bucket, key, partitions)).toBe(expected);
      },
    ),
  );
  expect(partitionOf('b', 'k'.repeat(2000), 8)).toBeLessThan(8);
});

test.each([
  [0, 1],
  [100_000, 1],
  [100_001, 4],
  [2_000_000, 4],
  [2_000_001, 16],
  [100_000_000, 16],
  [100_000_001, 32],
])('%d tasks are worked in %d partitions', (tasks, partitions) => {
  expect(planPartitions(tasks, 32)).toBe(partitions);
  expect(planPartitions(tasks, 8)).toBe(Math.min(8, partitions));
  expect(planPartitions(tasks, 0)).toBe(1);
});
