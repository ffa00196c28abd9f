// When a delivery is tried again: three times soon, then at growing distances, until the message is
// an hour old (the 3,600 s that AWS allows a delivery policy) or has been tried 100 times.
import type { Random } from '../../../core/clock.ts';

export const quickRetries = 3;
export const quickDelayMs = 1_000;
export const backoffMsMin = 5_000;
export const backoffMsMax = 300_000;
export const messageAgeMsMax = 3_600_000;
export const attemptsMax = 101;

/** null: give up. attempt counts from 1; jitter takes up to a half off. */
export function retryAfterMs(attempt: number, ageMs: number, random: Random): number | null {
  if (attempt >= attemptsMax) return null;
  if (attempt <= quickRetries) return quickDelayMs;
  if (ageMs >= messageAgeMsMax) return null;
  const growing = backoffMsMin * 2 ** (attempt - quickRetries - 1);
  return Math.min(backoffMsMax, growing) * (1 - random() / 2);
}
