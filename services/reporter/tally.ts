// What the results of one lane add up to, each ordinal counted once. Pure.
import { failureCodesMax } from '../core/job.ts';
import { type Ordinals, openOrdinals } from '../core/ordinals.ts';
import type { TaskResult } from '../core/task.ts';

export type Codes = Readonly<Record<string, number>>;

export interface Totals {
  readonly succeeded: number;
  readonly failed: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Failed tasks by error code, at most failureCodesMax entries, the rest under 'other'. */
  readonly codes: Codes;
}

export interface Tally {
  /** False if the ordinal was counted before: the row is dropped. */
  take(result: TaskResult): boolean;
  totals(): Totals;
  readonly ordinals: Ordinals;
}

export const otherCode = 'other';

export function openTally(ordinalsText: string, start: Totals): Tally {
  const ordinals = openOrdinals(ordinalsText);
  let { succeeded, failed, retries } = start;
  const codes = new Map(Object.entries(start.codes));

  function countCode(code: string): void {
    const isFull = codes.size >= failureCodesMax - 1 && !codes.has(code);
    const name = isFull ? otherCode : code;
    codes.set(name, (codes.get(name) ?? 0) + 1);
  }

  return {
    take: (result) => {
      if (!ordinals.add(result.ordinal)) return false;
      if (result.status === 'succeeded') succeeded += 1;
      else {
        failed += 1;
        countCode(result.errorCode);
      }
      retries += Math.max(0, result.attempts - 1);
      return true;
    },
    totals: () => ({ succeeded, failed, retries, codes: Object.fromEntries(codes) }),
    ordinals,
  };
}
