// Figures of a Kafka log: what is counted, how lag adds up, and that series go with their lanes.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { LogNotice } from '../../../services/adapters/log/kafka/notice.ts';
import {
  idleLaneKeptMs,
  jobLabelsMax,
  openLogMetrics,
} from '../../../services/standalone/metrics/log-metrics.ts';
import type { ServiceName } from '../../../services/standalone/thread-data.ts';
import { manualClock } from '../../support/manual-clock.ts';

function open() {
  const clock = manualClock();
  const registry = new Registry();
  const hear = openLogMetrics(registry, clock);
  return {
    clock,
    say: (service: ServiceName, ...notices: readonly LogNotice[]) =>
      hear({ kind: 'notices', service, isFirst: false, notices }),
    begin: (service: ServiceName) => hear({ kind: 'notices', service, isFirst: true, notices: [] }),
    lines: async (name: string) =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith(name)),
  };
}

const lagName = 's3batch_log_lag_records';

function lag(job: string, partition: number, records: bigint): LogNotice {
  const space = `job.${job}` as const;
  return { kind: 'lag', space, group: 'worker', topic: 'tasks', partition, records };
}

function lagLine(job: string, records: number): string {
  return `${lagName}{space="job",job_id="${job}",group="worker",topic="tasks"} ${records}`;
}

test('lag is the sum over partitions, each by what was last said of it', async () => {
  const { say, lines } = open();
  say('worker', lag('a', 0, 5n), lag('a', 1, 7n), lag('b', 0, 1n));
  say('worker', lag('a', 0, 2n));
  say('control', {
    kind: 'lag',
    space: 'control',
    group: 'coordinator',
    topic: 'inbox',
    partition: 0,
    records: 3n,
  });
  expect(await lines(lagName)).toEqual([
    lagLine('a', 9),
    lagLine('b', 1),
    `${lagName}{space="control",job_id="",group="coordinator",topic="inbox"} 3`,
  ]);
});

test('a job is shown at 0 for a while after its lanes end, then its series are gone', async () => {
  const { clock, say, lines } = open();
  say('worker', lag('a', 0, 5n), lag('b', 0, 5n));
  await clock.advance(2 * idleLaneKeptMs);
  say('worker', lag('a', 0, 0n));
  expect(await lines(lagName)).toEqual([lagLine('a', 0), lagLine('b', 5)]);
  await clock.advance(idleLaneKeptMs);
  say('worker', lag('a', 0, 0n));
  expect(await lines(lagName)).toEqual([lagLine('a', 0), lagLine('b', 5)]);
  await clock.advance(1);
  expect(await lines(lagName)).toEqual([lagLine('b', 5)]);
});

test('a lane of the control space stays, whatever it has to read', async () => {
  const { clock, say, lines } = open();
  const inbox = { space: 'control', group: 'coordinator', topic: 'inbox', partition: 0 } as const;
  say('control', { kind: 'lag', ...inbox, records: 0n });
  await clock.advance(2 * idleLaneKeptMs);
  expect(await lines(lagName)).toHaveLength(1);
});

test('what a service said is forgotten when its log is opened anew, the others’ is not', async () => {
  const { begin, say, lines } = open();
  say('worker', lag('a', 0, 5n));
  say('reporter', lag('b', 0, 6n));
  begin('worker');
  expect(await lines(lagName)).toEqual([lagLine('b', 6)]);
});

test('jobs beyond the limit share one label', async () => {
  const { say, lines } = open();
  for (let n = 0; n < jobLabelsMax + 40; n += 1) say('worker', lag(`job-${n}`, 0, 1n));
  const shown = await lines(lagName);
  expect(shown).toHaveLength(jobLabelsMax + 1);
  expect(shown.at(-1)).toBe(lagLine('other', 40));
});

test('commits, aborts, takeovers and rebalances are counted', async () => {
  const { say, lines } = open();
  say(
    'worker',
    { kind: 'committed', space: 'job.a', tookMs: 8 },
    { kind: 'committed', space: 'job.b', tookMs: 40_000 },
    { kind: 'committed', space: 'control', tookMs: 3 },
    { kind: 'aborted', space: 'job.a', identity: 'worker/tasks/0' },
    { kind: 'fenced', space: 'job.a', identity: 'worker/tasks/0' },
    { kind: 'fenced', space: 'control', identity: 'ingest' },
    { kind: 'rebalanced', space: 'job.a', group: 'worker' },
    { kind: 'rebalanced', space: 'job.b', group: 'worker' },
  );
  const commits = await lines('s3batch_log_commit_seconds');
  expect(commits).toContain('s3batch_log_commit_seconds_bucket{le="0.005",space="job"} 0');
  expect(commits).toContain('s3batch_log_commit_seconds_bucket{le="0.01",space="job"} 1');
  expect(commits).toContain('s3batch_log_commit_seconds_bucket{le="30",space="job"} 1');
  expect(commits).toContain('s3batch_log_commit_seconds_count{space="job"} 2');
  expect(commits).toContain('s3batch_log_commit_seconds_count{space="control"} 1');
  expect(await lines('s3batch_log_aborted_transactions_total')).toEqual([
    's3batch_log_aborted_transactions_total{space="control"} 0',
    's3batch_log_aborted_transactions_total{space="events"} 0',
    's3batch_log_aborted_transactions_total{space="job"} 1',
  ]);
  expect(await lines('s3batch_log_fenced_producers_total')).toEqual([
    's3batch_log_fenced_producers_total{space="control"} 1',
    's3batch_log_fenced_producers_total{space="events"} 0',
    's3batch_log_fenced_producers_total{space="job"} 1',
  ]);
  expect(await lines('s3batch_log_rebalances_total')).toEqual([
    's3batch_log_rebalances_total{group="worker"} 2',
  ]);
});

test('brokers are away as long as one service gets no answer', async () => {
  const { say, begin, lines } = open();
  const name = 's3batch_log_brokers_away';
  expect(await lines(name)).toEqual([`${name} 0`]);
  const away = { kind: 'away', broker: 'broker:9092', cause: 'refused', awayMsMax: 1 } as const;
  say('worker', away);
  say('control', away);
  say('worker', { kind: 'back', awayMs: 6_000 });
  expect(await lines(name)).toEqual([`${name} 1`]);
  begin('control');
  expect(await lines(name)).toEqual([`${name} 0`]);
});
