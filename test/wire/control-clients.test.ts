// The real clients, unchanged, against a real process: the AWS CLI leads a job from creation to its
// end and another to its cancellation, and boto3 watches the counters of one that takes seconds.
// Absent: skipped loudly; with CI=true a failure.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, hasBoto3, hasCli, python } from '../support/clients.ts';
import { roleArn } from '../support/control-front.ts';
import {
  accountId,
  key,
  openStandaloneWorld,
  type Running,
  region,
  type StandaloneWorld,
} from '../support/standalone-world.ts';
import {
  expectTagged,
  plainKeys,
  seedTagging,
  type TaggingManifest,
} from '../support/tagging-job.ts';

const run = promisify(execFile);
/** Some seconds for a job of this many tasks, with 256 requests in flight. */
const slowTasks = 5_000;
const tagMs = 100;
const endpoint = 'http://s3control.local:8340';

let world: StandaloneWorld;
let running: Running;
beforeAll(async () => {
  world = await openStandaloneWorld({
    intercept: ({ method, query }) =>
      method === 'PUT' && query.has('tagging') ? { kind: 'delay', durationMs: tagMs } : null,
  });
  running = await world.start();
});
afterAll(async () => world[Symbol.asyncDispose]());

function environment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: world.folder,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_MAX_ATTEMPTS: '1',
    HTTP_PROXY: running.url,
    http_proxy: running.url,
  };
}

function requestFor(manifest: TaggingManifest, value: string) {
  return {
    Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'round', Value: value }] } },
    Report: {
      Enabled: true,
      Bucket: 'arn:aws:s3:::reports',
      Format: 'Report_CSV_20180820',
      Prefix: 'system',
      ReportScope: 'AllTasks',
    },
    Manifest: {
      Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
      Location: { ObjectArn: manifest.objectArn, ETag: manifest.etag },
    },
  };
}

interface CliAnswer {
  readonly JobId?: string;
  readonly Job?: { readonly Status: string };
}

