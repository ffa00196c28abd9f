// What this worker says of a job's lanes: `drained`, once per turn, and `waiting` whenever its
// reason changes. Levels, so the newest counts and a lost one is said again by whoever holds the
// lane next.
// Invariant: one send at a time, in the order of what happened.
import { messageCodec } from '../../schemas/codec.ts';
import { openBell } from '../core/bell.ts';
import type { Job } from '../core/job.ts';
import type { Log, NewRecord } from '../core/log.ts';
import type { Level } from '../core/message.ts';
import { inboxTopic } from '../core/names.ts';

export interface Announcer {
  waiting(partition: number, reason: string | null): void;
  drained(partition: number, turn: number): void;
  /** Sends until the signal is aborted; what was said before that still goes out. */
  run(signal: AbortSignal): Promise<void>;
}

export function openAnnouncer(log: Log, job: () => Job): Announcer {
  const bell = openBell();
  const reasons = new Map<number, string | null>();
  const said = new Map<number, { readonly turn: number; readonly reason: string | null }>();
  const drained = new Map<number, number>();
  let levels: Level[] = [];

  function explain(partition: number): void {
    const { id, turn, lanes } = job();
    const reason = reasons.get(partition) ?? null;
    const before = said.get(partition);
    const shown = before?.turn === turn ? before.reason : (lanes[partition]?.waiting ?? null);
    if (reason === shown) return;
    said.set(partition, { turn, reason });
    levels.push({ kind: 'waiting', jobId: id, turn, partition, reason });
  }

  return {
    waiting: (partition, reason) => {
      reasons.set(partition, reason);
      explain(partition);
      bell.ring();
    },
    drained: (partition, turn) => {
      if (drained.get(partition) === turn) return;
      drained.set(partition, turn);
      levels.push({ kind: 'drained', jobId: job().id, turn, partition });
      bell.ring();
    },
    run: async (signal) => {
      do {
        await bell.heard(signal);
        const batch = levels;
        levels = [];
        if (batch.length > 0) await log.send('control', batch.map(inboxRecord));
      } while (!signal.aborted || levels.length > 0);
    },
  };
}

function inboxRecord(level: Level): NewRecord {
  const value = messageCodec.encode(level);
  return { topic: inboxTopic, partition: 0, key: level.jobId, value };
}
