// The recorded CreateJob requests against a real process, over TCP as an HTTP proxy sends them: the
// account's own host in an absolute target, the body as it was recorded. Those that this version
// can do run to their end over objects of the sandbox; only the manifest's ETag is replaced, by the
// one that the manifest has there. The others are refused as marked, or become a job that fails by
// the operation's name and touches nothing.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { parseBucketArn, parseObjectArn } from '../../services/core/arn.ts';
import { operationNames } from '../../services/core/operations/registry.ts';
import { sharedFile } from '../support/shared-data.ts';
import { contentOf, sendRaw, signHeaders, type WireAnswer } from '../support/signed-request.ts';
import {
  key,
  openStandaloneWorld,
  type Running,
  region,
  reportRows,
  type StandaloneWorld,
  seed,
  sortRows,
  tagsOf,
  untilComplete,
  untilJob,
} from '../support/standalone-world.ts';

interface Recorded {
  readonly id: string;
  readonly expect: 'accept' | 'server_reject';
  readonly params: {
    readonly AccountId: string;
    readonly ConfirmationRequired?: boolean;
    readonly Operation: Record<string, { readonly TagSet?: readonly Record<string, string>[] }>;
    readonly Manifest?: {
      readonly Spec: { readonly Fields?: readonly string[] };
      readonly Location: { readonly ObjectArn: string; readonly ETag: string };
    };
    readonly Report: { readonly Bucket: string; readonly Prefix: string };
  };
  readonly wire: { readonly url: string; readonly body: string };
}

const file = sharedFile('data', 'create-job-requests.json');
const recorded: readonly Recorded[] = file === null ? [] : JSON.parse(readFileSync(file, 'utf8'));
const runs = (request: Recorded): boolean =>
  request.expect === 'accept' && operationNames.some((name) => name === operationOf(request));

/** Keys with what a CSV and a URL make special. */
const objectKeys = ['plain.txt', 'with space+plus.txt', 'comma,"quote".txt', 'ünï/日本.txt'];
const counts = { completed: 0, asMarked: 0, notBuilt: 0 };
const otherAccountKey = { accessKeyId: 'AKIDOTHER', secretAccessKey: 'another/secret' };

afterAll(() => {
  if (file === null) return;
  const { completed, asMarked, notBuilt } = counts;
  console.log(
    `${recorded.length} requests: ${completed} completed, ${asMarked} refused as marked, ` +
      `${notBuilt} failed naming an operation not built`,
  );
});

test.skipIf(file === null)('all 19 recorded requests are there, and some of them run', () => {
  expect(recorded).toHaveLength(19);
  expect(recorded.filter(runs).length).toBeGreaterThan(0);
});

test.skipIf(file === null)('what is marked so is refused', async () => {
  await using world = await openStandaloneWorld();
  const running = await start(world);
  for (const request of recorded.filter((one) => one.expect === 'server_reject')) {
    const answer = await send(running, request, request.wire.body);
    expect([request.id, answer.status, answer.code]).toEqual([
      request.id,
      400,
      'BadRequestException',
    ]);
    expect(answer.message).toMatch(/^(RoleArn|Report\.Format) /);
    counts.asMarked += 1;
  }
});

const failing = recorded.filter((one) => one.expect === 'accept' && !runs(one));

test.skipIf(file === null)('what cannot run yet is a job that fails by its name', async () => {
  const requests: string[] = [];
  await using world = await openStandaloneWorld({
    intercept: ({ method, bucket, key: name }) => {
      requests.push(`${method} ${bucket}/${name}`);
      return null;
    },
  });
  const running = await start(world);
  for (const [index, request] of failing.entries()) {
    // Several carry the same token, with other requests.
    const token = `<ClientRequestToken>recorded-${index}</ClientRequestToken>`;
    const body = request.wire.body.replace(/<ClientRequestToken>.*<.ClientRequestToken>/, token);
    const answer = await send(running, request, body);
    expect([request.id, answer.status, answer.message]).toEqual([request.id, 200, '']);
    const target = `/v20180820/jobs/${contentOf(answer.body, 'JobId')}`;
    const { host } = new URL(request.wire.url);
    const { AccountId: account } = request.params;
    let described = '';
    do {
      described = (await sendSigned(running, 'GET', host, target, '', account)).body;
    } while (contentOf(described, 'TerminationDate') === '');
    expect(contentOf(described, 'Status')).toBe('Failed');
    expect(contentOf(described, 'FailureReason')).toContain(`not do ${operationOf(request)}`);
    counts.notBuilt += 1;
  }
  expect(requests).toEqual([]);
});

