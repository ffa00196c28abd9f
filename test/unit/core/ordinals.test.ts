import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  holesMax,
  openOrdinals,
  ordinalsJumpMax,
  ordinalsTextMax,
} from '../../../services/core/ordinals.ts';

test('an empty set is an empty text', () => {
  const ordinals = openOrdinals('');
  expect(ordinals).toMatchObject({ low: 0, count: 0, holes: 0 });
  expect(ordinals.text()).toBe('');
});

test('a repeated ordinal is told', () => {
  const ordinals = openOrdinals('');
  expect([0, 2, 2, 0, 1, 1].map((ordinal) => ordinals.add(ordinal))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  expect(ordinals).toMatchObject({ low: 3, count: 3, holes: 0 });
});

test('it equals a set of numbers, also when it went through its text at any step', () => {
  const steps = fc.array(
    fc.record({ ordinal: fc.nat(60), far: fc.boolean(), reopened: fc.boolean() }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const model = new Set<number>();
      let ordinals = openOrdinals('');
      for (const { ordinal: small, far, reopened } of list) {
        const ordinal = far ? small * 400 : small;
        expect(ordinals.has(ordinal)).toBe(model.has(ordinal));
        expect(ordinals.add(ordinal)).toBe(!model.has(ordinal));
        model.add(ordinal);
        if (reopened) ordinals = openOrdinals(ordinals.text());
        let low = 0;
        while (model.has(low)) low += 1;
        const holes = Math.max(...model) + 1 - model.size;
        expect(ordinals).toMatchObject({ low, count: model.size, holes });
      }
      for (let ordinal = 0; ordinal < 70; ordinal += 1) {
        expect(ordinals.has(ordinal)).toBe(model.has(ordinal));
      }
    }),
  );
});

test('the most holes that a lane may have fit into the text, with millions of tasks between', () => {
  const low = [0];
  const apart = [0x80, 0x7d];
  const distances = Array.from({ length: holesMax }, () => apart).flat();
  const written = Buffer.from([...low, ...distances]).toString('base64');
  const ordinals = openOrdinals(written);
  expect(ordinals).toMatchObject({ low: 0, holes: holesMax, count: holesMax * 15_999 });
  expect(ordinals.text()).toBe(written);
  expect(written.length).toBeLessThanOrEqual(ordinalsTextMax);
});

test('large ordinals keep their value', () => {
  const billion = 1_000_000_000_000;
  const text = Buffer.from([0x80, 0xa0, 0x94, 0xa5, 0x8d, 0x1d, 2]).toString('base64');
  const ordinals = openOrdinals(text);
  expect(ordinals).toMatchObject({ low: billion, count: billion + 1, holes: 1 });
  expect(ordinals.text()).toBe(text);
});

test.each([
  ['not base64', '***'],
  ['an unfinished number', Buffer.from([0x80]).toString('base64')],
  ['a distance of nothing', Buffer.from([5, 0, 3]).toString('base64')],
  ['a hole at the top', Buffer.from([5, 1]).toString('base64')],
  ['a number past the safe ones', Buffer.from(Array(9).fill(0xff)).toString('base64')],
])('%s is no set of ordinals', (_what, text) => {
  expect(() => openOrdinals(text)).toThrow(`"${text}" is not a set of ordinals.`);
});

test('what is no ordinal, or far beyond every task in flight, is a bug', () => {
  const ordinals = openOrdinals('');
  expect(() => ordinals.add(-1)).toThrow('-1 is not an ordinal.');
  expect(() => ordinals.add(1.5)).toThrow('1.5 is not an ordinal.');
  expect(ordinals.add(ordinalsJumpMax)).toBe(true);
  expect(() => ordinals.add(2 * ordinalsJumpMax + 2)).toThrow('is more than');
});
