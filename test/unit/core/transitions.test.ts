import { expect, test } from 'vitest';
import { jobStatuses } from '../../../services/core/job.ts';
import {
  isTerminal,
  nextStatus,
  startsTurn,
  transitions,
} from '../../../services/core/transitions.ts';

test('the table holds the thirteen statuses and exactly these transitions', () => {
  const rows = jobStatuses.flatMap((from) =>
    Object.entries(transitions[from]).map(([name, to]) => `${from} ${name} ${to}`),
  );
  expect(jobStatuses).toHaveLength(13);
  expect(rows).toMatchInlineSnapshot(`
    [
      "New PreparationStarted Preparing",
      "New CancelRequested Cancelling",
      "Preparing Prepared Ready",
      "Preparing ConfirmationAwaited Suspended",
      "Preparing CancelRequested Cancelling",
      "Preparing FailureDetected Failing",
      "Suspended Confirmed Ready",
      "Suspended CancelRequested Cancelling",
      "Suspended FailureDetected Failing",
      "Ready Activated Active",
      "Ready CancelRequested Cancelling",
      "Ready FailureDetected Failing",
      "Active TasksExhausted Completing",
      "Active Outranked Pausing",
      "Active CancelRequested Cancelling",
      "Active FailureDetected Failing",
      "Pausing Drained Paused",
      "Pausing CancelRequested Cancelling",
      "Pausing FailureDetected Failing",
      "Paused Activated Active",
      "Paused CancelRequested Cancelling",
      "Paused FailureDetected Failing",
      "Completing ReportWritten Complete",
      "Completing FailureDetected Failing",
      "Cancelling Settled Cancelled",
      "Failing Settled Failed",
    ]
  `);
});

test('terminal statuses are left by nothing, and only they are', () => {
  for (const status of jobStatuses) {
    expect(isTerminal(status), status).toBe(Object.keys(transitions[status]).length === 0);
  }
});

test('an absent pair is no transition', () => {
  expect(nextStatus('New', 'Settled')).toBeUndefined();
  expect(nextStatus('Complete', 'CancelRequested')).toBeUndefined();
  expect(nextStatus('Ready', 'SpaceOpened')).toBeUndefined();
  expect(nextStatus('Ready', 'Activated')).toBe('Active');
});

test('what is activated, outranked, cancelled or fails starts a new turn', () => {
  const names = ['Activated', 'Outranked', 'CancelRequested', 'FailureDetected'] as const;
  expect(names.every(startsTurn)).toBe(true);
  expect(startsTurn('Drained')).toBe(false);
  expect(startsTurn('Held')).toBe(false);
});
