// What this reporter says of a job's lanes: absolute levels, at most every progressDelayMs per
// job. A level is said when it has changed, when the job has turned, and when the job's record
// shows less than was said (it was lost, or it came in a turn that is over).
// Invariant: whatever is lost on the way, the newest level of each lane held here arrives in the
// end.
import { messageCodec } from '../../schemas/codec.ts';
import { type Bell, openBell } from '../core/bell.ts';
import type { Job } from '../core/job.ts';
import type { NewRecord } from '../core/log.ts';
import type { Level } from '../core/message.ts';
import { inboxTopic } from '../core/names.ts';
import type { ReportNote } from './note.ts';
import type { World } from './world.ts';

export interface Progress {
  put(partition: number, level: ReportNote): void;
  /** The lane is held here no more. */
  drop(partition: number): void;
  /** The job's record has changed. */
  look(): void;
  run(signal: AbortSignal): Promise<void>;
}

interface LaneState {
  level: ReportNote;
  /** Read and turn when it was last said; null: the newest level has not been said. */
  said: { readonly turn: number } | null;
}

export function openProgress(world: World, job: () => Job): Progress {
  const lanes = new Map<number, LaneState>();
  const bell: Bell = openBell();

  function isShown(partition: number, { level }: LaneState): boolean {
    const shown = job().lanes[partition];
    if (shown === undefined) return true;
    return shown.read >= readOf(level) && (level.state === 'open' || shown.ended !== null);
  }

  return {
    put: (partition, level) => {
      lanes.set(partition, { level, said: null });
      bell.ring();
    },
    drop: (partition) => {
      lanes.delete(partition);
    },
    look: () => {
      for (const [partition, lane] of lanes) {
        if (lane.said === null) continue;
        if (lane.said.turn === job().turn && isShown(partition, lane)) continue;
        lane.said = null;
        bell.ring();
      }
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await bell.heard(signal);
        const { id, turn } = job();
        const records: NewRecord[] = [];
        for (const [partition, lane] of lanes) {
          if (lane.said !== null) continue;
          lane.said = { turn };
          records.push(inboxRecord(progressLevel(id, turn, partition, lane.level)));
        }
        if (records.length > 0) await world.log.send('control', records);
        await world.clock.sleep(world.limits.progressDelayMs, signal);
      }
    },
  };
}

function readOf({ succeeded, failed }: ReportNote): number {
  return succeeded + failed;
}

function progressLevel(jobId: string, turn: number, partition: number, level: ReportNote): Level {
  const { succeeded, failed, retries, codes, state } = level;
  const ended = state === 'open' ? null : state;
  const read = readOf(level);
  return {
    kind: 'progress',
    jobId,
    turn,
    partition,
    read,
    succeeded,
    failed,
    retries,
    codes,
    ended,
  };
}

export function inboxRecord(level: Level): NewRecord {
  const value = messageCodec.encode(level);
  return { topic: inboxTopic, partition: 0, key: level.jobId, value };
}
