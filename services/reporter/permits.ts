// A fixed number of permits, given in the order they were asked for: the bound on memory where each
// holder may hold a whole range of a report.

export interface Permits {
  take(): Promise<void>;
  give(): void;
}

export function openPermits(total: number): Permits {
  let free = total;
  const waiting: (() => void)[] = [];
  return {
    take: () => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    give: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
