// Figures for Prometheus: counters never fall and never count twice, labels stay bounded.
import { expect, test } from 'vitest';
import { failureCodeLabelsMax, openMetrics } from '../../../services/control/metrics.ts';
import type { Job } from '../../../services/core/job.ts';
import { emptyLane } from '../../../services/core/progress.ts';
import { sampleJob } from '../../support/job-samples.ts';
import { manualClock } from '../../support/manual-clock.ts';

function jobWith(succeeded: number, failed: number, changes: Partial<Job> = {}): Job {
  const codes = { NoSuchKey: failed };
  const lane = { ...emptyLane, read: succeeded + failed, succeeded, failed, retries: 1, codes };
  return { ...sampleJob(), id: 'a', status: 'Active', total: 100, lanes: [lane, lane], ...changes };
}

function valueOf(body: string, series: string): number {
  const line = body.split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

test('what was there before the first scrape is not counted, what is added is', async () => {
  const clock = manualClock();
  const metrics = openMetrics(clock);
  const succeeded = 's3batch_tasks_total{outcome="succeeded"}';
  expect(valueOf(await metrics.render([jobWith(5, 1)]), succeeded)).toBe(0);
  await clock.advance(2_000);
  const body = await metrics.render([jobWith(15, 4), jobWith(1, 0, { id: 'b' })]);
  expect(valueOf(body, succeeded)).toBe(22);
  expect(valueOf(body, 's3batch_tasks_total{outcome="failed"}')).toBe(6);
  expect(valueOf(body, 's3batch_task_failures_total{code="NoSuchKey"}')).toBe(6);
  expect(valueOf(body, 's3batch_tasks_per_second')).toBe(14);
  expect(valueOf(body, 's3batch_tasks_lag')).toBe(100 - 38 + 98);
  expect(valueOf(body, 's3batch_jobs{status="Active"}')).toBe(2);
});

test('a forgotten job takes nothing away, a finished one does not lag', async () => {
  const clock = manualClock();
  const metrics = openMetrics(clock);
  await metrics.render([]);
  await clock.advance(1_000);
  await metrics.render([jobWith(10, 0)]);
  await clock.advance(1_000);
  const body = await metrics.render([jobWith(1, 0, { id: 'c', terminatedMs: 5 })]);
  expect(valueOf(body, 's3batch_tasks_total{outcome="succeeded"}')).toBe(22);
  expect(valueOf(body, 's3batch_tasks_lag')).toBe(0);
});

test('codes beyond the limit are counted as other', async () => {
  const clock = manualClock();
  const metrics = openMetrics(clock);
  await metrics.render([]);
  const codes = Object.fromEntries(
    Array.from({ length: failureCodeLabelsMax + 30 }, (_, n) => [`Code${n}`, 1]),
  );
  const body = await metrics.render([jobWith(0, 0, { lanes: [{ ...emptyLane, codes }] })]);
  expect(body.match(/s3batch_task_failures_total\{/g)?.length).toBe(failureCodeLabelsMax + 1);
  expect(valueOf(body, 's3batch_task_failures_total{code="other"}')).toBe(30);
});

test('while the jobs cannot be read, their levels are left out and their counters stand still', async () => {
  const metrics = openMetrics(manualClock());
  await metrics.render([]);
  await metrics.render([jobWith(10, 0)]);
  const body = await metrics.render(null);
  expect(body).not.toMatch(/^s3batch_(jobs|tasks_lag|tasks_per_second)\b/m);
  expect(valueOf(body, 's3batch_tasks_total{outcome="succeeded"}')).toBe(20);
  expect(valueOf(await metrics.render([]), 's3batch_tasks_lag')).toBe(0);
});
