import { expect, test } from 'vitest';
import { replyCodec } from '../../../schemas/codec.ts';
import { foreignCheck } from '../../../services/standalone/foreign-check.ts';

const isForeign = foreignCheck('s3batch.');
const ours = replyCodec.encode({
  kind: 'accepted',
  commandId: 'c',
  jobId: 'j',
  version: 1,
  status: 'New',
  priority: 1,
});
const other = new TextEncoder().encode('{"hello":"world"}');

test('what has no frame of ours is foreign in topics of framed records', () => {
  for (const topic of ['control.inbox', 'control.jobs', 'control.replies', 'job.1.tasks']) {
    expect(isForeign(`s3batch.${topic}`, ours)).toBe(false);
    expect(isForeign(`s3batch.${topic}`, other)).toBe(true);
  }
});

test('a record without a value is ours only where we write such', () => {
  expect(isForeign('s3batch.control.inbox', null)).toBe(false);
  expect(isForeign('s3batch.control.jobs', null)).toBe(false);
  expect(isForeign('s3batch.job.1.tasks', null)).toBe(true);
});

test('topics of other forms are left alone', () => {
  for (const topic of ['events', 'events.tasks', 'spaces', 'control.sns-topics', 'job.1.marks']) {
    expect(isForeign(`s3batch.${topic}`, other)).toBe(false);
  }
});
