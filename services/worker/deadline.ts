// One watch over all requests in flight: a loop that runs only while there are any, instead of a
// timer per request. A request past its deadline is aborted at most one watch interval late.
import type { Clock } from '../core/clock.ts';
import type { Collector } from '../core/collector.ts';

const watchIntervalMs = 1000;

export interface Deadlines {
  /** Aborts the controller at that monotonic time; the returned function ends the watch. */
  watch(atMs: number, controller: AbortController): () => void;
  /** Aborts every request in flight, now and later: the process ends. */
  hangUp(): void;
}

export function openDeadlines(clock: Clock, background: Collector): Deadlines {
  const watched = new Map<AbortController, number>();
  const hungUp = new AbortController();
  let isPatrolling = false;

  async function patrol(): Promise<void> {
    while (watched.size > 0 && !hungUp.signal.aborted) {
      await clock.sleep(watchIntervalMs, hungUp.signal);
      const nowMs = clock.monotonicMs();
      for (const [controller, atMs] of watched) if (nowMs >= atMs) controller.abort();
    }
    isPatrolling = false;
  }

  return {
    watch: (atMs, controller) => {
      if (hungUp.signal.aborted) controller.abort();
      watched.set(controller, atMs);
      if (!isPatrolling) {
        isPatrolling = true;
        background.add(patrol());
      }
      return () => {
        watched.delete(controller);
      };
    },
    hangUp: () => {
      hungUp.abort();
      for (const controller of watched.keys()) controller.abort();
    },
  };
}