async function cli(
  call: string,
  options: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<CliAnswer> {
  const all = { ...options, 'account-id': accountId, 'endpoint-url': endpoint };
  const named = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const { stdout } = await run(awsCli, ['s3control', call, ...named, ...flags], {
    env: environment(),
  });
  return stdout === '' ? {} : JSON.parse(stdout);
}

async function createByCli(manifest: TaggingManifest, value: string): Promise<string> {
  const { Operation, Report, Manifest } = requestFor(manifest, value);
  const { JobId } = await cli('create-job', {
    operation: JSON.stringify(Operation),
    report: JSON.stringify(Report),
    manifest: JSON.stringify(Manifest),
    priority: '10',
    'role-arn': roleArn,
  });
  return JobId ?? '';
}

async function statusByCli(jobId: string): Promise<string> {
  return (await cli('describe-job', { 'job-id': jobId })).Job?.Status ?? '';
}

async function untilStatus(jobId: string, wanted: string): Promise<void> {
  const looksMax = 60;
  let status = '';
  for (let look = 0; look < looksMax && status !== wanted; look += 1) {
    status = await statusByCli(jobId);
  }
  expect(status).toBe(wanted);
}

test.skipIf(!hasCli)('the AWS CLI creates a job, confirms it and sees it complete', async () => {
  const manifest = seedTagging(world, 'confirmed', plainKeys(50));
  const jobId = await createByCli(manifest, 'confirmed');
  await untilStatus(jobId, 'Suspended');
  const suspended = await cli('list-jobs', {}, '--job-statuses', 'Suspended');
  expect(suspended).toMatchObject({ Jobs: [{ JobId: jobId, Status: 'Suspended', Priority: 10 }] });
  await cli('update-job-priority', { 'job-id': jobId, priority: '77' });
  const confirmation = { 'job-id': jobId, 'requested-job-status': 'Ready' };
  expect(await cli('update-job-status', confirmation)).toMatchObject({ JobId: jobId });
  await untilStatus(jobId, 'Complete');
  const described = await cli('describe-job', { 'job-id': jobId });
  expect(described).toMatchObject({
    Job: {
      JobId: jobId,
      Status: 'Complete',
      Priority: 77,
      ConfirmationRequired: true,
      ProgressSummary: {
        TotalNumberOfTasks: 50,
        NumberOfTasksSucceeded: 50,
        NumberOfTasksFailed: 0,
      },
      ...requestFor(manifest, 'confirmed'),
    },
  });
  await expectTagged(world, running, manifest, jobId, 'confirmed');
});

test.skipIf(!hasCli)('the AWS CLI cancels a job that waits for confirmation', async () => {
  const manifest = seedTagging(world, 'cancelled', plainKeys(5));
  const jobId = await createByCli(manifest, 'cancelled');
  await untilStatus(jobId, 'Suspended');
  const reason = 'Not after all & <more>';
  const cancelled = await cli('update-job-status', {
    'job-id': jobId,
    'requested-job-status': 'Cancelled',
    'status-update-reason': reason,
  });
  expect(cancelled).toMatchObject({ JobId: jobId, StatusUpdateReason: reason });
  await untilStatus(jobId, 'Cancelled');
  const again = cli('update-job-status', { 'job-id': jobId, 'requested-job-status': 'Ready' });
  await expect(again).rejects.toThrow('JobStatusException');
});

/** Each look as a line: start and end in seconds, status, tasks done. */
const watcher = `
import boto3, json, sys, time
from botocore.config import Config
endpoint, proxy, account, role, request = sys.argv[1:6]
client = boto3.client('s3control', endpoint_url=endpoint,
                      config=Config(proxies={'http': proxy}, retries={'total_max_attempts': 1}))
job = client.create_job(AccountId=account, Priority=1, RoleArn=role, ConfirmationRequired=False,
                        **json.loads(request))['JobId']
print(json.dumps(job))
while True:
    start = time.monotonic()
    found = client.describe_job(AccountId=account, JobId=job)['Job']
    progress = found['ProgressSummary']
    done = progress['NumberOfTasksSucceeded'] + progress['NumberOfTasksFailed']
    print(json.dumps([start, time.monotonic(), found['Status'], done]))
    if found['Status'] in ('Complete', 'Failed', 'Cancelled'):
        break
    time.sleep(0.05)
`;

type Look = readonly [start: number, end: number, status: string, done: number];

test.skipIf(!hasBoto3)(
  'while a job runs for seconds, boto3 sees its counters change at least once a second',
  async () => {
    const manifest = seedTagging(world, 'watched', plainKeys(slowTasks));
    const request = JSON.stringify(requestFor(manifest, 'watched'));
    const given = [endpoint, running.url, accountId, roleArn, request];
    const { stdout } = await run(python, ['-c', watcher, ...given], { env: environment() });
    const [first = '', ...lines] = stdout.trim().split('\n');
    const looks: readonly Look[] = lines.map((line) => JSON.parse(line));
    await expectTagged(world, running, manifest, JSON.parse(first), 'watched');

    const active = looks.filter(([, , status]) => status === 'Active');
    const stills = stillSeconds(active);
    const seconds = (active.at(-1)?.[1] ?? 0) - (active[0]?.[0] ?? 0);
    console.log(
      `${active.length} looks in ${seconds.toFixed(1)} s, ${stills.length} values of the ` +
        `counters, the longest stood for ${Math.max(...stills).toFixed(2)} s`,
    );
    expect(seconds).toBeGreaterThan(2);
    // As a rate: a single look may be late on a busy machine, which says nothing about us.
    expect(stills.length).toBeGreaterThanOrEqual(Math.floor(seconds));
    const counted = looks.map(([, , , done]) => done);
    expect(counted).toEqual(counted.toSorted((one, other) => one - other));
  },
);

/** For each value of the counters, how long it certainly stood: between its first and last look. */
function stillSeconds(looks: readonly Look[]): number[] {
  const stood = new Map<number, { readonly from: number; to: number }>();
  for (const [start, end, , done] of looks) {
    const known = stood.get(done);
    if (known === undefined) stood.set(done, { from: end, to: end });
    else known.to = start;
  }
  return [...stood.values()].map(({ from, to }) => to - from);
}
