// Outcomes on their way into the log. They collect until the oldest has waited the flush delay, or
// enough of them stand here, or nothing admitted is unfinished; then one commit holds the results
// and the position that counts them.
// Modes: open → closed (by close; what stands here still goes out) → ended. It also ends by itself
// with the commit that holds End{exhausted}: results and End go together.
// Invariant: one commit at a time; an outcome is in exactly one of them.
import { resultRecordCodec } from '../../schemas/codec.ts';
import { openBell } from '../core/bell.ts';
import type { Clock } from '../core/clock.ts';
import type { Lane, NewRecord } from '../core/log.ts';
import { resultsTopic } from '../core/names.ts';
import type { ResultRecord, TaskResult } from '../core/task.ts';
import type { LaneTask, Ledger } from './ledger.ts';
import type { WorkerLimits } from './limits.ts';
import { resultBytes, resultRecords } from './result-records.ts';

interface Outcome {
  readonly task: LaneTask;
  readonly result: TaskResult;
}

export interface Outcomes {
  add(task: LaneTask, result: TaskResult): void;
  /** Commit as soon as possible. */
  hurry(): void;
  /** No more outcomes come. */
  close(): void;
  /** Commits until closed and empty; rejects as the log does. */
  run(): Promise<void>;
}

export function openOutcomes(
  lane: Lane,
  ledger: Ledger,
  clock: Clock,
  limits: WorkerLimits,
  events: { readonly delayMs: () => number; readonly committed: (count: number) => void },
): Outcomes {
  const never = new AbortController().signal;
  const bell = openBell();
  let collected: Outcome[] = [];
  let bytes = 0;
  let isClosed = false;
  let urgent = new AbortController();

  const hurry = () => {
    urgent.abort();
    bell.ring();
  };

  async function flush(): Promise<void> {
    const batch = collected.slice(0, limits.commitResultsMax);
    collected = collected.slice(batch.length);
    bytes = collected.reduce((sum, { result }) => sum + resultBytes(result), 0);
    ledger.finish(batch.map(({ task }) => task));
    const records = resultRecords(batch.map(({ result }) => result));
    const count = ledger.isComplete() ? ledger.count : null;
    const end: ResultRecord[] = count === null ? [] : [{ kind: 'end', reason: 'exhausted', count }];
    const all = [...records, ...end].map((record) => resultRecord(lane.partition, record));
    if (all.length > 0) await lane.commit(all, ledger.position());
    events.committed(batch.length);
  }

  return {
    add: (task, result) => {
      collected.push({ task, result });
      bytes += resultBytes(result);
      const isFull = collected.length >= limits.flushResultsMax || bytes >= limits.flushBytesMax;
      if (isFull) hurry();
      else if (collected.length === 1) bell.ring();
    },
    hurry,
    close: () => {
      isClosed = true;
      hurry();
    },
    run: async () => {
      for (;;) {
        await bell.heard(never);
        if (collected.length > 0 && !isClosed) {
          await clock.sleep(events.delayMs(), urgent.signal);
        }
        urgent = new AbortController();
        await flush();
        if (ledger.isComplete()) return;
        if (isClosed && collected.length === 0) return;
        if (collected.length >= limits.flushResultsMax) hurry();
        else if (collected.length > 0 || isClosed) bell.ring();
      }
    },
  };
}

/** The key names the partition, so that those who read all of them can tell them apart. */
export function resultRecord(partition: number, record: ResultRecord): NewRecord {
  const value = resultRecordCodec.encode(record);
  return { topic: resultsTopic, partition, key: String(partition), value };
}
