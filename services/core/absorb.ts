// absorb: what a service said becomes part of the job. A level never moves the job by itself; facts
// are derived from what the job holds (due.ts).
// Progress is absolute and never wrong later, so its turn does not matter. Everything else counts
// only in the turn it was said in: an old "drained" cannot end a new pause.
// The same object comes back when the level says nothing new.
import type { Job, LaneLevel } from './job.ts';
import type { Level } from './message.ts';
import { mergeLane } from './progress.ts';
import { isTerminal } from './transitions.ts';

export function absorb(job: Job, level: Level): Job {
  if (isTerminal(job.status)) return job;
  switch (level.kind) {
    case 'progress':
      return withLane(job, level.partition, (lane) =>
        mergeLane(lane, {
          read: level.read,
          succeeded: level.succeeded,
          failed: level.failed,
          retries: level.retries,
          codes: level.codes,
          ended: level.ended,
        }),
      );
    case 'drained':
      if (level.turn !== job.turn || job.status !== 'Pausing') return job;
      return withLane(job, level.partition, (lane) =>
        lane.drainedTurn === level.turn ? lane : { ...lane, drainedTurn: level.turn },
      );
    case 'waiting':
      if (level.turn !== job.turn) return job;
      return withLane(job, level.partition, (lane) =>
        lane.waiting === level.reason ? lane : { ...lane, waiting: level.reason },
      );
    case 'prepared':
      if (!isPreparing(job, level)) return job;
      return { ...job, preparation: { kind: 'prepared', total: level.total } };
    case 'unprepared':
      if (!isPreparing(job, level)) return job;
      return { ...job, preparation: { kind: 'failed', failure: level.failure } };
    case 'reported':
      if (level.turn !== job.turn || !isEnding(job) || job.reported !== null) return job;
      return { ...job, reported: level.reported };
    case 'measured':
      return job;
  }
}

function isPreparing(job: Job, level: Level): boolean {
  return job.status === 'Preparing' && job.preparation === null && level.turn === job.turn;
}

function isEnding(job: Job): boolean {
  const { status } = job;
  return status === 'Completing' || status === 'Cancelling' || status === 'Failing';
}

/** A lane that the job does not have has nothing to say. */
function withLane(job: Job, partition: number, change: (lane: LaneLevel) => LaneLevel): Job {
  const lane = job.lanes[partition];
  if (lane === undefined) return job;
  const after = change(lane);
  return after === lane ? job : { ...job, lanes: job.lanes.with(partition, after) };
}
