// The attempts at one task, from its first to its outcome: breaker, slot, gate, call, verdict, and
// again. A task always ends: attempts and deadline are bounded (core/retry.ts), waiting for the
// world is (limits.ts), and an exception is an outcome like any other.
// Invariant: no call starts once `stop` is aborted; null means that the task has no outcome and is
// to be run again by whoever holds the lane next.
import { type BoundOperation, needsSubresources } from '../core/operations/registry.ts';
import {
  failedUncalled,
  internalError,
  judge,
  type Outcome,
  refusedUnsafe,
  resultOf,
  type Verdict,
} from '../core/outcome.ts';
import { attemptsMax, deadlineMs, retryDelayMs } from '../core/retry.ts';
import type { Task, TaskResult } from '../core/task.ts';
import type { Breaker, Pass } from './breaker.ts';
import type { LaneTask } from './ledger.ts';
import type { Place } from './share.ts';
import type { World } from './world.ts';

export interface AttemptContext {
  readonly operation: BoundOperation;
  readonly roleArn: string;
  readonly place: Place;
  readonly breaker: Breaker;
  readonly stop: AbortSignal;
}

export interface Attempts {
  /** null: stopped before there was an outcome. */
  run(task: LaneTask): Promise<TaskResult | null>;
}

export function openAttempts(world: World, context: AttemptContext): Attempts {
  const { clock, random } = world;
  const { operation, roleArn, place, breaker, stop } = context;
  const durationMsMax = deadlineMs(operation.name);
  const isUnsafe = needsSubresources(operation);
  /** When this lane first came to wait for the world; null while the world answers. */
  let waitingSinceMs: number | null = null;

  /** On 'go' and 'probe' the caller holds a slot. */
  async function enter(): Promise<Pass> {
    for (;;) {
      if (breaker.reason !== null) waitingSinceMs ??= clock.monotonicMs();
      const pass = await breaker.pass(waitingSinceMs ?? clock.monotonicMs(), stop);
      if (pass === 'stopped' || pass === 'expired') return pass;
      const isIn = await place.enter();
      // The gate: between here and the call nothing else can happen.
      if (isIn && !stop.aborted && (pass === 'probe' || breaker.reason === null)) return pass;
      if (isIn) place.exit();
      breaker.settle(pass, false);
      if (!isIn || stop.aborted) return 'stopped';
    }
  }

  async function attempt(task: Task, attempts: number, deadlineAtMs: number): Promise<Verdict> {
    const role = world.role(roleArn);
    if (role === undefined) {
      return { kind: 'world', reason: `No role ${roleArn} is configured for the worker.` };
    }
    // Checked when the job was created too, but settings change while a job waits.
    if (isUnsafe && !role.subresourcesSafe) {
      return { kind: 'failed', ...refusedUnsafe(operation.name, role.endpoint) };
    }
    const controller = new AbortController();
    const unwatch = world.deadlines.watch(deadlineAtMs, controller);
    try {
      const answer = await role.calls.call(operation.request(task), controller.signal);
      return judge(answer, attempts, (status, code) => operation.doneBefore(status, code));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', ...internalError(message) };
    } finally {
      unwatch();
    }
  }

  async function run({ task, ordinal }: LaneTask): Promise<TaskResult | null> {
    let attempts = 0;
    let startedMs = clock.wallMs();
    let beganMs: number | null = null;
    const end = (status: TaskResult['status'], outcome: Outcome) => {
      const times = { attempts, startedMs, endedMs: clock.wallMs() };
      return resultOf(task, ordinal, status, outcome, times);
    };
    const uncalled = failedUncalled(task);
    if (uncalled !== null) return end('failed', uncalled);
    for (;;) {
      const pass = await enter();
      if (pass === 'stopped') return null;
      if (pass === 'expired') return end('failed', worldOutcome(breaker.reason));
      if (attempts === 0) startedMs = clock.wallMs();
      beganMs ??= clock.monotonicMs();
      attempts += 1;
      const verdict = await attempt(task, attempts, beganMs + durationMsMax);
      place.exit();
      if (verdict.kind === 'world') {
        attempts -= 1;
        beganMs = null;
        waitingSinceMs ??= clock.monotonicMs();
        breaker.trip(verdict.reason, pass);
        continue;
      }
      waitingSinceMs = null;
      breaker.settle(pass, true);
      if (verdict.kind !== 'retry') return end(verdict.kind, verdict);
      if (stop.aborted) return null;
      const delayMs = retryDelayMs(attempts, random);
      const isLate = clock.monotonicMs() + delayMs >= beganMs + durationMsMax;
      if (attempts >= attemptsMax || isLate) return end('failed', verdict);
      await clock.sleep(delayMs, stop);
    }
  }

  return { run };
}

function worldOutcome(reason: string | null): Outcome {
  const message = `The endpoint could not be used for too long. ${reason ?? ''}`;
  return { ...internalError(message), httpStatus: 0, errorCode: 'Unreachable' };
}
