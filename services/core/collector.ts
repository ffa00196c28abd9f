// The named collector of promises that nobody awaits one by one: lanes of a service, tasks of a
// lane.
// Invariant: no failure is lost. The first one aborts `failed` and rejects ended().

export interface Collector {
  /** Aborted at the first failure. */
  readonly failed: AbortSignal;
  add(work: Promise<void>): void;
  /**
   * Resolves once everything added has ended; rejects with the first failure as soon as it is
   * known.
   */
  ended(): Promise<void>;
}

export function openCollector(): Collector {
  const failing = new AbortController();
  const waiting = new Set<() => void>();
  let running = 0;
  let failure: { readonly error: unknown } | null = null;
  const settle = () => {
    if (running > 0 && failure === null) return;
    for (const wake of waiting) wake();
    waiting.clear();
  };
  return {
    failed: failing.signal,
    add: (work) => {
      running += 1;
      work.then(
        () => {
          running -= 1;
          settle();
        },
        (error: unknown) => {
          running -= 1;
          failure ??= { error };
          failing.abort();
          settle();
        },
      );
    },
    ended: async () => {
      if (running > 0 && failure === null) {
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
      // A failure that arrived while waiting is one like any other.
      if (failure !== null) throw failure.error;
    },
  };
}
