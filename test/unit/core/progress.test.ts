import { expect, test } from 'vitest';
import {
  elapsedActiveSeconds,
  isThresholdCrossed,
  mergeLane,
  totalsOf,
} from '../../../services/core/progress.ts';
import { sampleJob, sampleLane } from '../../support/job-samples.ts';

const counters = { retries: 0, codes: {}, ended: null } as const;

test('of two levels the one that has read more wins, whichever comes first', () => {
  const early = { ...counters, read: 5, succeeded: 4, failed: 1, codes: { NoSuchKey: 1 } };
  const late = { ...counters, read: 9, succeeded: 7, failed: 2, codes: { NoSuchKey: 2 } };
  const inOrder = mergeLane(mergeLane(sampleLane(), early), late);
  const reordered = mergeLane(mergeLane(sampleLane(), late), early);
  expect(reordered).toEqual(inOrder);
  expect(inOrder).toEqual(sampleLane(late));
});

test('a level that says nothing new leaves the same lane', () => {
  const lane = sampleLane({ read: 3, succeeded: 3 });
  expect(mergeLane(lane, { ...counters, read: 3, succeeded: 3, failed: 0 })).toBe(lane);
  expect(mergeLane(lane, { ...counters, read: 2, succeeded: 2, failed: 0 })).toBe(lane);
});

test('a lane that has ended stays ended, and its end counts even with no more read', () => {
  const lane = sampleLane({ read: 3, succeeded: 3 });
  const ended = mergeLane(lane, {
    ...counters,
    read: 3,
    succeeded: 3,
    failed: 0,
    ended: 'exhausted',
  });
  expect(ended.ended).toBe('exhausted');
  const early = { ...counters, read: 1, succeeded: 1, failed: 0, ended: 'exhausted' } as const;
  expect(mergeLane(lane, early)).toEqual({ ...lane, ended: 'exhausted' });
  const older = { ...counters, read: 1, succeeded: 1, failed: 0, ended: 'stopped' } as const;
  expect(mergeLane(ended, older)).toBe(ended);
  expect(mergeLane(ended, { ...counters, read: 4, succeeded: 4, failed: 0 }).ended).toBe(
    'exhausted',
  );
});

test('no counter falls, even if a level contradicts an earlier one', () => {
  const lane = sampleLane({ read: 4, succeeded: 4, failed: 0, retries: 2 });
  const said = { ...counters, read: 5, succeeded: 3, failed: 2 };
  expect(mergeLane(lane, said)).toMatchObject({ read: 5, succeeded: 4, failed: 2, retries: 2 });
});

test('totals are sums over the lanes', () => {
  const lanes = [
    sampleLane({ read: 3, succeeded: 2, failed: 1, retries: 4 }),
    sampleLane({ read: 5, succeeded: 5, retries: 1 }),
  ];
  expect(totalsOf(lanes)).toEqual({ read: 8, succeeded: 7, failed: 1, retries: 5 });
});

test('the failure threshold is more than half of at least 1,000 tasks', () => {
  const totals = (succeeded: number, failed: number) => ({
    read: succeeded + failed,
    succeeded,
    failed,
    retries: 0,
  });
  expect(isThresholdCrossed(totals(0, 999))).toBe(false);
  expect(isThresholdCrossed(totals(0, 1_000))).toBe(true);
  expect(isThresholdCrossed(totals(500, 500))).toBe(false);
  expect(isThresholdCrossed(totals(500, 501))).toBe(true);
});

test('the elapsed time counts whole seconds in Active, the running stay included', () => {
  const paused = sampleJob({ status: 'Paused', activeMs: 2_999, statusMs: 10_000 });
  expect(elapsedActiveSeconds(paused, 99_000)).toBe(2);
  const active = sampleJob({ status: 'Active', activeMs: 2_999, statusMs: 10_000 });
  expect(elapsedActiveSeconds(active, 10_001)).toBe(3);
  expect(elapsedActiveSeconds(active, 9_000)).toBe(2);
});
