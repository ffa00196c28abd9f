// A bell: how one waiting loop is woken by whoever changed something. A ring that nobody waited for
// is kept, so that none is lost between looking and waiting. One listener at a time.

export interface Bell {
  ring(): void;
  /** Resolves at the next ring (at once if one was kept), or when the signal is aborted. */
  heard(signal: AbortSignal): Promise<void>;
}

export function openBell(): Bell {
  let isRung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    heard: (signal) => {
      if (isRung || signal.aborted) {
        isRung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const finish = () => {
          signal.removeEventListener('abort', finish);
          wake = null;
          isRung = false;
          resolve();
        };
        wake = finish;
        signal.addEventListener('abort', finish);
      });
    },
  };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
