// npm run kills, on the embedded log (kills.ts is its entry).
// Kills the standalone process with SIGKILL while jobs of 20,000 tasks are Preparing, Active or
// Completing, starts it again each time, and lets an independent Python script judge each finished
// job. Also makes single service threads throw. Prints one line per kill: seed, time, state, last ordinal.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeKey } from '../../services/core/key.ts';
import { openSandbox } from '../../services/sandbox/open-sandbox.ts';
import {
  createJob,
  describeJob,
  type JobView,
  subscribe,
} from '../../services/standalone/demo/ask-control.ts';
import { fill, makeBucket, putObject } from '../../services/standalone/demo/bucket.ts';
import { demoKeys } from '../../services/standalone/demo/keys.ts';
import {
  type ServiceProcess,
  startService,
} from '../../services/standalone/demo/service-process.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import { openSubscriber } from '../../services/standalone/demo/subscriber.ts';
import { serviceNames } from '../../services/standalone/thread-data.ts';
import { patiently, runCheck, untilOver, untilPhase } from '../support/killed-job.ts';
import { openDice } from './simulation/instance.ts';

const words = process.argv.slice(2);
const numberAfter = (name: string, fallback: number): number => {
  const at = words.indexOf(name);
  return at < 0 ? fallback : Number(words[at + 1]);
};
const killsWanted = numberAfter('--kills', 50);
const seed = numberAfter('--seed', Date.now() % 1_000_000);
const objectCount = numberAfter('--objects', 20_000);
const dice = openDice(seed);
const accountId = '123456789012';
const region = 'us-east-1';
const key = { accessKeyId: 'demo', secretAccessKey: 'demo-secret-key' };
const states = ['Preparing', 'Active', 'Completing'] as const;
const killsPerJobMax = 4;
const sideDelayMs = 120;
const jobMsMax = 300_000;
const terminal = new Set(['Complete', 'Failed', 'Cancelled']);
const python = process.env['PYTHON'] ?? 'python3';

const folder = mkdtempSync(join(tmpdir(), 's3batch-kills-'));
/** Preparing and Completing last long enough to be hit; the objects themselves are answered at once. */
const sandbox = await openSandbox({
  region,
  credentials: [key],
  intercept: ({ bucket }) =>
    bucket === 'manifests' || bucket === 'reports'
      ? { kind: 'delay', durationMs: sideDelayMs }
      : null,
});
const s3 = openSignedClient(sandbox.url, region, 's3', key);
const notifications: string[] = [];
const subscriber = await openSubscriber((notification) => {
  notifications.push(`${JSON.stringify(notification)}\n`);
});
let service: ServiceProcess = await start('0');
const port = new URL(service.url).port;
let control = openSignedClient(service.url, region, 's3', key);
const sns = openSignedClient(service.url, region, 'sns', key);
const topicArn = await subscribe(sns, 'kills', subscriber.url);
await sns.close();
// Jobs name no topic over the wire: the installation's default does it from the next start on.
await restart();

for (const bucket of ['source', 'manifests', 'reports']) await makeBucket(s3, bucket);
const keys = demoKeys(objectCount);
await fill(s3, 'source', keys, new AbortController().signal);
console.log(`kills: seed ${seed}, ${objectCount} objects a job, ${killsWanted} kills`);

let killed = 0;
let jobs = 0;
let bad = 0;
const hits = new Map<string, number>();
while (killed < killsWanted) {
  jobs += 1;
  const count = Math.min(killsWanted - killed, 1 + dice.below(killsPerJobMax));
  bad += (await oneJob(jobs, count)) ? 0 : 1;
  killed += count;
}
bad += (await crashThreads()) ? 0 : 1;

await service.stop();
await control.close();
await s3.close();
await subscriber.close();
await sandbox.close();
rmSync(folder, { recursive: true, force: true });
const hitText = [...hits].map(([state, count]) => `${state} ${count}`).join(', ');
console.log(`kills: ${killed} kills (${hitText}) over ${jobs} jobs, ${bad} bad`);
process.exit(bad === 0 ? 0 : 1);

