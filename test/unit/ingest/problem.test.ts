import { expect, test } from 'vitest';
import {
  badContent,
  failureReasonCharactersMax,
  isProblem,
  problem,
  shown,
} from '../../../services/ingest/problem.ts';

test('codes have at most 64 characters and reasons at most 256, whatever went into them', () => {
  const { failure } = problem('C'.repeat(100), `${'r'.repeat(254)}😀😀`);
  expect(failure.code).toHaveLength(64);
  expect(failure.reason.length).toBeLessThanOrEqual(failureReasonCharactersMax);
  expect(failure.reason.isWellFormed()).toBe(true);
});

test('outside text is shown with its control characters escaped, its middle left out', () => {
  expect(shown('a\nb\u202e')).toBe('a\\u{a}b\\u{202e}');
  expect(shown(`start${'x'.repeat(1000)}end`, 21)).toBe('startxxxxx…xxxxxxxend');
  expect(shown('\ud800')).toBe('\\u{d800}');
});

test('a problem is told from every other error', () => {
  expect(isProblem(badContent('x'))).toBe(true);
  expect(isProblem(new Error('x'))).toBe(false);
});
