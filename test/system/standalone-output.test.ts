// What the standalone process prints at its most talkative, while requests of every kind are made:
// no secret, no signature, no token, and no control character of a key.
import { expect, test } from 'vitest';
import { createJob, listJobIds, subscribe } from '../../services/standalone/demo/ask-control.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import { jobXml, roleArn } from '../support/control-front.ts';
import { md5Hex } from '../support/recorded-deliveries.ts';
import { sendRaw, signHeaders } from '../support/signed-request.ts';
import {
  accountId,
  key,
  makeBuckets,
  openStandaloneWorld,
  region,
  seed,
  untilJob,
} from '../support/standalone-world.ts';
import { createTagging, seedTagging } from '../support/tagging-job.ts';

const secrets = {
  callerKey: 'caller/secret+key-0123456789',
  roleToken: 'session-token-of-the-role-0123456789',
  eventsToken: 'events-token-0123456789',
  wrongToken: 'wrong-token-0123456789',
  snsToken: 'sns-token-0123456789',
  cookie: 'cookie-0123456789',
  body: 'text-of-a-body-0123456789',
  query: 'text-of-a-query-0123456789',
};
const caller = { accessKeyId: 'AKIDCALLER', secretAccessKey: secrets.callerKey };
/** All of Unicode's that a terminal may act on; a line's own end is split off. */
const controls =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const drops = { bucket: 'drops', prefix: 'drops/source/daily/' };

async function openTalkative() {
  const world = await openStandaloneWorld();
  makeBuckets(world, drops.bucket, 'source');
  const role = {
    endpoint: world.sandbox.url,
    ...key,
    sessionToken: secrets.roleToken,
    subresourcesSafe: true,
  };
  const rule = {
    name: 'daily',
    ...drops,
    sourceBucket: 'source',
    roleArn,
    operation: { S3PutObjectTagging: { TagSet: [{ Key: 'a', Value: 'b' }] } },
  };
  const running = await world.start({
    S3BATCH_LOG_LEVEL: 'debug',
    S3BATCH_KEYS: world.write('keys.json', [{ ...caller, accountId }]),
    S3BATCH_ROLES: world.write('roles.json', { 'arn:aws:iam::*:role/*': role }),
    S3BATCH_RULES: world.write('rules.json', [rule]),
    S3BATCH_RULES_POLL_MS: '200',
    S3BATCH_EVENTS_TOKEN: secrets.eventsToken,
  });
  const control = openSignedClient(running.url, region, 's3', caller);
  return { world, running: { ...running, control } };
}

/** Asked for at the end: when its refusal is printed, so is everything before it. */
const lastPath = '/v20180820/jobs/asked-for-last';