async function start(listenPort: string, topic = ''): Promise<ServiceProcess> {
  return startService(
    {
      S3BATCH_PORT: listenPort,
      S3BATCH_DATA: join(folder, 'data'),
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_SNS_ALLOW: '127.0.0.0/8',
      S3BATCH_LOG_LEVEL: 'error',
      SNS_TOPIC_ARN: topic,
      S3_ENDPOINT: sandbox.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    process.env,
    (line) => console.log(`  service: ${line.slice(0, 500)}`),
  );
}

async function restart(): Promise<void> {
  const ended = new Promise<void>((resolve) => service.process.once('exit', () => resolve()));
  service.process.kill('SIGKILL');
  await ended;
  await control.close();
  service = await start(port, topicArn);
  control = openSignedClient(service.url, region, 's3', key);
}

async function oneJob(index: number, killCount: number): Promise<boolean> {
  const { jobId, rowsFile, tag } = await createTaggingJob(index);
  // In the order in which a job meets them, so that one job can be killed in each of its states.
  const moments = Array.from({ length: killCount }, () => ({
    state: dice.below(states.length),
    done: dice.below(objectCount),
  })).toSorted((a, b) => a.state - b.state || a.done - b.done);
  for (const moment of moments) {
    const wanted = states[moment.state] ?? 'Active';
    const goal = wanted === 'Active' ? moment.done : 0;
    const seen = await untilPhase(() => describe(jobId), wanted, goal);
    await pause(dice.below(40));
    const startMs = performance.now();
    await restart();
    const backMs = Math.round(performance.now() - startMs);
    hits.set(seen.status, (hits.get(seen.status) ?? 0) + 1);
    console.log(
      `  kill seed ${seed} job ${index} at ${new Date().toISOString()} while ${seen.status}, ` +
        `last ordinal ${seen.succeeded + seen.failed - 1}, back after ${backMs} ms`,
    );
    if (terminal.has((await describe(jobId)).status)) break;
  }
  return judge(jobId, rowsFile, tag);
}

/** A thread throws in the middle of a job; the others go on, and the job is as good as any. */
async function crashThreads(): Promise<boolean> {
  let isGood = true;
  for (const name of serviceNames) {
    jobs += 1;
    const { jobId, rowsFile, tag } = await createTaggingJob(jobs);
    const seen = await untilPhase(() => describe(jobId), 'Active', dice.below(objectCount / 2));
    service.process.send(`crash ${name}`);
    console.log(`  thread ${name} made to throw while ${seen.status}`);
    isGood = (await judge(jobId, rowsFile, tag)) && isGood;
  }
  return isGood;
}

async function createTaggingJob(index: number) {
  const tag = { key: 'round', value: String(index) };
  const bytes = new TextEncoder().encode(
    keys.map((name) => `source,${encodeKey(name)}\n`).join(''),
  );
  await putObject(s3, 'manifests', `job-${index}.csv`, bytes);
  const etag = createHash('md5').update(bytes).digest('hex');
  const rowsFile = join(folder, 'rows.jsonl');
  const lines = keys.map((name) => JSON.stringify(['source', name, '', encodeKey(name)]));
  writeFileSync(rowsFile, `${lines.join('\n')}\n`);
  const jobId = await patiently(() => createJob(control, accountId, requestXml(index, etag, tag)));
  return { jobId, rowsFile, tag };
}

function requestXml(index: number, etag: string, tag: { key: string; value: string }): string {
  return (
    '<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">' +
    '<ConfirmationRequired>false</ConfirmationRequired><Operation><S3PutObjectTagging><TagSet>' +
    `<member><Key>${tag.key}</Key><Value>${tag.value}</Value></member>` +
    '</TagSet></S3PutObjectTagging></Operation><Report><Bucket>arn:aws:s3:::reports</Bucket>' +
    '<Format>Report_CSV_20180820</Format><Enabled>true</Enabled><Prefix>kills</Prefix>' +
    `<ReportScope>AllTasks</ReportScope></Report><ClientRequestToken>kills-${seed}-${index}` +
    '</ClientRequestToken><Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format>' +
    '<Fields><member>Bucket</member><member>Key</member></Fields></Spec><Location>' +
    `<ObjectArn>arn:aws:s3:::manifests/job-${index}.csv</ObjectArn><ETag>${etag}</ETag>` +
    `</Location></Manifest><Priority>1</Priority><RoleArn>arn:aws:iam::${accountId}:role/kills` +
    '</RoleArn></CreateJobRequest>'
  );
}

function describe(jobId: string): Promise<JobView> {
  return patiently(() => describeJob(control, accountId, jobId));
}

async function judge(
  jobId: string,
  rowsFile: string,
  tag: { key: string; value: string },
): Promise<boolean> {
  const { isComplete, job } = await untilOver(() => describe(jobId), jobMsMax);
  if (!isComplete) {
    console.log(`  BAD: job ${jobId} is ${job.status}: ${job.failureReason}`);
    return false;
  }
  const notificationsFile = join(folder, 'notifications.jsonl');
  writeFileSync(notificationsFile, notifications.join(''));
  const { isGood, text } = await runCheck(python, join(folder, 'facts.json'), {
    endpoint: sandbox.url,
    region,
    ...key,
    reportBucket: 'reports',
    reportPrefix: 'kills',
    jobId,
    rowsFile,
    tag,
    notificationsFile,
    complete: true,
  });
  console.log(`  ${isGood ? 'good' : 'BAD'}: ${text}`);
  return isGood;
}
