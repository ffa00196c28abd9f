// The standalone process from outside: starts that are refused, threads that throw, an end in the
// middle of a job, and what it prints.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SandboxRequest } from '../../services/sandbox/message.ts';
import type { Interception } from '../../services/sandbox/open-sandbox.ts';
import { listJobIds } from '../../services/standalone/demo/ask-control.ts';
import { freePort } from '../../services/standalone/free-port.ts';
import { serviceNames } from '../../services/standalone/thread-data.ts';
import { accountId, openStandaloneWorld } from '../support/standalone-world.ts';
import { createTagging, expectTagged, plainKeys, seedTagging } from '../support/tagging-job.ts';

const host = '127.0.0.1';
const unusable = 2;

test('a port in use stops the start, naming address, setting and remedy', async () => {
  await using world = await openStandaloneWorld();
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    }),
  );
  onTestFinished(() => void server.close());
  const { code, text } = await world.refused({ S3BATCH_PORT: String(port) });
  expect(code).toBe(unusable);
  expect(text).toContain(`S3BATCH_HOST=${host} S3BATCH_PORT=${port}: cannot listen there`);
  expect(text).toContain('EADDRINUSE');
  expect(text).toContain('stop what uses it, or choose another');
});

test('a second process on the same data is refused, and the first goes on', async () => {
  await using world = await openStandaloneWorld();
  const running = await world.start();
  const { code, text } = await world.refused({});
  expect(code).toBe(unusable);
  expect(text).toContain(`S3BATCH_DATA=${join(world.folder, 'data')}`);
  expect(text).toContain('is in use by another process. Stop that one, or set S3BATCH_DATA');
  const manifest = seedTagging(world, 'first', plainKeys(20));
  const jobId = await createTagging(running, manifest, 'first');
  await expectTagged(world, running, manifest, jobId, 'first');
  expect(await listJobIds(running.control, accountId)).toEqual([jobId]);
  // Nothing ended on the way, and nothing had to start again.
  expect(world.lines.filter((line) => /starts again|exception/.test(line))).toEqual([]);
});

test('a data folder that cannot be made is named with its setting', async () => {
  await using world = await openStandaloneWorld();
  // Below a file nobody can make a folder, not even root, whom no mode keeps out.
  const blocked = join(world.write('file', 'no folder'), 'data');
  const { code, text } = await world.refused({ S3BATCH_DATA: blocked });
  expect(code).toBe(unusable);
  expect(text).toContain(`S3BATCH_DATA=${blocked}: ${blocked} cannot be made`);
});

test('files with mistakes are refused: each by file, entry and remedy, no secret shown', async () => {
  await using world = await openStandaloneWorld();
  const keys = world.write('keys.json', [
    { accessKeyId: 'AKIDGOOD', secretAccessKey: 'hidden-secret-one', accountId: '12' },
    { accessKeyId: 'AKIDGOOD', secretAccessKey: 'hidden', accountId, polcy: {} },
  ]);
  const roles = world.write('roles.json', {
    'arn:aws:iam::123456789012:role/half': { secretAccessKey: 'hidden-secret-two' },
    'not a role': { endpoint: 'ftp://somewhere', taggingSafe: true },
  });
  const rules = world.write('rules.json', [
    {
      name: 'broken',
      bucket: 'No Bucket',
      prefix: 'without-slash',
      roleArn: 'arn:aws:iam::123456789012:role/x',
      operation: { S3PutObjectTagging: { TagSet: [] } },
    },
    {
      name: 'unbuilt',
      bucket: 'drops',
      prefix: 'a/b/c/',
      roleArn: 'arn:aws:iam::123456789012:role/x',
      operation: { LambdaInvoke: { FunctionArn: 'arn' } },
    },
  ]);
  const answer = await world.refused({
    S3BATCH_KEYS: keys,
    S3BATCH_ROLES: roles,
    S3BATCH_RULES: rules,
  });
  expect(answer.code).toBe(unusable);
  for (const sentence of [
    `S3BATCH_KEYS=${keys}: Entry 1: accountId must be text of 12 digits.`,
    `S3BATCH_KEYS=${keys}: Entry 2: secretAccessKey must be text of 8 to 256`,
    `S3BATCH_KEYS=${keys}: Entry 2: no member has the name "polcy"; known are`,
    `S3BATCH_KEYS=${keys}: Entry 2: accessKeyId AKIDGOOD stands in the list twice.`,
    `S3BATCH_ROLES=${roles}: "arn:aws:iam::123456789012:role/half": accessKeyId and ` +
      'secretAccessKey belong together: give both, or none of them',
    `S3BATCH_ROLES=${roles}: "not a role": is not a role ARN: write arn:aws:iam::<account>`,
    `S3BATCH_ROLES=${roles}: "not a role": endpoint must be an http:// or https:// URL`,
    `S3BATCH_ROLES=${roles}: "not a role": unknown member "taggingSafe": known are`,
    `S3BATCH_RULES=${rules}: rule 'broken': bucket: must be the name of a bucket.`,
    `S3BATCH_RULES=${rules}: rule 'broken': prefix: must end with / and not begin with it.`,
    `S3BATCH_RULES=${rules}: rule 'unbuilt': operation: LambdaInvoke is not supported`,
  ]) {
    expect(answer.text).toContain(sentence);
  }
  expect(answer.text).not.toContain('hidden');
});

