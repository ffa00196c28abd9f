// An installation on Kafka with everything around it: one real broker, a proxy before each service, an
// S3 that fails now and then, and whoever watches and judges beside all that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicName } from '../../../services/adapters/log/kafka/names.ts';
import { jobSpace, resultsTopic } from '../../../services/core/names.ts';
import { describeJob } from '../../../services/standalone/demo/ask-control.ts';
import { fill, makeBucket } from '../../../services/standalone/demo/bucket.ts';
import { openSignedClient } from '../../../services/standalone/demo/signed-client.ts';
import { freePort } from '../../../services/standalone/free-port.ts';
import type { ServiceName } from '../../../services/standalone/thread-data.ts';
import { startTestBroker } from '../../support/kafka-broker.ts';
import { openKafkaProxy } from '../../support/kafka-proxy.ts';
import { patiently, runCheck } from '../../support/killed-job.ts';
import { openDice } from '../simulation/instance.ts';
import { readIndependently } from './compare-readers.ts';
import { openFleet, type Slot } from './fleet.ts';
import { openJobs, type WorldJob, worldKeys } from './jobs.ts';
import { openObserver } from './observer.ts';
import { accountId, buckets, judgeKey, openFailingS3, region, serviceKey } from './s3.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly objects: number;
  /** With boto3, and confluent-kafka. */
  readonly python: string;
}

const host = '127.0.0.1';
const prefix = 's3batch.';
const members: readonly (readonly [string, ServiceName])[] = [
  ['control', 'control'],
  ['ingest', 'ingest'],
  ['worker-1', 'worker'],
  ['worker-2', 'worker'],
  ['reporter-1', 'reporter'],
  ['reporter-2', 'reporter'],
];

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld({ seed, objects, python }: WorldOptions) {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-kafka-kills-'));
  const sandbox = await openFailingS3(openDice(seed + 1));
  const s3 = openSignedClient(sandbox.url, region, 's3', judgeKey);
  for (const bucket of buckets) await makeBucket(s3, bucket);
  const keys = worldKeys(objects);
  await fill(s3, 'source', keys, new AbortController().signal);
  const rowsFile = join(folder, 'rows.jsonl');
  const create = await openJobs(s3, keys, rowsFile, seed);
  const slots: readonly Slot[] = await Promise.all(
    members.map(async ([name, service], index) => {
      const address = `127.0.0.${index + 11}`;
      return { name, service, address, proxy: await openKafkaProxy(address) };
    }),
  );
  const broker = await startTestBroker({
    listeners: slots.map(({ name, proxy }) => ({
      name: listenerOf(name),
      security: 'PLAINTEXT',
      advertised: proxy,
    })),
  });
  for (const { name, proxy } of slots) proxy.leadTo(broker.addressOf(listenerOf(name)));
  const port = await freePort(host, 0);
  const away = { count: 0 };
  const fleet = openFleet({
    slots,
    brokersMayBeAway: () => away.count > 0,
    say: (line) => console.log(`  ${line}`),
    settingsOf: ({ service, proxy }) => ({
      S3BATCH_LOG: 'kafka',
      S3BATCH_LOG_LEVEL: 'warn',
      KAFKA_BROKERS: `${proxy.host}:${proxy.port}`,
      KAFKA_TOPIC_PREFIX: prefix,
      ...(service === 'control' ? { S3BATCH_PORT: `${port}` } : {}),
      S3BATCH_TAGGING_SAFE: 'true',
      S3_ENDPOINT: sandbox.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: serviceKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: serviceKey.secretAccessKey,
    }),
  });
  const observer = await openObserver(broker.address, prefix);
  const control = openSignedClient(`http://${host}:${port}`, region, 's3', serviceKey);
  const facts = {
    endpoint: sandbox.url,
    region,
    ...judgeKey,
    reportBucket: 'reports',
    reportPrefix: 'kills',
    rowsFile,
    complete: true,
  };
  return {
    broker,
    fleet,
    slots,
    away,
    observer,
    s3Faults: sandbox.faults,
    create: (index: number) => patiently(() => create(control, index)),
    describe: (jobId: string) => patiently(() => describeJob(control, accountId, jobId)),
    check: (jobId: string, effect: WorldJob['effect']) =>
      runCheck(python, join(folder, 'facts.json'), { ...facts, jobId, ...effect }),
    readIndependently: (jobId: string) =>
      readIndependently(python, broker.address, topicName(prefix, jobSpace(jobId), resultsTopic)),
    [Symbol.asyncDispose]: async () => {
      await fleet.end();
      await observer[Symbol.asyncDispose]();
      await control.close();
      await s3.close();
      await broker.stop();
      for (const { proxy } of slots) await proxy[Symbol.asyncDispose]();
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kafka's names of listeners have letters only. */
function listenerOf(slotName: string): string {
  return slotName.toUpperCase().replace('-1', '_A').replace('-2', '_B');
}
