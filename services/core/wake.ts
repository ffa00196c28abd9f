// A wake-up call as a signal: how one loop ends the parked read of another without a timer. Take
// `next` first, then look at the state, then wait: a ring between the look and the wait is not
// lost.

export interface Wake {
  /** Aborted by the next ring. */
  readonly next: AbortSignal;
  ring(): void;
}

export function openWake(): Wake {
  let controller = new AbortController();
  return {
    get next() {
      return controller.signal;
    },
    ring() {
      const rung = controller;
      controller = new AbortController();
      rung.abort();
    },
  };
}
