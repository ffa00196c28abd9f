// Every limit of a reporter in one place; a test or an operator may narrow some of them.
const secondMs = 1000;
const minuteMs = 60 * secondMs;
const kibibyte = 1024;

export interface ReporterLimits {
  readonly readBytesMax: number;
  /** Between two sayings of a job's progress. */
  readonly progressDelayMs: number;
  /** Ranges built or on their way to S3 at the same time, of the whole process: each may hold a
   *  part of 32 MiB, and one at a time keeps up with more than the workers do. */
  readonly uploadsMax: number;
  readonly uploadMsMax: number;
  /** Ranges of a lane that wait to be written; then its reading waits too. */
  readonly rangesWaitingMax: number;
  readonly retryDelayMsMin: number;
  readonly retryDelayMsMax: number;
  /** How long a report bucket that says no is asked again. */
  readonly refusedMsMax: number;
  /** How long one that gives no answer, or is busy, is asked again. */
  readonly unreachableMsMax: number;
  /** Before the finishing of a job that another reporter took over is taken back: longer than the
   *  other can be busy with it. */
  readonly finisherDelayMs: number;
  /** Before a lane that another holder took over is asked for again. */
  readonly rejoinDelayMs: number;
}

export const reporterLimits: ReporterLimits = {
  readBytesMax: 1024 * kibibyte,
  progressDelayMs: 250,
  uploadsMax: 2,
  uploadMsMax: 5 * minuteMs,
  rangesWaitingMax: 64,
  retryDelayMsMin: secondMs,
  retryDelayMsMax: 30 * secondMs,
  refusedMsMax: minuteMs,
  unreachableMsMax: 15 * minuteMs,
  finisherDelayMs: 45 * minuteMs,
  rejoinDelayMs: secondMs,
};
