// The four services on a real Kafka broker: each a process of its own, and as threads of one.
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { freePort } from '../../services/standalone/free-port.ts';
import { serviceNames } from '../../services/standalone/thread-data.ts';
import {
  kafkaIsHere,
  openTestBrokers,
  ownKafkaIsHere,
  startTestBroker,
} from '../support/kafka-broker.ts';
import { openStandaloneWorld, type Settings } from '../support/standalone-world.ts';
import { createTagging, expectTagged, plainKeys, seedTagging } from '../support/tagging-job.ts';

const isHere = await kafkaIsHere();
const isOwnHere = await ownKafkaIsHere();
const tasks = 600;
const patience = { timeout: 30_000 };
const others = ['ingest', 'worker', 'reporter'] as const;

function settingsFor(brokers: readonly string[]): Settings {
  return {
    S3BATCH_LOG: 'kafka',
    S3BATCH_METRICS_PORT: '0',
    KAFKA_BROKERS: brokers.join(),
    KAFKA_TOPIC_PREFIX: `services-${randomUUID()}.`,
  };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer?.status === 200;
}

async function figures(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  return answer.text();
}

describe.skipIf(!isHere)('on a Kafka broker', async () => {
  if (!isHere) return;
  const broker = await openTestBrokers();
  afterAll(() => broker[Symbol.asyncDispose]());

  test('each service in a process of its own: they wait for control, complete a job, show figures, stop quietly', async () => {
    await using world = await openStandaloneWorld();
    const settings = settingsFor(broker.brokers);
    const running = new Map(
      await Promise.all(
        others.map(async (service) => [service, await world.start(settings, service)] as const),
      ),
    );
    for (const service of others)
      await world.heard(new RegExp(`"${service}".*waiting for control`));
    const control = await world.start(settings, 'control');
    const manifest = seedTagging(world, 'alone', plainKeys(tasks));
    const jobId = await createTagging(control, manifest, 'alone');
    await expectTagged(world, control, manifest, jobId, 'alone');

    for (const [service, { url }] of running) {
      const text = await figures(url);
      expect(text, service).toMatch(/^s3batch_log_commit_seconds_count\{space="job"\} [1-9]/m);
      expect(text, service).toMatch(/^process_resident_memory_bytes [1-9]/m);
      expect((await fetch(`${url}/health`)).status).toBe(200);
    }
    // The job has ended, and so has whatever was behind.
    const lag = new RegExp(`^s3batch_log_lag_records\\{space="job",job_id="${jobId}".* 0$`, 'm');
    for (const service of ['worker', 'reporter'] as const) {
      const isBehindNothing = async () => lag.test(await figures(running.get(service)?.url ?? ''));
      await expect.poll(isBehindNothing, patience).toBe(true);
    }
    expect(await figures(control.url)).toMatch(/s3batch_log_commit_seconds_count\{space="control"/);
    expect(world.lines.filter((line) => /"level":"(warn|error|fatal)"/.test(line))).toEqual([]);
    for (const one of [...running.values(), control]) {
      one.process.kill('SIGTERM');
      expect(await one.ended).toEqual({ code: 0, signal: null });
    }
  });

  test('npm start: a thread that throws comes back, and control shows the figures of all threads', async () => {
    await using world = await openStandaloneWorld();
    // A fixed port, since control comes back under the same address only then.
    const port = { S3BATCH_PORT: String(await freePort('127.0.0.1', 0)) };
    const running = await world.start({ ...settingsFor(broker.brokers), ...port });
    const manifest = seedTagging(world, 'threads', plainKeys(tasks));
    for (const service of serviceNames) {
      running.process.send(`crash ${service}`);
      await world.heard(new RegExp(`"${service}".*the service starts again`));
    }
    await expect.poll(() => isReady(running.url), patience).toBe(true);
    const jobId = await createTagging(running, manifest, 'threads');
    await expectTagged(world, running, manifest, jobId, 'threads');
    const wanted = [
      /^s3batch_log_commit_seconds_count\{space="job"\} [1-9]/m,
      new RegExp(`^s3batch_log_lag_records{space="job",job_id="${jobId}",group="worker"`, 'm'),
      new RegExp(`^s3batch_log_lag_records{space="job",job_id="${jobId}",group="reporter"`, 'm'),
    ];
    const isShown = async () => {
      const text = await figures(running.url);
      return wanted.every((one) => one.test(text));
    };
    await expect.poll(isShown, patience).toBe(true);
    running.process.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
  });
});

test.skipIf(!isOwnHere)(
  'services whose Kafka broker stays away say so early, and end with 3, saying that nothing is lost',
  async () => {
    const broker = await startTestBroker();
    await using world = await openStandaloneWorld();
    const settings = settingsFor([broker.address]);
    const control = await world.start(settings, 'control');
    const worker = await world.start(settings, 'worker');
    await world.heard(/"worker".*running/);
    await broker.stop();
    expect(await control.ended).toEqual({ code: 3, signal: null });
    expect(await worker.ended).toEqual({ code: 3, signal: null });
    for (const service of ['control', 'worker']) {
      await world.heard(
        new RegExp(`"level":"warn".*"${service}".*no broker answers.*at most 120 s`),
      );
      await world.heard(
        new RegExp(
          `"level":"fatal".*"${service}".*no broker answered for 1[12][0-9] s.*nothing is lost, start me again`,
        ),
      );
    }
  },
);