// Each has a process of its own, since several carry the same token.
test.skipIf(file === null).each(recorded.filter(runs))('$id runs to Complete', async (request) => {
  await using world = await openStandaloneWorld();
  const { manifestETag, bucket } = seedFor(world, request);
  const running = await start(world);
  const body = request.wire.body.replace(
    /<ETag>[^<]*<\/ETag>/,
    () => `<ETag>${manifestETag}</ETag>`,
  );
  const answer = await send(running, request, body);
  expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('<JobId>')]);
  const jobId = contentOf(answer.body, 'JobId');
  // Absent means true: the CLI sends nothing unless told that no confirmation is wanted.
  if (request.params.ConfirmationRequired !== false) await confirm(running, jobId);
  const job = await untilComplete(running.control, jobId);
  expect(job).toMatchObject({ total: objectKeys.length, succeeded: objectKeys.length, failed: 0 });

  const { Report: report } = request.params;
  const reportBucket = parseBucketArn(report.Bucket) ?? '';
  const rows = objectKeys.map((name) => [
    bucket,
    spelled(name),
    '',
    'succeeded',
    '200',
    '',
    'Successful',
  ]);
  expect(await reportRows(world, reportBucket, report.Prefix, jobId)).toEqual(sortRows(rows));
  const tagSet = Object.values(request.params.Operation).flatMap(({ TagSet = [] }) => TagSet);
  const tags = tagSet.map(({ Key, Value }) => `${Key}=${Value}`);
  expect(tags.length).toBeGreaterThan(0);
  for (const name of objectKeys) expect(tagsOf(world, bucket, name)).toEqual(tags);
  counts.completed += 1;
});

function operationOf({ params }: Recorded): string {
  return Object.keys(params.Operation)[0] ?? '';
}

/** Every role of every account is the sandbox; the two accounts of the records may call. */
async function start(world: StandaloneWorld): Promise<Running> {
  const roles = {
    'arn:aws:iam::*:role/*': {
      endpoint: world.sandbox.url,
      region,
      ...key,
      subresourcesSafe: true,
    },
  };
  const keys = [
    { ...key, accountId: '123456789012' },
    { ...otherAccountKey, accountId: '111122223333' },
  ];
  return world.start({
    S3BATCH_ROLES: world.write('roles.json', roles),
    S3BATCH_KEYS: world.write('keys.json', keys),
  });
}

/** The manifest where the request says, over objects in its report bucket. */
function seedFor(world: StandaloneWorld, request: Recorded) {
  const { Manifest: manifest, Report: report } = request.params;
  const bucket = parseBucketArn(report.Bucket) ?? '';
  for (const name of objectKeys) seed(world, bucket, name, `object ${name}`);
  const fields = manifest?.Spec.Fields ?? [];
  const cells: Record<string, (name: string) => string> = { Bucket: () => bucket, Key: spelled };
  const lines = objectKeys.map((name) => fields.map((field) => cells[field]?.(name)).join(','));
  const place = parseObjectArn(manifest?.Location.ObjectArn ?? '');
  if (place === null) throw new Error(`${request.id} names no manifest`);
  const manifestETag = seed(world, place.bucket, place.key, `${lines.join('\n')}\n`);
  return { manifestETag, bucket };
}

/** As AWS spells keys in its CSV files. */
function spelled(name: string): string {
  return encodeURIComponent(name).replaceAll('%20', '+').replaceAll('%2F', '/');
}

function send(running: Running, request: Recorded, body: string): Promise<WireAnswer> {
  const url = new URL(request.wire.url);
  return sendSigned(running, 'POST', url.host, url.pathname, body, request.params.AccountId);
}

/** To control as to a proxy: the target names the host that the client meant. */
function sendSigned(
  running: Running,
  method: string,
  host: string,
  target: string,
  body: string,
  accountId: string,
): Promise<WireAnswer> {
  const bytes = new TextEncoder().encode(body);
  const caller = accountId === '111122223333' ? otherAccountKey : key;
  const options = { ...caller, accountId, region, service: 's3', nowMs: Date.now(), host };
  const headers = signHeaders(method, target, bytes, options);
  const port = Number(new URL(running.url).port);
  return sendRaw(port, method, `http://${host}${target}`, headers, bytes);
}

async function confirm(running: Running, jobId: string): Promise<void> {
  await untilJob(running.control, jobId, ({ status }) => status === 'Suspended');
  const host = `123456789012.s3-control.${region}.amazonaws.com`;
  const target = `/v20180820/jobs/${jobId}/status?requestedJobStatus=Ready`;
  const answer = await sendSigned(running, 'POST', host, target, '', '123456789012');
  expect([answer.status, answer.message]).toEqual([200, '']);
}