test.each(['S3BATCH_KEYS', 'S3BATCH_ROLES', 'S3BATCH_RULES'])(
  'a file of %s that is absent or no JSON is named, and never quoted',
  async (setting) => {
    await using world = await openStandaloneWorld();
    const absent = await world.refused({ [setting]: '/no/such/file.json' });
    expect(absent.code).toBe(unusable);
    expect(absent.text).toContain(`${setting}=/no/such/file.json: the file cannot be read`);
    const path = world.write('broken.json', '[{"secretAccessKey": "hidden-in-broken-json", ');
    const broken = await world.refused({ [setting]: path });
    expect(broken.code).toBe(unusable);
    expect(broken.text).toContain(`${setting}=${path}: `);
    expect(broken.text).not.toContain('hidden');
  },
);

test('settings of what is not built, and mistyped ones, are refused by name', async () => {
  await using world = await openStandaloneWorld();
  const { code, text } = await world.refused({
    KAFKA_BROKERS: 'broker:9092',
    KAFKA_TOPICS_PREFIX: 'one.',
    S3BATCH_POLICIES: 'policies.json',
    LAMBDA_ENDPOINT: 'http://127.0.0.1:9001',
    S3BATCH_TLS_CERT: 'certificate.pem',
    S3BATCH_TAGING_SAFE: 'true',
  });
  expect(code).toBe(unusable);
  expect(text.trimEnd().split('\n').toSorted()).toEqual([
    's3batch: KAFKA_BROKERS: only S3BATCH_LOG=kafka reads it; set that, or remove this one.',
    's3batch: KAFKA_TOPICS_PREFIX: no such setting (did you mean KAFKA_TOPIC_PREFIX?); docs/CONFIGURATION.md lists them all.',
    's3batch: LAMBDA_ENDPOINT: LambdaInvoke is not built yet; remove this setting.',
    's3batch: S3BATCH_POLICIES: policies is not built yet; remove this setting.',
    's3batch: S3BATCH_TAGING_SAFE: no such setting (did you mean S3BATCH_TAGGING_SAFE?); docs/CONFIGURATION.md lists them all.',
    's3batch: S3BATCH_TLS_CERT: TLS is not built yet; remove this setting.',
  ]);
});

const tasks = 3_000;
const tagMs = 100;
const slowMs = 1_000;
const isTagging = ({ method, query }: SandboxRequest) => method === 'PUT' && query.has('tagging');

interface Moment {
  readonly reached: Promise<void>;
  readonly taggings: () => number;
  readonly intercept: (request: SandboxRequest) => Interception | null;
}

/** Slows tagging down, and tells when the n-th request came that is wanted; that one is slow. */
function momentOf(isWanted: (request: SandboxRequest) => boolean, nth: number): Moment {
  const reached = Promise.withResolvers<void>();
  let taggings = 0;
  let wanted = 0;
  return {
    reached: reached.promise,
    taggings: () => taggings,
    intercept: (request) => {
      if (isTagging(request)) taggings += 1;
      if (isWanted(request)) {
        wanted += 1;
        if (wanted === nth) {
          reached.resolve();
          return { kind: 'delay', durationMs: slowMs };
        }
      }
      return isTagging(request) ? { kind: 'delay', durationMs: tagMs } : null;
    },
  };
}

/** When a service is in the middle of its part of a job. */
const moments = {
  control: () => momentOf(isTagging, tasks / 3),
  ingest: () =>
    momentOf(({ method, bucket, key }) => method === 'GET' && `${bucket}/${key}` === manifest, 1),
  worker: () => momentOf(isTagging, tasks / 3),
  reporter: () => momentOf(({ method, key }) => method === 'PUT' && key.includes('/results/'), 1),
} as const;
const manifest = 'manifests/crash.csv';

test.each(serviceNames)(
  'the %s thread that throws comes back, and the job under way completes',
  async (service) => {
    const moment = moments[service]();
    await using world = await openStandaloneWorld({ intercept: moment.intercept });
    const port = await freePort(host, 0);
    const running = await world.start({ S3BATCH_PORT: String(port) });
    const seeded = seedTagging(world, 'crash', plainKeys(tasks));
    const jobId = await createTagging(running, seeded, service);
    await moment.reached;
    running.process.send(`crash ${service}`);
    await world.heard(new RegExp(`"${service}".*a service ended by an exception`));
    await world.heard(new RegExp(`"${service}".*the service starts again`));
    await expectTagged(world, running, seeded, jobId, service);
    expect(world.lines.filter((line) => line.includes('starts again'))).toHaveLength(1);
    expect(running.process.exitCode).toBe(null);
  },
);

test('SIGTERM during a job ends the process in seconds, as it says; the next start completes it', async () => {
  const moment = momentOf(isTagging, tasks / 3);
  await using world = await openStandaloneWorld({ intercept: moment.intercept });
  const first = await world.start();
  const seeded = seedTagging(world, 'stop', plainKeys(tasks));
  const jobId = await createTagging(first, seeded, 'stop');
  await moment.reached;
  const startMs = performance.now();
  first.process.kill('SIGTERM');
  expect(await first.ended).toEqual({ code: 0, signal: null });
  await world.heard(/"level":"info".*"s3batch is stopping"/);
  await world.heard(/"level":"info".*"s3batch has stopped"/);
  const tookMs = Math.round(performance.now() - startMs);
  const before = moment.taggings();
  console.log(`SIGTERM after ${before} of ${tasks} tasks: ended in ${tookMs} ms`);
  expect(tookMs).toBeLessThan(10_000);
  expect(before).toBeLessThan(tasks);
  const second = await world.start();
  await expectTagged(world, second, seeded, jobId, 'stop');
  // What was in flight was waited for and committed, so that nothing was done twice.
  expect(moment.taggings()).toBe(tasks);
});
