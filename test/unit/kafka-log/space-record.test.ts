// The registry's records: written and read back, and nothing else believed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeSpaceRecord,
  encodeSpaceState,
  type SpaceState,
  sameShapes,
} from '../../../services/adapters/log/kafka/space-record.ts';

const shape = fc.record({
  topic: fc.string({ minLength: 1 }),
  partitions: fc.integer({ min: 1, max: 64 }),
  keep: fc.oneof(
    fc.constantFrom('consumed' as const, 'compacted' as const),
    fc.record({ ms: fc.maxSafeNat() }, { noNullPrototype: true }),
  ),
});
const state: fc.Arbitrary<SpaceState> = fc.record({
  shapes: fc.array(shape, { maxLength: 5 }),
  state: fc.constantFrom('open' as const, 'closed' as const),
});
const good = { version: 1, state: 'open', shapes: [] };

test('what is written is read back', () => {
  fc.assert(
    fc.property(state, (written) => {
      const read = decodeSpaceRecord('job.1', encodeSpaceState(written));
      expect(read).toEqual({ space: 'job.1', state: written });
    }),
  );
});

test('a tombstone says that the space was dropped', () => {
  expect(decodeSpaceRecord('events', null)).toEqual({ space: 'events', state: null });
});

test.each(['', 'job.', 'jobs', 'Control'])('the key %j names no space', (key) => {
  expect(() => decodeSpaceRecord(key, null)).toThrow('names no space');
});

test.each([
  ['no JSON', 'hello'],
  ['another version', JSON.stringify({ ...good, version: 2 })],
  ['another state', JSON.stringify({ ...good, state: 'ajar' })],
  ['a field too many', JSON.stringify({ ...good, more: 1 })],
  ['a field too few', JSON.stringify({ version: 1, state: 'open' })],
  [
    'no partitions',
    JSON.stringify({ ...good, shapes: [{ topic: 'a', partitions: 0, keep: 'x' }] }),
  ],
])('a record with %s is refused with a remedy', (_what, text) => {
  expect(() => decodeSpaceRecord('control', Buffer.from(text))).toThrow('KAFKA_TOPIC_PREFIX');
});

test('shapes are the same in any order, and differ in name, partitions and keep', () => {
  const a = { topic: 'a', partitions: 1, keep: 'consumed' } as const;
  const b = { topic: 'b', partitions: 1, keep: { ms: 5 } } as const;
  expect(sameShapes([a, b], [b, a])).toBe(true);
  expect(sameShapes([a, b], [a])).toBe(false);
  expect(sameShapes([a], [{ ...a, partitions: 2 }])).toBe(false);
  expect(sameShapes([b], [{ ...b, keep: { ms: 6 } }])).toBe(false);
});
