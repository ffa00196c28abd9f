// What may be trimmed, as a function of who has read what.
import { describe, expect, test } from 'vitest';
import { groupName } from '../../../services/adapters/log/kafka/names.ts';
import {
  isTrimmable,
  readsTopic,
  readTo,
  trimTarget,
} from '../../../services/adapters/log/kafka/trim.ts';

const shapeOf = (topic: string) => ({ topic, partitions: 1, keep: 'consumed' }) as const;

describe('trimming', () => {
  test('takes what is consumed or kept for a time, and nothing else', () => {
    const keeps = ['consumed', 'compacted', { ms: 1 }, { ms: Number.MAX_SAFE_INTEGER }] as const;
    const asked = keeps.map((keep) => isTrimmable({ topic: 't', partitions: 1, keep }));
    expect(asked).toEqual([true, false, true, false]);
  });

  test('knows the groups of a topic by their names', () => {
    const group = groupName('p.', 'job.1', 'a.b_c', 'tasks');
    expect(readsTopic('p.', { space: 'job.1', shape: shapeOf('tasks') }, group)).toBe(true);
    expect(readsTopic('p.', { space: 'job.1', shape: shapeOf('results') }, group)).toBe(false);
    expect(readsTopic('p.', { space: 'job.2', shape: shapeOf('tasks') }, group)).toBe(false);
    expect(readsTopic('q.', { space: 'job.1', shape: shapeOf('tasks') }, group)).toBe(false);
  });

  test('tells a topic from one whose name ends alike', () => {
    const group = groupName('p.', 'events', 'door', 'events.rejected');
    const reads = (topic: string) =>
      readsTopic('p.', { space: 'events', shape: shapeOf(topic) }, group);
    expect(reads('events.rejected')).toBe(true);
    expect(reads('rejected')).toBe(false);
    expect(reads('door.events.rejected')).toBe(false);
  });

  test('stops at the slowest group, and at the start for one that has read nothing', () => {
    expect(readTo([])).toBeNull();
    expect(readTo([7n, 3n, 9n])).toBe(3n);
    expect(readTo([7n, null])).toBe(0n);
  });

  test('stops at what is young, and never passes a group for age', () => {
    expect(trimTarget(5n, 9n)).toBe(5n);
    expect(trimTarget(9n, 5n)).toBe(5n);
    expect(trimTarget(null, 5n)).toBe(5n);
    expect(trimTarget(5n, null)).toBe(5n);
    expect(trimTarget(null, null)).toBe(0n);
  });
});
