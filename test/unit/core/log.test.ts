// The log's failures are told from everything else that may be thrown.
import { expect, test } from 'vitest';
import { ignoreGone, isLogError, laneIdentity, logError } from '../../../services/core/log.ts';
import { jobSpace, jobTopics } from '../../../services/core/names.ts';

test('a log error is known by its failure, other errors and values are not log errors', () => {
  const error = logError('fenced', 'another holder');
  expect(error.message).toBe('log fenced: another holder');
  expect(isLogError(error) && error.failure).toBe('fenced');
  expect(isLogError(new Error('log fenced'))).toBe(false);
  expect(isLogError(Object.assign(new Error('x'), { name: 'LogError' }))).toBe(false);
  expect(isLogError({ name: 'LogError', failure: 'gone' })).toBe(false);
});

test('only the end of a space is ignored', () => {
  expect(() => ignoreGone(logError('gone', 'dropped'))).not.toThrow();
  expect(() => ignoreGone(logError('lost', 'disk full'))).toThrow('disk full');
  expect(() => ignoreGone(new Error('a bug'))).toThrow('a bug');
});

test('a lane commits under the name of its group, topic and partition', () => {
  expect(laneIdentity('worker', 'tasks', 3)).toBe('worker/tasks/3');
});

test('a job has its own space with tasks, results and parts in as many partitions', () => {
  expect(jobSpace('1234')).toBe('job.1234');
  expect(jobTopics(4).map(({ topic, partitions }) => [topic, partitions])).toEqual([
    ['tasks', 4],
    ['results', 4],
    ['parts', 4],
  ]);
});
