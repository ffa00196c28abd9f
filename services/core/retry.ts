// How often and how long a task is tried. A task always ends: after attemptsMax attempts or at its
// deadline. Attempts that the world's errors stopped are not counted (outcome.ts).
import type { Random } from './clock.ts';
import type { BuiltOperationName } from './operation.ts';

export const attemptsMax = 6;
export const retryDelayMsFirst = 200;
export const retryDelayMsMax = 10_000;

/** From a task's first attempt; open breakers and pauses do not count. */
export const taskDeadlineMs = 60_000;
/** A copy of 5 GB takes its time. */
export const copyDeadlineMs = 15 * 60_000;

/** The wait before the next attempt, full jitter. attempts: those made so far, from 1. */
export function retryDelayMs(attempts: number, random: Random): number {
  return random() * Math.min(retryDelayMsMax, retryDelayMsFirst * 2 ** (attempts - 1));
}

export function deadlineMs(operation: BuiltOperationName): number {
  switch (operation) {
    case 'S3PutObjectCopy':
      return copyDeadlineMs;
    case 'S3PutObjectTagging':
    case 'S3DeleteObjectTagging':
      return taskDeadlineMs;
  }
}
