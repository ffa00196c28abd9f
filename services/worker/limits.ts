// Every limit of a worker in one place; a test or an operator may narrow some of them.

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const kibibyte = 1024;

export interface WorkerLimits {
  /** Of the whole process, dealt in turns among jobs, then among lanes. */
  readonly requestsInFlightMax: number;
  /** Tasks a lane has admitted and not finished: the holes that its note can hold at the worst. */
  readonly laneTasksMax: number;
  /** Tasks of the whole process whose outcome is not committed yet. */
  readonly uncommittedTasksMax: number;
  /** Tasks a lane has read and not admitted. */
  readonly readAheadTasksMax: number;
  /** Of compressed slices: one of 256 tasks takes some 2 to 10 KiB. */
  readonly readBytesMax: number;
  readonly flushDelayMsMax: number;
  /** A process of many lanes commits each less often: brokers take some hundreds of commits/s. */
  readonly flushDelayMsPerLane: number;
  readonly flushResultsMax: number;
  readonly flushBytesMax: number;
  /** Outcomes in one commit: of any length, they stay below what a commit may hold. */
  readonly commitResultsMax: number;
  /** How long requests in flight may end after the process was asked to stop. */
  readonly shutdownMsMax: number;
  /** How long a task waits for a world that refuses connections or credentials. */
  readonly worldWaitMsMax: number;
  readonly probeDelayMsMin: number;
  readonly probeDelayMsMax: number;
  /** Before a lane that another holder took over is asked for again. */
  readonly rejoinDelayMs: number;
}

export const workerLimits: WorkerLimits = {
  requestsInFlightMax: 256,
  laneTasksMax: 512,
  uncommittedTasksMax: 16 * kibibyte,
  readAheadTasksMax: 2048,
  readBytesMax: 32 * kibibyte,
  flushDelayMsMax: 250,
  flushDelayMsPerLane: 5,
  flushResultsMax: 1000,
  flushBytesMax: 256 * kibibyte,
  commitResultsMax: 2048,
  shutdownMsMax: 10 * secondMs,
  worldWaitMsMax: 6 * hourMs,
  probeDelayMsMin: secondMs,
  probeDelayMsMax: 30 * secondMs,
  rejoinDelayMs: secondMs,
};
