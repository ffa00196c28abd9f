// node test/bench/kafka.ts [tasks] [workers …]: the services as processes of their own over one real
// broker, from a manifest in a bucket to the report, against an S3 that answers at once. Prints
// tasks/s for each number of workers, CPU per million tasks by process, and what the broker took
// and wrote. --gzip: with compression by the client as well.
import { setTimeout as pause } from 'node:timers/promises';
import { startBroker } from '../../infra/kafka/broker.ts';
import { createJob, describeJob } from '../../services/standalone/demo/ask-control.ts';
import {
  type ServiceProcess,
  startService,
} from '../../services/standalone/demo/service-process.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import type { ServiceName } from '../../services/standalone/thread-data.ts';
import { openNullS3 } from './bench-process.ts';
import { accountId, key, region, taggingJobXml, terminal } from './tagging-job.ts';
import { folderMiB, grouped, usageOf } from './usage.ts';

const lookEveryMs = 200;

interface Started {
  readonly name: string;
  readonly service: ServiceProcess;
}

async function measure(tasks: number, workers: number, compression: string): Promise<void> {
  const broker = await startBroker({ onSlow: (what) => console.log(what) });
  const s3 = await openNullS3(tasks);
  const start = async (name: ServiceName): Promise<Started> => ({
    name,
    service: await startService(
      {
        S3BATCH_LOG: 'kafka',
        KAFKA_BROKERS: broker.address,
        KAFKA_COMPRESSION: compression,
        S3BATCH_PORT: '0',
        ...(name === 'control' ? {} : { S3BATCH_METRICS_PORT: '0' }),
        S3BATCH_TAGGING_SAFE: 'true',
        S3BATCH_LOG_LEVEL: 'warn',
        S3_ENDPOINT: s3.url,
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      },
      process.env,
      (line) => console.log(line),
      name,
    ),
  });
  const control = await start('control');
  const names: ServiceName[] = ['ingest', 'reporter'];
  for (let count = 0; count < workers; count += 1) names.push('worker');
  const all = [control, ...(await Promise.all(names.map(start)))];
  const pids = all.map(({ name, service }) => ({ name, pid: service.process.pid ?? 0 }));
  const before = pids.map(({ pid }) => usageOf(pid).cpuSeconds);
  const brokerBefore = usageOf(broker.pid).cpuSeconds;
  const client = openSignedClient(control.service.url, region, 's3', key);
  const startMs = performance.now();
  const jobId = await createJob(client, accountId, taggingJobXml(s3.etag));
  let activeMs = 0;
  let diskMiB = 0;
  let job = await describeJob(client, accountId, jobId);
  while (!terminal.has(job.status)) {
    if (activeMs === 0 && job.status === 'Active') activeMs = performance.now() - startMs;
    diskMiB = Math.max(diskMiB, folderMiB(broker.dataFolder));
    await pause(lookEveryMs);
    job = await describeJob(client, accountId, jobId);
  }
  const seconds = (performance.now() - startMs) / 1000;
  if (job.status !== 'Complete' || job.succeeded !== tasks) {
    console.log(`  ${job.status}, ${job.succeeded} of ${tasks}: ${job.failureReason}`);
  }
  const perMillion = (cpuSeconds: number) => grouped((cpuSeconds * 1e6) / tasks);
  const used = new Map<string, number>();
  for (const [index, { name, pid }] of pids.entries()) {
    const spent = usageOf(pid).cpuSeconds - (before[index] ?? 0);
    used.set(name, (used.get(name) ?? 0) + spent);
  }
  const brokerSpent = usageOf(broker.pid).cpuSeconds - brokerBefore;
  const ours = [...used.values()].reduce((sum, spent) => sum + spent, 0);
  const counts = await s3.counts();
  const workSeconds = (counts.lastMs - counts.firstMs) / 1000;
  console.log(
    `${grouped(tasks).padStart(9)} tasks, ${workers} workers, ${compression}: ` +
      `${seconds.toFixed(1)} s, Active after ${(activeMs / 1000).toFixed(1)} s  ` +
      `${grouped(tasks / seconds)} tasks/s end to end, ${grouped(tasks / workSeconds)}/s from ` +
      `first to last operation\n${' '.repeat(11)}CPU s per million: ${perMillion(ours)} = ` +
      `${[...used].map(([name, spent]) => `${name} ${perMillion(spent)}`).join(' + ')}; broker ` +
      `${perMillion(brokerSpent)}; broker's disk ${grouped(diskMiB)} MiB`,
  );
  await client.close();
  await Promise.all(all.map(({ service }) => service.stop()));
  s3.stop();
  await broker.stop();
}

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const [tasks = 200_000, ...counts] = asked.map(Number);
const compressions = process.argv.includes('--gzip') ? ['none', 'gzip'] : ['none'];
for (const compression of compressions) {
  for (const workers of counts.length > 0 ? counts : [1, 2, 4]) {
    await measure(tasks, workers, compression);
  }
}
