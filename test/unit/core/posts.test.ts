// One post per job that wants one, from the newest record, until the service stops.
import { expect, test } from 'vitest';
import { jobCodec } from '../../../schemas/codec.ts';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { openCollector } from '../../../services/core/collector.ts';
import type { Job } from '../../../services/core/job.ts';
import { controlTopics, jobsTopic } from '../../../services/core/names.ts';
import { standPosts } from '../../../services/core/posts.ts';
import { activeJob } from '../../support/job-fixture.ts';

async function scene() {
  const { log, spaces } = openMemoryLog().connect();
  await spaces.create('control', controlTopics);
  const events: string[] = [];
  const leave = new Map<string, () => void>();
  const stop = new AbortController();
  const crew = openCollector();
  const write = (id: string, job: Job | null) =>
    log.send('control', [
      {
        topic: jobsTopic,
        partition: 0,
        key: id,
        value: job === null ? null : jobCodec.encode({ ...job, id }),
      },
    ]);
  const stand = () =>
    standPosts({
      log,
      crew,
      stopping: stop.signal,
      decode: (value) => jobCodec.decode(value),
      isWanted: (job) => job.status === 'Active',
      open: ({ id }) => {
        events.push(`stand ${id}`);
        return {
          update: (job) => events.push(`${job === null ? 'dismiss' : 'update'} ${id}`),
          run: () => new Promise((resolve) => leave.set(id, resolve)),
        };
      },
    });
  const rest = () => new Promise((resolve) => setImmediate(resolve));
  return { events, leave, stop, crew, write, stand, rest };
}

test('each wanted job has one post, which hears of every newer record', async () => {
  const { events, leave, stop, crew, write, stand, rest } = await scene();
  const job = activeJob({ id: 'a' });
  await write('a', job);
  await write('ended', job);
  await write('ended', { ...job, status: 'Complete' });
  const standing = stand();
  await rest();
  expect(events).toEqual(['stand a']);
  await write('a', job);
  await write('b', job);
  await rest();
  await write('a', { ...job, status: 'Paused' });
  await write('b', null);
  await rest();
  expect(events.slice(1)).toEqual(['update a', 'stand b', 'dismiss a', 'dismiss b']);

  // A job that wants a post again while the old one is being left gets its own afterwards.
  await write('a', job);
  await rest();
  leave.get('a')?.();
  leave.get('b')?.();
  await rest();
  expect(events.slice(5)).toEqual(['update a', 'stand a']);
  stop.abort();
  leave.get('a')?.();
  await standing;
  await crew.ended();
  expect(events).toHaveLength(7);
});
