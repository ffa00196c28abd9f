// A virtual clock for tests. Time moves only when the test says so (`advance`) or when everything
// that runs has come to wait for time (`run`): then it jumps to the earliest sleeper.
// Invariant: sleepers wake one at a time, by due time and then by age, and everything that one wake
// sets going has come to rest before the next; so the same test takes the same course every time.
// Real I/O (a socket, a thread) is invisible to it: hold the clock for as long as that is under way.
import type { Clock } from '../../services/core/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward, waking each sleeper at its moment, and lets what it wakes come to rest. */
  advance(durationMs: number): Promise<void>;
  /** Sets the wall clock alone, as an operator or a time server does. */
  jumpWall(wallMs: number): void;
  /**
   * Runs until the work has settled, jumping from sleeper to sleeper. Rejects when nothing is left
   * that could settle it, or when more virtual time than that has passed.
   */
  run<T>(work: Promise<T>, virtualMsMax?: number): Promise<T>;
  /** While held, `run` does not jump; returns what lets go. */
  hold(): () => void;
  /** How many sleep at this moment. */
  sleepers(): number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly sequence: number;
  readonly wake: () => void;
}

const defaultWallMs = Date.UTC(2026, 10, 21, 8, 0, 0);
const defaultRunMsMax = 365 * 24 * 3_600_000;
/** Rounds of the event loop after which what needs no time is taken to have come to rest. */
const restRounds = 2;
/** A standstill is believed only after it has lasted this many rounds. */
const standstillRoundsMax = 20;

export function manualClock(startWallMs: number = defaultWallMs): ManualClock {
  let nowMs = 0;
  let wallOffsetMs = startWallMs;
  let sequence = 0;
  let holds = 0;
  const sleeping = new Set<Sleeper>();

  function earliest(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of sleeping)
      if (first === undefined || before(sleeper, first)) first = sleeper;
    return first;
  }

  function wakeAt(sleeper: Sleeper): void {
    nowMs = Math.max(nowMs, sleeper.dueMs);
    sleeper.wake();
  }

  function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        sleeping.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const dueMs = nowMs + Math.max(0, durationMs);
      const sleeper: Sleeper = { dueMs, sequence: sequence++, wake };
      sleeping.add(sleeper);
      signal.addEventListener('abort', wake);
    });
  }

  async function advance(durationMs: number): Promise<void> {
    const targetMs = nowMs + durationMs;
    await rest();
    for (let next = earliest(); next !== undefined && next.dueMs <= targetMs; next = earliest()) {
      wakeAt(next);
      await rest();
    }
    nowMs = targetMs;
  }

  async function run<T>(work: Promise<T>, virtualMsMax: number = defaultRunMsMax): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    work.then(settle, settle);
    const limitMs = nowMs + virtualMsMax;
    let idleRounds = 0;
    await rest();
    while (!settled) {
      const next = earliest();
      if (holds > 0) {
        idleRounds = 0;
      } else if (next === undefined) {
        idleRounds += 1;
        if (idleRounds > standstillRoundsMax)
          throw new Error('nothing is left that could wake this');
      } else if (next.dueMs > limitMs) {
        throw new Error(`not settled after ${virtualMsMax} virtual ms`);
      } else {
        idleRounds = 0;
        wakeAt(next);
      }
      await rest();
    }
    return work;
  }

  function hold(): () => void {
    holds += 1;
    let held = true;
    return () => {
      if (held) holds -= 1;
      held = false;
    };
  }

  return {
    wallMs: () => Math.floor(nowMs + wallOffsetMs),
    monotonicMs: () => nowMs,
    sleep,
    advance,
    jumpWall: (wallMs) => {
      wallOffsetMs = wallMs - nowMs;
    },
    run,
    hold,
    sleepers: () => sleeping.size,
  };
}

function before(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs === b.dueMs ? a.sequence < b.sequence : a.dueMs < b.dueMs;
}

/** All promise work runs before the event loop turns, so a turn means that only time can help. */
async function rest(): Promise<void> {
  for (let round = 0; round < restRounds; round += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
