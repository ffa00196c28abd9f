// One lane of results for as long as this process holds it.
// Modes: reading (count what comes, tell the progress, find where ranges end) ↔ writing (the
// oldest complete range: second pass, upload, commit) → ended (End was read and every range is
// written; the lane is kept, so that its level can be said again) → left. While the report bucket
// fails, ranges wait for their next attempt and reading goes on; after a bounded time the lane
// gives its report up.
// Invariant: the position moves only with the parts of the range before it.
import { resultRecordCodec } from '../../schemas/codec.ts';
import { aborted } from '../core/bell.ts';
import { decodeAt } from '../core/decode-at.ts';
import type { Job } from '../core/job.ts';
import type { Lane } from '../core/log.ts';
import { jobSpace, resultsTopic } from '../core/names.ts';
import { readReportNote } from './note.ts';
import { openPlan, type Plan } from './plan.ts';
import type { LaneProgress } from './progress.ts';
import { publishRange } from './publish.ts';
import { openPatience, type Patience, reportProblem } from './upload.ts';
import type { World } from './world.ts';

export async function runLane(
  world: World,
  job: Job,
  lane: Lane,
  dismissed: AbortSignal,
  progress: LaneProgress,
): Promise<void> {
  const over = AbortSignal.any([lane.revoked, dismissed]);
  const plan = openPlan(lane.partition, lane.position, job.frozen);
  const writing = openWriting(world, job, lane, plan, over);
  progress.put(plan.level());
  try {
    while (!over.aborted) {
      if (writing.isDue()) await writing.writeOldest();
      else if (plan.state !== 'open' && plan.ranges.length === 0) await aborted(over);
      else if (plan.state !== 'open' || writing.isFull()) await writing.untilDue();
      else await readOn(world, job, lane, plan, writing, progress, over);
    }
  } finally {
    progress.drop();
  }
  await lane.release();
}

async function readOn(
  world: World,
  job: Job,
  lane: Lane,
  plan: Plan,
  writing: Writing,
  progress: LaneProgress,
  over: AbortSignal,
): Promise<void> {
  const woken = new AbortController();
  const read = new AbortController();
  const signal = AbortSignal.any([over, woken.signal]);
  if (plan.ranges.length > 0) {
    world.crew.add(writing.untilDue(read.signal).then(() => woken.abort()));
  }
  const records = await lane.read(world.limits.readBytesMax, signal);
  read.abort();
  const from = { space: jobSpace(job.id), topic: resultsTopic, partition: lane.partition };
  for (const record of records) {
    const result = decodeAt(resultRecordCodec, from, record);
    plan.take(record.offset, result);
  }
  if (records.length > 0) progress.put(plan.level());
}

/** The ranges that wait to be written, and the patience with the bucket they go to. */
interface Writing {
  isDue(): boolean;
  isFull(): boolean;
  untilDue(signal?: AbortSignal): Promise<void>;
  writeOldest(): Promise<void>;
}

function openWriting(world: World, job: Job, lane: Lane, plan: Plan, over: AbortSignal): Writing {
  const { clock, limits, logger } = world;
  let { problem } = readReportNote(lane.position.note);
  let patience: Patience | null = null;
  let dueMs = 0;
  return {
    isDue: () => plan.ranges.length > 0 && clock.monotonicMs() >= dueMs,
    isFull: () => plan.ranges.length >= limits.rangesWaitingMax,
    untilDue: async (signal = over) => {
      await clock.sleep(dueMs - clock.monotonicMs(), AbortSignal.any([signal, over]));
    },
    writeOldest: async () => {
      const [range] = plan.ranges;
      if (range === undefined) return;
      const published = await publishRange(world, job, lane, range, problem, over);
      lane.seek(plan.next);
      switch (published.kind) {
        case 'committed':
          plan.ranges.shift();
          patience = null;
          return;
        case 'failed': {
          const where = { jobId: job.id, partition: lane.partition, reason: published.reason };
          patience ??= openPatience(world);
          const nextMs = patience.again(published.isPassing);
          if (nextMs === null) {
            problem = reportProblem(published.reason);
            logger.warn(where, 'The report of a partition was given up.');
          } else dueMs = nextMs;
          return;
        }
        case 'stopped':
          return;
      }
    },
  };
}
