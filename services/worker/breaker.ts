// The breaker of one role: when the world fails (connections refused, credentials not accepted), no
// task is to blame, so tasks wait here without spending attempts.
// Modes: closed (everyone passes) → open at the first failure of the world (everyone waits) →
// probing after a delay (one task passes) → closed if the world answered it, else open again with a
// longer delay. A probe that ends without an answer (its lane stopped) hands its turn on.
// Invariant: while open or probing, at most one task is on its way.
import type { Clock } from '../core/clock.ts';
import type { Collector } from '../core/collector.ts';

/** stopped: the waiter's own signal came first. expired: it has waited for as long as it may. */
export type Pass = 'go' | 'probe' | 'stopped' | 'expired';

export interface Breaker {
  /** Why tasks wait; null while closed. */
  readonly reason: string | null;
  /** sinceMs: the monotonic time at which the waiter's lane first came to wait. */
  pass(sinceMs: number, signal: AbortSignal): Promise<Pass>;
  /** The world failed this task. */
  trip(reason: string, pass: Pass): void;
  /** The world answered this task, whatever it said; null: no answer was awaited to the end. */
  settle(pass: Pass, isAnswered: boolean): void;
  /** Called whenever the reason changes. */
  onChange(listener: () => void): () => void;
}

export interface BreakerLimits {
  readonly probeDelayMsMin: number;
  readonly probeDelayMsMax: number;
  readonly worldWaitMsMax: number;
}

interface Waiter {
  readonly sinceMs: number;
  readonly go: (pass: Pass) => void;
}

export function openBreaker(
  clock: Clock,
  background: Collector,
  limits: BreakerLimits,
  signal: AbortSignal,
): Breaker {
  const waiting = new Set<Waiter>();
  const listeners = new Set<() => void>();
  let mode: 'closed' | 'open' | 'probing' = 'closed';
  let reason: string | null = null;
  let delayMs = limits.probeDelayMsMin;
  /** The delay is over, and nobody was there to probe. */
  let isProbeDue = false;
  let round = 0;
  const isExpired = (sinceMs: number) => clock.monotonicMs() - sinceMs >= limits.worldWaitMsMax;

  function explain(next: string | null): void {
    if (next === reason) return;
    reason = next;
    for (const listener of listeners) listener();
  }

  function offerProbe(): void {
    const [first] = waiting;
    isProbeDue = first === undefined;
    if (first === undefined) {
      mode = 'open';
      return;
    }
    mode = 'probing';
    first.go('probe');
  }

  async function rest(): Promise<void> {
    round += 1;
    const own = round;
    await clock.sleep(delayMs, signal);
    if (own !== round || mode !== 'open') return;
    for (const waiter of waiting) if (isExpired(waiter.sinceMs)) waiter.go('expired');
    delayMs = Math.min(delayMs * 2, limits.probeDelayMsMax);
    offerProbe();
  }

  function close(): void {
    mode = 'closed';
    isProbeDue = false;
    delayMs = limits.probeDelayMsMin;
    explain(null);
    for (const waiter of waiting) waiter.go('go');
  }

  return {
    get reason() {
      return reason;
    },
    pass: (sinceMs, stop) => {
      if (stop.aborted) return Promise.resolve('stopped');
      if (mode === 'closed') return Promise.resolve('go');
      if (isProbeDue) {
        isProbeDue = false;
        mode = 'probing';
        return Promise.resolve('probe');
      }
      if (isExpired(sinceMs)) return Promise.resolve('expired');
      return new Promise((resolve) => {
        const stopped = () => waiter.go('stopped');
        const waiter: Waiter = {
          sinceMs,
          go: (pass) => {
            waiting.delete(waiter);
            stop.removeEventListener('abort', stopped);
            resolve(pass);
          },
        };
        waiting.add(waiter);
        stop.addEventListener('abort', stopped);
      });
    },
    trip: (why, pass) => {
      const isNews = mode === 'closed' || pass === 'probe';
      explain(why);
      if (!isNews) return;
      mode = 'open';
      background.add(rest());
    },
    settle: (pass, isAnswered) => {
      if (isAnswered && mode !== 'closed') close();
      else if (pass === 'probe' && mode === 'probing') offerProbe();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
