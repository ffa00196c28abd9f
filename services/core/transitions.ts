// The job's thirteen states as one table. An absent pair is a refusal; nothing else in the house
// knows which status may follow which.
import type { Fact, TransitionName } from './fact.ts';
import type { JobStatus } from './job.ts';

type Transitions = Readonly<Record<JobStatus, Partial<Record<Fact['name'], JobStatus>>>>;

export const transitions: Transitions = {
  New: { PreparationStarted: 'Preparing', CancelRequested: 'Cancelling' },
  Preparing: {
    Prepared: 'Ready',
    ConfirmationAwaited: 'Suspended',
    CancelRequested: 'Cancelling',
    FailureDetected: 'Failing',
  },
  Suspended: { Confirmed: 'Ready', CancelRequested: 'Cancelling', FailureDetected: 'Failing' },
  Ready: { Activated: 'Active', CancelRequested: 'Cancelling', FailureDetected: 'Failing' },
  Active: {
    TasksExhausted: 'Completing',
    Outranked: 'Pausing',
    CancelRequested: 'Cancelling',
    FailureDetected: 'Failing',
  },
  Pausing: { Drained: 'Paused', CancelRequested: 'Cancelling', FailureDetected: 'Failing' },
  Paused: { Activated: 'Active', CancelRequested: 'Cancelling', FailureDetected: 'Failing' },
  Completing: { ReportWritten: 'Complete', FailureDetected: 'Failing' },
  Cancelling: { Settled: 'Cancelled' },
  Failing: { Settled: 'Failed' },
  Complete: {},
  Cancelled: {},
  Failed: {},
};

const turning: ReadonlySet<Fact['name']> = new Set<TransitionName>([
  'Activated',
  'Outranked',
  'CancelRequested',
  'FailureDetected',
]);

/** undefined: this does not happen in that status. */
export function nextStatus(status: JobStatus, name: Fact['name']): JobStatus | undefined {
  return transitions[status][name];
}

/** Whether what services said before it no longer counts. */
export function startsTurn(name: Fact['name']): boolean {
  return turning.has(name);
}

export function isTerminal(status: JobStatus): boolean {
  return status === 'Complete' || status === 'Cancelled' || status === 'Failed';
}
