import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../services/core/log.ts';
import type { TaskRecord } from '../../../services/core/task.ts';
import { type LaneTask, openLedger } from '../../../services/worker/ledger.ts';

/** Slices of these sizes at offsets 10, 12, 14 …, then End. */
function recordsOf(sizes: readonly number[]): { offset: bigint; record: TaskRecord }[] {
  let ordinal = 0;
  const records = sizes.map((size, index) => {
    const tasks = Array.from({ length: size }, (_, at) => ({
      bucket: 'b',
      key: `${ordinal + at}`,
      written: null,
      versionId: null,
    }));
    const record: TaskRecord = { kind: 'slice', firstOrdinal: ordinal, tasks };
    ordinal += size;
    return { offset: BigInt(10 + 2 * index), record };
  });
  const end: TaskRecord = { kind: 'end', count: ordinal };
  return [...records, { offset: BigInt(10 + 2 * sizes.length), record: end }];
}

test('whatever is finished in whatever order, a restart is given exactly the rest', () => {
  const worlds = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }),
    picks: fc.array(fc.nat(), { maxLength: 40 }),
    restarts: fc.array(fc.boolean(), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(worlds, ({ sizes, picks, restarts }) => {
      const records = recordsOf(sizes);
      const count = sizes.reduce((sum, size) => sum + size, 0);
      const finished = new Set<number>();
      let position: Position = { next: 0n, note: '' };
      const open = () => {
        const ledger = openLedger(position);
        const left = records
          .filter(({ offset }) => offset >= position.next)
          .flatMap(({ offset, record }) => ledger.take(offset, record));
        return { ledger, left: [...left] };
      };
      let { ledger, left } = open();
      const finish = (task: LaneTask) => {
        ledger.finish([task]);
        finished.add(task.ordinal);
        left = left.filter((other) => other !== task);
        position = ledger.position();
      };
      for (const [index, pick] of picks.entries()) {
        const task = left[pick % Math.max(1, left.length)];
        if (task !== undefined) finish(task);
        if (restarts[index] === true && !ledger.isComplete()) ({ ledger, left } = open());
        const expected = Array.from({ length: count }, (_, at) => at);
        expect(left.map(({ ordinal }) => ordinal)).toEqual(
          expected.filter((ordinal) => !finished.has(ordinal)),
        );
      }
      for (const task of left) finish(task);
      expect(ledger.isComplete()).toBe(true);
      expect(ledger.position().note.startsWith('exhausted ')).toBe(true);
    }),
  );
});

test('a gap between slices, and an End that counts other tasks, are bugs', () => {
  const [first, , third] = recordsOf([2, 3, 2]);
  if (first === undefined || third === undefined) throw new Error('three slices were asked for');
  const ledger = openLedger({ next: 0n, note: '' });
  const tasks = ledger.take(first.offset, first.record);
  expect(() => ledger.take(third.offset, third.record)).toThrow('starts with ordinal 5, after 2');
  ledger.take(14n, { kind: 'end', count: 3 });
  expect(() => ledger.finish(tasks)).toThrow('End counts 3 tasks');
  expect(() => ledger.take(15n, { kind: 'end', count: 3 })).toThrow('follows End');
});
