// Notices between threads: one message for many, nothing lost, the newest lag of each lane.
import { expect, test } from 'vitest';
import type { LogNotice } from '../../../services/adapters/log/kafka/notice.ts';
import {
  noticesWaitingMax,
  openNoticeBatch,
} from '../../../services/standalone/metrics/notice-batch.ts';
import type { ServiceNotices } from '../../../services/standalone/thread-data.ts';

const commit: LogNotice = { kind: 'committed', space: 'job.a', tookMs: 5 };

function lag(partition: number, records: bigint): LogNotice {
  return { kind: 'lag', space: 'job.a', group: 'worker', topic: 'tasks', partition, records };
}

function openBatch() {
  const said: ServiceNotices[] = [];
  const passed = Promise.withResolvers<void>();
  const notice = openNoticeBatch('worker', (notices) => {
    said.push(notices);
    if (!notices.isFirst) passed.resolve();
  });
  return { said, notice, passed: passed.promise };
}

test('a log that is opened says so at once', () => {
  const { said } = openBatch();
  expect(said).toEqual([{ kind: 'notices', service: 'worker', isFirst: true, notices: [] }]);
});

test('what is said within a moment is one message, with the newest lag of each lane', async () => {
  const { said, notice, passed } = openBatch();
  for (const one of [commit, lag(0, 9n), commit, lag(1, 4n), lag(0, 2n)]) notice(one);
  await passed;
  expect(said.slice(1)).toEqual([
    {
      kind: 'notices',
      service: 'worker',
      isFirst: false,
      notices: [commit, commit, lag(0, 2n), lag(1, 4n)],
    },
  ]);
});

test('a flood is passed on before the moment is over', () => {
  const { said, notice } = openBatch();
  for (let n = 0; n < 2 * noticesWaitingMax; n += 1) notice(commit);
  expect(said.map(({ notices }) => notices.length)).toEqual([
    0,
    noticesWaitingMax,
    noticesWaitingMax,
  ]);
});
