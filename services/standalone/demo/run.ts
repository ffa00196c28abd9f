// The demo's story, step by step. Each step shows what a user of a real installation would see.
import { openSandbox } from '../../sandbox/open-sandbox.ts';
import { freePort } from '../free-port.ts';
import type { DemoOptions } from './arguments.ts';
import { describeJob, subscribe } from './ask-control.ts';
import { fill, makeBucket, removeObject } from './bucket.ts';
import { type Delivery, dropDelivery } from './delivery.ts';
import { type DemoFolder, openFolder } from './folder.ts';
import { demoKeys, nastyKeys } from './keys.ts';
import { cliLines, curlLines } from './paste.ts';
import { prove, type Report, readReport } from './proof.ts';
import { grouped, printable, type Screen } from './screen.ts';
import { type ParentEnvironment, type ServiceProcess, startService } from './service-process.ts';
import { type DemoKey, openSignedClient, type SignedClient } from './signed-client.ts';
import { openSubscriber, type Subscriber } from './subscriber.ts';
import { jobOfTheDrop, watchJob } from './watch.ts';

const host = '127.0.0.1';
const controlPort = 8340;
const sandboxPort = 8341;
const accountId = '123456789012';
const region = 'us-east-1';
const key: DemoKey = { accessKeyId: 'demo', secretAccessKey: 'demo-secret-key' };
const tag = { key: 'reviewed', value: 'yes' };
const buckets = { source: 'holiday', inventory: 'inventory', reports: 'reports' } as const;
const topicName = 's3batch-demo';
const topicArn = `arn:aws:sns:${region}:${accountId}:${topicName}`;
const roleArn = `arn:aws:iam::${accountId}:role/demo`;
const reportPrefix = 'final';
/** Objects that are gone when the job comes to them, as in every real inventory. */
const goneCount = 3;
const linesShown = 4;

interface World {
  readonly folder: DemoFolder;
  readonly s3: SignedClient;
  readonly s3Url: string;
  readonly service: ServiceProcess;
  readonly control: SignedClient;
  readonly subscriber: Subscriber;
}

