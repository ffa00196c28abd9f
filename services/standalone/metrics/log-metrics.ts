// The figures of a Kafka log, from what it says of itself: lag, commits, aborts, takeovers.
// Invariant: the number of series is bounded. A lane of a job that has had nothing to read for a
// while is forgotten (a lane that ends says so by a lag of 0), and beyond the limit jobs share one
// label.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LogNotice } from '../../adapters/log/kafka/notice.ts';
import type { Clock } from '../../core/clock.ts';
import type { Space } from '../../core/log.ts';
import type { ServiceName, ServiceNotices } from '../thread-data.ts';
import { laneOf } from './notice-batch.ts';

/** Long enough for a scraper to see the 0. */
export const idleLaneKeptMs = 5 * 60_000;
export const jobLabelsMax = 200;

const commitSecondsBuckets = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const jobPrefix = 'job.';

interface LaneLag {
  readonly labels: {
    readonly space: SpaceKind;
    readonly job_id: string;
    readonly group: string;
    readonly topic: string;
  };
  readonly service: ServiceName;
  readonly records: number;
  /** null: there is something to read. */
  readonly idleSinceMs: number | null;
}

const spaceKinds = ['control', 'events', 'job'] as const;
type SpaceKind = (typeof spaceKinds)[number];

export function openLogMetrics(registry: Registry, clock: Clock): (said: ServiceNotices) => void {
  const registers = [registry];
  const lanes = new Map<string, LaneLag>();
  const commits = new Histogram({
    name: 's3batch_log_commit_seconds',
    help: 'How long commits took to become durable, by kind of space',
    labelNames: ['space'],
    buckets: commitSecondsBuckets,
    registers,
  });
  const rebalances = new Counter({
    name: 's3batch_log_rebalances_total',
    help: 'Times that partitions were dealt anew among the members of a group, seen here',
    labelNames: ['group'],
    registers,
  });
  const aborts = new Counter({
    name: 's3batch_log_aborted_transactions_total',
    help: 'Transactions that were aborted here, by kind of space',
    labelNames: ['space'],
    registers,
  });
  const fences = new Counter({
    name: 's3batch_log_fenced_producers_total',
    help: 'Producers here whose partition or claim another took over, by kind of space',
    labelNames: ['space'],
    registers,
  });
  const lag = new Gauge({
    name: 's3batch_log_lag_records',
    help: 'Records behind the committed position, over the partitions that are read here',
    labelNames: ['space', 'job_id', 'group', 'topic'],
    registers,
    collect: () => {
      forgetIdle(lanes, clock.monotonicMs());
      lag.reset();
      for (const { labels, records } of withinLimit([...lanes.values()])) lag.inc(labels, records);
    },
  });

  // From the start, so that the first of them is a step that a rate sees.
  for (const space of spaceKinds) {
    aborts.inc({ space }, 0);
    fences.inc({ space }, 0);
  }

  const foreign = new Counter({
    name: 's3batch_log_foreign_records_total',
    help: 'Records in topics of this installation that something else wrote; they are passed over',
    registers,
  });

  const withoutBrokers = new Set<ServiceName>();
  new Gauge({
    name: 's3batch_log_brokers_away',
    help: '1 while no Kafka broker answers, else 0',
    registers,
    collect() {
      this.set(withoutBrokers.size > 0 ? 1 : 0);
    },
  });

  const take = (service: ServiceName, notice: LogNotice): void => {
    switch (notice.kind) {
      case 'foreign':
        return foreign.inc();
      case 'away':
        return void withoutBrokers.add(service);
      case 'back':
        return void withoutBrokers.delete(service);
      case 'abandoned':
        return;
      case 'committed':
        return commits.observe({ space: kindOf(notice.space) }, notice.tookMs / 1000);
      case 'aborted':
        return aborts.inc({ space: kindOf(notice.space) });
      case 'fenced':
        return fences.inc({ space: kindOf(notice.space) });
      case 'rebalanced':
        return rebalances.inc({ group: notice.group });
      case 'lag': {
        const { group, topic } = notice;
        const space = kindOf(notice.space);
        const labels = { space, job_id: jobOf(notice.space), group, topic };
        const records = Number(notice.records);
        const lane = `${service}/${laneOf(notice)}`;
        const idleSinceMs =
          records > 0 ? null : (lanes.get(lane)?.idleSinceMs ?? clock.monotonicMs());
        lanes.set(lane, { labels, service, records, idleSinceMs });
      }
    }
  };

  return ({ service, isFirst, notices }) => {
    if (isFirst) {
      withoutBrokers.delete(service);
      for (const [key, lane] of lanes) if (lane.service === service) lanes.delete(key);
    }
    for (const notice of notices) take(service, notice);
  };
}

function kindOf(space: Space): SpaceKind {
  return space === 'control' || space === 'events' ? space : 'job';
}

function jobOf(space: Space): string {
  return space.startsWith(jobPrefix) ? space.slice(jobPrefix.length) : '';
}

function forgetIdle(lanes: Map<string, LaneLag>, nowMs: number): void {
  for (const [key, { labels, idleSinceMs }] of lanes) {
    if (labels.space !== 'job' || idleSinceMs === null) continue;
    if (nowMs - idleSinceMs > idleLaneKeptMs) lanes.delete(key);
  }
}

/** The jobs that come first keep their label, the others share 'other'. */
function withinLimit(lanes: readonly LaneLag[]): readonly LaneLag[] {
  const named = new Set<string>();
  return lanes.map((lane) => {
    const { job_id: jobId } = lane.labels;
    if (named.size < jobLabelsMax) named.add(jobId);
    return named.has(jobId) ? lane : { ...lane, labels: { ...lane.labels, job_id: 'other' } };
  });
}
