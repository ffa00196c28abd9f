// Between reading and working: what was read waits here until the lane may admit it. Admitted
// means that it may start as soon as its key is free.
// Invariant: at most laneTasksMax tasks of the lane are admitted and unfinished (the position's
// note holds no more holes), and each admitted task counts against the process's allowance until
// its outcome is committed.
import { type Bell, openBell } from '../core/bell.ts';
import type { Allowance } from './allowance.ts';
import type { LaneTask } from './ledger.ts';
import type { WorkerLimits } from './limits.ts';

export interface Admission {
  offer(tasks: readonly LaneTask[]): void;
  /** Resolves when there is room to read more, or when the signal is aborted. */
  room(signal: AbortSignal): Promise<void>;
  /** Resolves when everything offered is finished, or when the signal is aborted. */
  idle(signal: AbortSignal): Promise<void>;
  /** A task has its outcome. */
  finished(): void;
  /** That many outcomes are committed. */
  committed(count: number): void;
  /** True while nothing admitted is unfinished. */
  isQuiet(): boolean;
  /** Nothing is admitted any more; the allowance gets back what it lent. */
  close(): void;
}

export function openAdmission(
  limits: WorkerLimits,
  allowance: Allowance,
  start: (task: LaneTask) => void,
): Admission {
  let queue: LaneTask[] = [];
  let head = 0;
  let unfinished = 0;
  let uncommitted = 0;
  let isClosed = false;
  const roomy: Bell = openBell();
  const idling: Bell = openBell();
  const waitingCount = () => queue.length - head;

  function admit(): void {
    while (!isClosed && unfinished < limits.laneTasksMax) {
      const task = queue[head];
      if (task === undefined || !allowance.take(admit)) break;
      head += 1;
      unfinished += 1;
      uncommitted += 1;
      start(task);
    }
    if (head === queue.length || head >= limits.readAheadTasksMax) {
      queue = queue.slice(head);
      head = 0;
    }
    if (waitingCount() < limits.readAheadTasksMax) roomy.ring();
    if (waitingCount() === 0 && unfinished === 0) idling.ring();
  }

  return {
    offer: (tasks) => {
      queue.push(...tasks);
      admit();
    },
    room: async (signal) => {
      while (waitingCount() >= limits.readAheadTasksMax && !signal.aborted) {
        await roomy.heard(signal);
      }
    },
    idle: async (signal) => {
      while ((waitingCount() > 0 || unfinished > 0) && !signal.aborted) {
        await idling.heard(signal);
      }
    },
    finished: () => {
      unfinished -= 1;
      admit();
    },
    committed: (count) => {
      uncommitted -= count;
      allowance.give(count);
    },
    isQuiet: () => unfinished === 0,
    close: () => {
      isClosed = true;
      allowance.give(uncommitted);
      uncommitted = 0;
    },
  };
}
