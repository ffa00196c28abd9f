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

/** What one holding of a lane says. */
export interface LaneProgress {
  put(level: ReportNote): void;
  /** It is held here no more; a later holding of the same lane is not touched. */
  drop(): void;
}

export interface Progress {
  hold(partition: number): LaneProgress;
  /** The job's record has changed. */
  look(): void;
  run(signal: AbortSignal): Promise<void>;
}

interface LaneState {
  readonly holder: LaneProgress;
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
    hold: (partition) => {
      const holder: LaneProgress = {
        put: (level) => {
          lanes.set(partition, { holder, level, said: null });
          bell.ring();
        },
        drop: () => {
          if (lanes.get(partition)?.holder === holder) lanes.delete(partition);
        },
      };
      return holder;
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
