import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTaskSliceRow } from '../../../schemas/slice-rows.ts';
import { currentTypes } from '../../../schemas/types.ts';
import { openSlices, type SliceRecord } from '../../../services/core/slice.ts';
import { sliceBytesMax, sliceTasksMax, type Task } from '../../../services/core/task.ts';
import { anyTask } from '../../support/arbitrary-records.ts';

const task = (key: string): Task => ({ bucket: 'b', key, written: null, versionId: null });

test('slices keep order, ordinals and limits per partition', () => {
  const tasks = fc.array(fc.tuple(fc.nat(2), anyTask, fc.nat(30_000)), { maxLength: 60 });
  fc.assert(
    fc.property(tasks, fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }), (list, counts) => {
      const slices = openSlices(counts);
      const records: SliceRecord[] = [];
      const given: Task[][] = [[], [], []];
      for (const [partition, small, padding] of list) {
        const padded = { ...small, key: small.key + 'k'.repeat(padding) };
        given[partition]?.push(padded);
        const closed = slices.add(partition, padded);
        if (closed !== null) records.push(closed);
      }
      records.push(...slices.end());
      given.forEach((expected, partition) => {
        const mine = records.filter((record) => record.partition === partition);
        let ordinal = counts[partition] ?? 0;
        const found: Task[] = [];
        for (const { record } of mine) {
          if (record.kind === 'end') {
            expect(record.count).toBe(ordinal);
            continue;
          }
          expect(record.firstOrdinal).toBe(ordinal);
          expect(record.tasks.length).toBeGreaterThan(0);
          expect(record.tasks.length).toBeLessThanOrEqual(sliceTasksMax);
          const bytes = currentTypes['task-slice'].toBuffer(toTaskSliceRow(record)).length;
          if (record.tasks.length > 1) expect(bytes).toBeLessThanOrEqual(sliceBytesMax + 32);
          ordinal += record.tasks.length;
          found.push(...record.tasks);
        }
        expect(found).toEqual(expected);
        expect(mine.at(-1)?.record.kind).toBe('end');
      });
      expect(slices.open).toBe(0);
    }),
  );
});

test('a slice is closed by the task that would be one too many', () => {
  const slices = openSlices([10]);
  for (let index = 0; index < sliceTasksMax; index += 1) {
    expect(slices.add(0, task(`k${index}`))).toBeNull();
  }
  expect(slices.open).toBe(sliceTasksMax);
  const closed = slices.add(0, task('next'));
  expect(closed?.record).toMatchObject({ kind: 'slice', firstOrdinal: 10 });
  expect(slices.open).toBe(1);
  expect(slices.counts()).toEqual([10 + sliceTasksMax + 1]);
  expect(slices.flush()).toEqual([
    { partition: 0, record: { kind: 'slice', firstOrdinal: 266, tasks: [task('next')] } },
  ]);
  expect(slices.flush()).toEqual([]);
});

test('a task that is larger than a slice stands alone', () => {
  const slices = openSlices([0]);
  const large = { ...task('k'), written: 'w'.repeat(sliceBytesMax) };
  expect(slices.add(0, large)).toBeNull();
  expect(slices.add(0, task('small'))?.record).toMatchObject({ tasks: [large] });
});

test('a partition that is not there is a bug', () => {
  expect(() => openSlices([0]).add(1, task('k'))).toThrow('There is no partition 1.');
});
