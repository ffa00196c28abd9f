// node test/bench/kafka.ts [tasks] [workers …]: the services as processes of their own over one real
// broker, from a manifest in a bucket to the report, against an S3 that answers at once. Prints
// tasks/s for each number of workers, CPU per million tasks by process, and what the broker spent
// and stored. --gzip: with compression by the client as well. --queue: 106 jobs at once, six of
// them active at a time.
import { setTimeout as pause } from 'node:timers/promises';
import { createJob, describeJob } from '../../services/standalone/demo/ask-control.ts';
import { type KafkaInstallation, openKafkaInstallation } from './kafka-installation.ts';
import { accountId, taggingJobXml, terminal } from './tagging-job.ts';
import { grouped } from './usage.ts';

const lookEveryMs = 200;
const queueJobs = 106;
const queueTasks = 5_000;

async function measure(
  tasks: number,
  workers: number,
  compression: 'none' | 'gzip',
): Promise<void> {
  const installation = await openKafkaInstallation(tasks, workers, compression);
  const { client, s3 } = installation;
  const startMs = performance.now();
  const jobId = await createJob(client, accountId, taggingJobXml(s3.etag));
  let activeMs = 0;
  let diskMiB = 0;
  let job = await describeJob(client, accountId, jobId);
  while (!terminal.has(job.status)) {
    if (activeMs === 0 && job.status === 'Active') activeMs = performance.now() - startMs;
    diskMiB = Math.max(diskMiB, installation.diskMiB());
    await pause(lookEveryMs);
    job = await describeJob(client, accountId, jobId);
  }
  const seconds = (performance.now() - startMs) / 1000;
  if (job.status !== 'Complete' || job.succeeded !== tasks) {
    console.log(`  ${job.status}, ${job.succeeded} of ${tasks}: ${job.failureReason}`);
  }
  const counts = await s3.counts();
  const workSeconds = (counts.lastMs - counts.firstMs) / 1000;
  console.log(
    `${grouped(tasks).padStart(9)} tasks, ${workers} workers, ${compression}: ` +
      `${seconds.toFixed(1)} s, Active after ${(activeMs / 1000).toFixed(1)} s  ` +
      `${grouped(tasks / seconds)} tasks/s end to end, ${grouped(tasks / workSeconds)}/s from ` +
      `first to last operation\n${' '.repeat(11)}${cost(installation, tasks)}; broker's disk ` +
      `${grouped(diskMiB)} MiB`,
  );
  await installation.stop();
}

function cost(installation: KafkaInstallation, tasks: number): string {
  const { services, broker } = installation.spent();
  const perMillion = (seconds: number): string => grouped((seconds * 1e6) / tasks);
  const ours = [...services.values()].reduce((sum, seconds) => sum + seconds, 0);
  const parts = [...services].map(([name, seconds]) => `${name} ${perMillion(seconds)}`);
  return (
    `CPU s per million: ${perMillion(ours)} = ${parts.join(' + ')}; broker ` + perMillion(broker)
  );
}

/** Many jobs wait while few are active: what it costs that they are there. */
async function measureQueue(): Promise<void> {
  const installation = await openKafkaInstallation(queueTasks, 1, 'none');
  const { client, s3 } = installation;
  const startMs = performance.now();
  const jobIds: string[] = [];
  for (let job = 0; job < queueJobs; job += 1) {
    const xml = taggingJobXml(s3.etag).replace('>bench<', `>bench-${job}<`);
    jobIds.push(await createJob(client, accountId, xml));
  }
  const createdMs = performance.now() - startMs;
  let done = 0;
  const askMs: number[] = [];
  while (done < jobIds.length) {
    const askedMs = performance.now();
    const job = await describeJob(client, accountId, jobIds[done] ?? '');
    askMs.push(performance.now() - askedMs);
    if (terminal.has(job.status)) done += 1;
    else await pause(lookEveryMs);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const tasks = queueJobs * queueTasks;
  askMs.sort((a, b) => a - b);
  console.log(
    `${queueJobs} jobs of ${grouped(queueTasks)} tasks: created in ` +
      `${(createdMs / 1000).toFixed(1)} s, all ended after ${seconds.toFixed(1)} s, ` +
      `${grouped(tasks / seconds)} tasks/s, ${(seconds / queueJobs).toFixed(2)} s per job\n` +
      `${' '.repeat(11)}${cost(installation, tasks)}; DescribeJob p50 ` +
      `${grouped(askMs[Math.floor(askMs.length / 2)] ?? 0)} ms, worst ` +
      `${grouped(askMs.at(-1) ?? 0)} ms; broker's disk ${grouped(installation.diskMiB())} MiB`,
  );
  await installation.stop();
}

const words = process.argv.slice(2);
const [tasks = 200_000, ...counts] = words.filter((word) => !word.startsWith('--')).map(Number);
if (words.includes('--queue')) await measureQueue();
else {
  for (const compression of words.includes('--gzip')
    ? (['none', 'gzip'] as const)
    : ['none' as const]) {
    for (const workers of counts.length > 0 ? counts : [1, 2, 4]) {
      await measure(tasks, workers, compression);
    }
  }
}
