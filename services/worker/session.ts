// A session: one lane at work, from the position it stands at until it is told to stop or has
// ended.
// Modes: working (read, admit, work, flush) → stopping (once `stop` is aborted: nothing starts,
// what waits for a key, a slot, a retry or the world is dropped, what is in flight ends) → done.
// What was dropped has no outcome and stands in the holes of the position, so the next session
// finds it.
// Invariant: when run resolves, every outcome is committed; when it rejects, nothing of the lane
// runs any more but requests that were abandoned with it.
import { taskRecordCodec } from '../../schemas/codec.ts';
import { openCollector } from '../core/collector.ts';
import { decodeAt } from '../core/decode-at.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type Lane } from '../core/log.ts';
import { jobSpace, tasksTopic } from '../core/names.ts';
import { operationFor } from '../core/operations/registry.ts';
import { openAdmission } from './admission.ts';
import { openAttempts } from './attempt.ts';
import { openOutcomes } from './flush.ts';
import { openKeyOrder } from './key-order.ts';
import { type LaneTask, openLedger } from './ledger.ts';
import type { World } from './world.ts';

/** waits: called with the reason why tasks wait for the world, and with null when they do not. */
export async function runSession(
  world: World,
  lane: Lane,
  job: Job,
  stopSignal: AbortSignal,
  waits: (reason: string | null) => void,
): Promise<void> {
  const { clock, limits } = world;
  const broken = new AbortController();
  const stop = AbortSignal.any([stopSignal, broken.signal]);
  const ledger = openLedger(lane.position);
  const keys = openKeyOrder();
  const tasks = openCollector();
  const place = world.share.open(job.id);
  const breaker = world.breaker(job.request.roleArn);
  const attempts = openAttempts(world, {
    operation: operationFor(job.request.operation),
    roleArn: job.request.roleArn,
    place,
    breaker,
    stop,
  });
  const admission = openAdmission(limits, world.allowance, (task) => {
    const key = keyOf(task);
    keys.enter(key, () => tasks.add(work(task, key)));
  });
  const outcomes = openOutcomes(lane, ledger, clock, limits, {
    delayMs: () =>
      Math.max(limits.flushDelayMsMax, world.share.seats() * limits.flushDelayMsPerLane),
    committed: (count) => admission.committed(count),
  });

  async function work(task: LaneTask, key: string): Promise<void> {
    const result = await attempts.run(task);
    if (result === null) return;
    outcomes.add(task, result);
    keys.leave(key);
    admission.finished();
    if (admission.isQuiet()) outcomes.hurry();
  }

  const { partition } = lane;
  const from = { space: jobSpace(job.id), topic: tasksTopic, partition };
  async function readAhead(): Promise<void> {
    while (ledger.count === null && !stop.aborted) {
      await admission.room(stop);
      for (const record of await lane.read(limits.readBytesMax, stop)) {
        admission.offer(ledger.take(record.offset, decodeAt(taskRecordCodec, from, record)));
      }
    }
  }

  let failure: { readonly error: unknown } | null = null;
  const fail = (error: unknown) => {
    failure ??= { error };
    broken.abort();
    if (isLogError(error) && error.failure === 'lost') world.deadlines.hangUp();
  };

  const tell = () => waits(breaker.reason);
  const forget = breaker.onChange(tell);
  stop.addEventListener('abort', () => place.close(), { once: true });
  tell();
  lane.seek(lane.position.next);
  const flushing = outcomes.run().catch(fail);
  await readAhead().catch(fail);
  if (ledger.isComplete()) outcomes.hurry();
  await admission.idle(stop);
  await tasks.ended().catch(fail);
  outcomes.close();
  await flushing;
  forget();
  waits(null);
  place.close();
  admission.close();
  // What was finished before the failure has been committed if the log still took it.
  throwIfFailed(failure);
}

function throwIfFailed(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}

function keyOf({ task }: LaneTask): string {
  return `${task.bucket}\u0000${task.key}`;
}
