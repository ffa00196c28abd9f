import { expect, test } from 'vitest';
import { decodeAt } from '../../../services/core/decode-at.ts';

const place = { space: 'job.1', topic: 'tasks', partition: 3 } as const;
const codec = {
  decode: (bytes: Uint8Array): number => {
    const [first] = bytes;
    if (first === undefined) throw new Error('It is empty.');
    return first;
  },
};

test('a record of ours is decoded', () => {
  const record = { offset: 7n, key: '', value: new Uint8Array([5]) };
  expect(decodeAt(codec, place, record)).toBe(5);
});

test('a record that cannot be read is named by space, topic, partition and offset', () => {
  const where =
    /offset 7 of tasks\/3 in the space job\.1 cannot be read, and nothing past it: It is empty\./;
  expect(() => decodeAt(codec, place, { offset: 7n, key: '', value: new Uint8Array() })).toThrow(
    where,
  );
});

test('a tombstone cannot be read where none is written', () => {
  expect(() => decodeAt(codec, place, { offset: 8n, key: '', value: null })).toThrow(
    'offset 8 of tasks/3 in the space job.1 cannot be read, and nothing past it: It has no value.',
  );
});

test('what is thrown need not be an Error', () => {
  const odd = {
    decode: (): never => {
      throw 'odd';
    },
  };
  const record = { offset: 7n, key: '', value: new Uint8Array([5]) };
  expect(() => decodeAt(odd, place, record)).toThrow('nothing past it: odd');
});