/** True when the proof held. Ends early, without a proof, when the signal is aborted. */
export async function runDemo(
  options: DemoOptions,
  parent: ParentEnvironment,
  screen: Screen,
  signal: AbortSignal,
): Promise<boolean> {
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const world = await openWorld(options, parent, screen, closers, signal);
    const delivery = await fillAndDrop(options, world, screen, signal);
    const isProven = await follow(options, world, delivery, screen, signal);
    return isProven;
  } catch (error) {
    if (!signal.aborted) screen.bad(error instanceof Error ? error.message : String(error));
    return false;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function openWorld(
  options: DemoOptions,
  parent: ParentEnvironment,
  screen: Screen,
  closers: (() => Promise<void> | void)[],
  signal: AbortSignal,
): Promise<World> {
  screen.step('Starting a local S3 (the sandbox) and the service');
  const folder = openFolder(options.directory);
  closers.push(() => {
    const kept = folder.clean();
    screen.step(signal.aborted ? 'Stopped, and cleaned up' : 'Cleaned up');
    screen.line(kept === null ? 'nothing of this run is left' : `kept: ${kept}`);
  });
  const sandbox = await openSandbox({
    host,
    port: await freePort(host, sandboxPort),
    region,
    credentials: [key],
  });
  closers.push(() => sandbox.close());
  screen.line(`S3 sandbox ${sandbox.url}`);
  const s3 = openSignedClient(sandbox.url, region, 's3', key);
  closers.push(() => s3.close());
  for (const bucket of Object.values(buckets)) await makeBucket(s3, bucket);
  const rules = folder.write('rules.json', `${JSON.stringify([rule()], null, 2)}\n`);
  const service = await startService(
    {
      S3BATCH_HOST: host,
      S3BATCH_PORT: String(await freePort(host, controlPort)),
      S3BATCH_DATA: folder.data,
      S3BATCH_ACCOUNT: accountId,
      S3BATCH_RULES: rules,
      S3BATCH_RULES_POLL_MS: '500',
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_SNS_ALLOW: '127.0.0.0/8',
      S3BATCH_LOG_LEVEL: 'warn',
      S3_ENDPOINT: sandbox.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    parent,
    (line) => screen.line(`service: ${printable(line)}`),
  );
  closers.push(() => service.stop());
  screen.line(`control    ${service.url} (open to the demo's key, on loopback only)`);
  const control = openSignedClient(service.url, region, 's3', key);
  closers.push(() => control.close());
  const subscriber = await openSubscriber(({ status, jobId }) =>
    screen.line(`SNS notification: job ${jobId} is ${status}`),
  );
  closers.push(() => subscriber.close());
  const sns = openSignedClient(service.url, region, 'sns', key);
  await subscribe(sns, topicName, subscriber.url);
  await sns.close();
  screen.line(`SNS topic  ${topicArn}, subscribed by ${subscriber.url}`);
  return { folder, s3, s3Url: sandbox.url, service, control, subscriber };
}

function rule() {
  return {
    name: 'tag-holiday-photos',
    bucket: buckets.inventory,
    prefix: `daily/${buckets.source}/all/`,
    sourceBucket: buckets.source,
    roleArn,
    operation: { S3PutObjectTagging: { TagSet: [{ Key: tag.key, Value: tag.value }] } },
    report: {
      Enabled: true,
      Bucket: `arn:aws:s3:::${buckets.reports}`,
      Prefix: reportPrefix,
      ReportScope: 'AllTasks',
    },
    priority: 10,
    confirmationRequired: false,
    topicArn,
  };
}

async function fillAndDrop(
  options: DemoOptions,
  world: World,
  screen: Screen,
  signal: AbortSignal,
): Promise<Delivery> {
  screen.step(`Filling bucket ${buckets.source} with ${grouped(options.objects)} objects`);
  const objects = await fill(world.s3, buckets.source, demoKeys(options.objects), signal);
  screen.line(`among them keys such as ${printable(nastyKeys.slice(0, 3).join('   '))}`);
  screen.step('Dropping an S3 Inventory delivery into the prefix that a rule watches');
  const delivery = await dropDelivery(world.s3, buckets, objects);
  screen.line(`s3://${buckets.inventory}/${delivery.manifestKey}`);
  const files = delivery.files === 1 ? 'data file' : 'data files';
  screen.line(`${delivery.files} gzipped ${files}, ${grouped(delivery.keys.length)} rows`);
  for (const gone of delivery.keys.slice(-goneCount)) {
    await removeObject(world.s3, buckets.source, gone);
  }
  screen.line(`${goneCount} of the objects are deleted now: an inventory is always of yesterday`);
  await delivery.complete();
  return delivery;
}

async function follow(
  options: DemoOptions,
  world: World,
  delivery: Delivery,
  screen: Screen,
  signal: AbortSignal,
): Promise<boolean> {
  screen.step('The rule notices the delivery, and a job appears');
  const jobId = await jobOfTheDrop(world.control, accountId, new Set(), signal);
  screen.line(`job ${jobId}`);
  const ended = await watchJob(world.control, accountId, jobId, screen, signal);
  if (ended.status !== 'Complete') {
    screen.bad(`the job is ${ended.status}: ${ended.failureReason}`);
    return false;
  }
  const manifestKey = `${reportPrefix}/job-${jobId}/manifest.json`;
  const report = await readReport(world.s3, buckets.reports, manifestKey);
  showReport(report, world, screen);
  screen.step('The subscriber of the SNS topic hears of it');
  await Promise.race([world.subscriber.heard('Complete'), whenAborted(signal)]);
  signal.throwIfAborted();
  screen.line('it has heard that the job is Complete');
  screen.step('Proof, read back from S3');
  const counted = await describeJob(world.control, accountId, jobId);
  const findings = await prove(
    world.s3,
    buckets.source,
    delivery.keys,
    report,
    counted,
    tag,
    signal,
  );
  for (const { title, isGood } of findings) {
    if (isGood) screen.good(title);
    else screen.bad(title);
  }
  if (options.keep) await keepRunning(world, delivery, jobId, manifestKey, screen, signal);
  return findings.every(({ isGood }) => isGood);
}

function showReport(report: Report, world: World, screen: Screen): void {
  screen.step('The completion report has arrived');
  screen.line(`s3://${buckets.reports}/${report.manifestKey}`);
  for (const { text } of report.parts) {
    const lines = text.split('\r\n').filter((line) => line !== '');
    for (const line of lines.slice(0, linesShown)) screen.line(printable(line));
  }
  const failed = report.rows.filter(({ status }) => status === 'failed').length;
  screen.line(`${grouped(report.rows.length)} rows, ${failed} of them failed`);
  screen.line(`copied to ${world.folder.keepReport(report)}`);
}

async function keepRunning(
  world: World,
  delivery: Delivery,
  jobId: string,
  manifestKey: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const facts = {
    controlUrl: world.service.url,
    s3Url: world.s3Url,
    accountId,
    region,
    key,
    jobId,
    reportBucket: buckets.reports,
    manifestKey,
    inventory: {
      objectArn: `arn:aws:s3:::${buckets.inventory}/${delivery.manifestKey}`,
      etag: delivery.manifestEtag,
    },
    roleArn,
    topicArn,
  };
  screen.step('Left running. Lines to paste into another shell, with the AWS CLI:');
  for (const line of cliLines(facts)) screen.line(line);
  screen.step('and with nothing but curl:');
  for (const line of curlLines(facts)) screen.line(line);
  screen.step('Ctrl-C stops and cleans up');
  await whenAborted(signal);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
