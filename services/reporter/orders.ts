// What a job asks of its reporters, as a function of the job's record alone.
import type { Job } from '../core/job.ts';

/** report: read results and write parts. finish: and the manifest, once all lanes have ended. */
export type Wanted = 'report' | 'finish' | 'nothing';

export function wantedOf(job: Job): Wanted {
  if (job.space !== 'open' || job.reported !== null) return 'nothing';
  switch (job.status) {
    case 'Active':
    case 'Pausing':
    case 'Paused':
      return 'report';
    case 'Completing':
      return 'finish';
    case 'Cancelling':
    case 'Failing': {
      if (job.activations === 0) return 'nothing';
      return job.lanes.every(({ ended }) => ended !== null) ? 'finish' : 'report';
    }
    case 'New':
    case 'Preparing':
    case 'Suspended':
    case 'Ready':
    case 'Complete':
    case 'Cancelled':
    case 'Failed':
      return 'nothing';
  }
}