test('no secret, signature, token, body or query is printed at level debug', async () => {
  const { world, running } = await openTalkative();
  await using _world = world;
  const port = Number(new URL(running.url).port);
  const proofs: string[] = [];
  const options = { ...caller, accountId, region, host: `127.0.0.1:${port}` };
  const ask = async (
    method: string,
    target: string,
    body: string,
    headers: Readonly<Record<string, string>> = {},
    spoil = (authorization: string) => authorization,
  ): Promise<number> => {
    const bytes = new TextEncoder().encode(body);
    const how = { ...options, service: 's3', nowMs: Date.now(), headers, spoil };
    const signed = signHeaders(method, target, bytes, how);
    const authorization = signed.find(([name]) => name === 'authorization')?.[1] ?? '';
    proofs.push(authorization.replace(/.*Signature=/, ''));
    return (await sendRaw(port, method, target, signed, bytes)).status;
  };

  const seeded = seedTagging(world, 'quiet', ['one', 'two']);
  const jobId = await createTagging(running, seeded, 'quiet');
  await untilJob(running.control, jobId, ({ status }) => status === 'Complete');
  expect(await ask('GET', '/v20180820/jobs', '')).toBe(200);
  const spoil = (authorization: string) => authorization.replace(/.{64}$/, 'a'.repeat(64));
  expect(await ask('GET', '/v20180820/jobs', '', {}, spoil)).toBe(403);
  expect(await ask('POST', '/v20180820/jobs', `<${secrets.body}>`)).toBe(400);
  const cookie = { cookie: secrets.cookie, 'x-amz-security-token': secrets.wrongToken };
  await ask('GET', '/v20180820/jobs/none', '', cookie);
  await ask('GET', `/v20180820/jobs?X-Amz-Signature=${secrets.query}`, '');
  await ask('GET', `/?Action=ConfirmSubscription&Token=${secrets.snsToken}`, '');
  const none = new Uint8Array();
  for (const token of [secrets.eventsToken, secrets.wrongToken]) {
    await sendRaw(port, 'POST', '/events', [['x-s3batch-token', token]], none);
    await sendRaw(port, 'POST', '/events', [['authorization', `Bearer ${token}`]], none);
  }
  const sns = openSignedClient(running.url, region, 'sns', caller);
  const url = `http://127.0.0.1:${port}/${secrets.query}?token=${secrets.snsToken}`;
  await subscribe(sns, 'quiet', url).catch(() => undefined);
  await sns.close();
  for (const service of ['worker', 'reporter', 'ingest']) {
    running.process.send(`crash ${service}`);
    await world.heard(new RegExp(`"${service}".*the service starts again`));
  }
  await ask('GET', lastPath, '');
  await world.heard(new RegExp(lastPath));

  const printed = world.lines.join('\n');
  expect(proofs.length).toBeGreaterThan(5);
  const shown = [...Object.values(secrets), ...proofs, key.secretAccessKey, 'AWS4-HMAC-SHA256'];
  expect(shown.filter((secret) => printed.includes(secret))).toEqual([]);
  expect(printed).not.toMatch(/Credential=|Signature=/);
  await running.control.close();
});

test('control characters of keys are printed escaped, whatever goes wrong with them', async () => {
  const { world, running } = await openTalkative();
  await using _world = world;
  const evil = 'evil\u001b[2J\r\n\u0007\u0085\u009b31m\u202e\u2028\u2066key';
  // Half of the objects are gone when their turn comes.
  const seeded = seedTagging(world, 'evil', [evil, `${evil}/gone`]);
  world.sandbox.store.buckets.get('source')?.objects.delete(`${evil}/gone`);
  const jobId = await createTagging(running, seeded, 'evil');
  const job = await untilJob(running.control, jobId, ({ status }) => status === 'Complete');
  expect(job).toMatchObject({ succeeded: 1, failed: 1 });

  // A manifest whose second row is wrong in its key, and a delivery that lists a foreign file.
  const rows = `source,fine\nsource,%zz${evil.replace('\r\n', '')}\n`;
  const manifest =
    '<Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format><Fields>' +
    '<member>Bucket</member><member>Key</member></Fields></Spec><Location>' +
    '<ObjectArn>arn:aws:s3:::manifests/bad.csv</ObjectArn>' +
    `<ETag>${seed(world, 'manifests', 'bad.csv', rows)}</ETag></Location></Manifest>`;
  const bad = await createJob(running.control, accountId, jobXml({ manifest }));
  await untilJob(running.control, bad, ({ status }) => status === 'Failed');
  const file = { key: evil, size: 1, MD5checksum: md5Hex('') };
  const delivery = JSON.stringify({
    sourceBucket: 'source',
    destinationBucket: 'arn:aws:s3:::drops',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key',
    files: [file],
  });
  const folder = `${drops.prefix}2024-05-07T01-00Z/`;
  seed(world, drops.bucket, `${folder}manifest.json`, delivery);
  seed(world, drops.bucket, `${folder}manifest.checksum`, md5Hex(delivery));
  await world.heard(/"rule":"daily".*not under the rule's/);
  await world.heard(/Row 2 .*not URL-encoded/);
  expect(await listJobIds(running.control, accountId)).toHaveLength(2);

  expect(world.lines.filter((line) => controls.test(line))).toEqual([]);
  expect(world.lines.some((line) => line.includes('evil\\u001b[2J'))).toBe(true);
  expect(world.lines.filter((line) => !line.startsWith('{'))).toEqual([]);
  await running.control.close();
});
