// How many tasks the whole process may have admitted and not committed: a bound on memory, and on
// what a crash can make it do again.

export interface Allowance {
  /** False: come again when `retry` is called; it is called once. */
  take(retry: () => void): boolean;
  give(count: number): void;
}

export function openAllowance(total: number): Allowance {
  let left = total;
  const waiting = new Set<() => void>();
  return {
    take: (retry) => {
      if (left > 0) {
        left -= 1;
        return true;
      }
      waiting.add(retry);
      return false;
    },
    give: (count) => {
      left += count;
      const retries = [...waiting];
      waiting.clear();
      for (const retry of retries) retry();
    },
  };
}
