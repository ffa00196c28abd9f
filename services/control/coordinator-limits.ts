// Every bound of the coordinator in one table; an installation passes its own.
import type { DecideLimits } from '../core/decide.ts';
import { partBytesMaxDefault, partRowsMaxDefault } from '../core/report.ts';
import { type RetentionLimits, retentionDefaults } from '../core/retention.ts';
import type { ScheduleLimits } from '../core/schedule.ts';

export interface CoordinatorLimits extends DecideLimits, ScheduleLimits, RetentionLimits {
  /** A lane of a pausing, cancelling or failing job that has not ended by then is taken over. */
  readonly laneEndMsMax: number;
}

/** partitionsMax is the embedded log's; with brokers it may be 32. */
export const coordinatorDefaults: CoordinatorLimits = {
  ...retentionDefaults,
  partitionsMax: 8,
  frozen: {
    partRowsMax: partRowsMaxDefault,
    partBytesMax: partBytesMaxDefault,
    lineVersion: 1,
  },
  activeJobsMax: 6,
  preparedJobsMax: 100,
  laneEndMsMax: 5 * 60_000,
};
