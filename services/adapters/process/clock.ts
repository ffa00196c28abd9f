// The real clock and the real dice.
import { randomInt } from 'node:crypto';
import type { Clock, Random } from '../../core/clock.ts';

/** setTimeout turns longer waits into 1 ms. */
const timeoutMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      // A moment that has passed already is due now; setTimeout would print a warning.
      const timer = setTimeout(finish, Math.max(0, Math.min(durationMs, timeoutMsMax)));
      signal.addEventListener('abort', finish);
    }),
};

const steps = 2 ** 32;
export const systemRandom: Random = () => randomInt(steps) / steps;
