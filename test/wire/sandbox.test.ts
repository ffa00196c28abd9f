// The sandbox as unchanged clients see it: the JS SDK with its defaults, and the AWS CLI and boto3
// where they are installed (in CI their absence is a failure).
import { execFile } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { promisify } from 'node:util';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../../services/adapters/s3/model.ts';
import { openSigner } from '../../services/adapters/s3/sign.ts';
import { openSandbox, type Sandbox } from '../../services/sandbox/open-sandbox.ts';
import { awsCli, hasBoto3, hasCli, python } from '../support/clients.ts';
import { hardKeys } from '../support/hard-keys.ts';

const run = promisify(execFile);
const credentials = { accessKeyId: 'wire', secretAccessKey: 'wire-secret' };
let sandbox: Sandbox;
let client: S3Client;
let bucketsMade = 0;

beforeAll(async () => {
  sandbox = await openSandbox({ credentials: [credentials] });
  client = new S3Client({
    endpoint: sandbox.url,
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await sandbox.close();
});

async function makeBucket(): Promise<string> {
  bucketsMade += 1;
  const Bucket = `wire-${bucketsMade}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

async function nameOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error.name : 'no error';
}

const environment = {
  ...process.env,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

describe('the JS SDK', () => {
  it('puts, tags by header, reads and copies every hard key', async () => {
    const Bucket = await makeBucket();
    for (const Key of hardKeys) {
      const Body = `content of ${Key}`;
      await client.send(new PutObjectCommand({ Bucket, Key, Body, Tagging: 'a=b%20c' }));
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await got.Body?.transformToString()).toBe(Body);
      const CopySource = encodeURIComponent(`${Bucket}/${Key}`).replaceAll('%2F', '/');
      // Kept below S3's limit of 1,024 bytes.
      const target = `copy/${Key}`.slice(0, 1000);
      await client.send(new CopyObjectCommand({ Bucket, Key: target, CopySource }));
      const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: target }));
      expect(TagSet).toEqual([{ Key: 'a', Value: 'b c' }]);
    }
  });

  it('pages through a listing with continuation tokens, and deletes many keys at once', async () => {
    const Bucket = await makeBucket();
    for (const Key of hardKeys) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const input = { Bucket, MaxKeys: 5, EncodingType: 'url' as const, ContinuationToken };
      const page: {
        Contents?: { Key?: string | undefined }[] | undefined;
        NextContinuationToken?: string | undefined;
      } = await client.send(new ListObjectsV2Command(input));
      for (const { Key } of page.Contents ?? []) {
        keys.push(decodeURIComponent((Key ?? '').replaceAll('+', ' ')));
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(new Set(keys)).toEqual(new Set(hardKeys));
    expect(keys).toHaveLength(hardKeys.length);
    const Objects = hardKeys.map((Key) => ({ Key }));
    const { Deleted } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual(hardKeys);
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });

  it('sees versions and delete markers', async () => {
    const Bucket = await makeBucket();
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '1' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '2' }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }));
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.Versions?.map(({ IsLatest }) => IsLatest)).toEqual([false, false]);
    expect(listed.DeleteMarkers?.map(({ IsLatest }) => IsLatest)).toEqual([true]);
    expect(await nameOf(client.send(new GetObjectCommand({ Bucket, Key: 'k' })))).toBe('NoSuchKey');
    const old = await client.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId }));
    expect(await old.Body?.transformToString()).toBe('1');
  });

  it('is refused a write where there is an object, if it asks for that', async () => {
    const Bucket = await makeBucket();
    const put = () =>
      client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', IfNoneMatch: '*' }));
    await put();
    expect(await nameOf(put())).toBe('PreconditionFailed');
  });

  it('is told NotImplemented for a sub-resource not served, and the object is untouched', async () => {
    const Bucket = await makeBucket();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept' }));
    const acl = new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' });
    expect(await nameOf(client.send(acl))).toBe('NotImplemented');
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(await got.Body?.transformToString()).toBe('kept');
  });

  it('reaches a bucket by host style', async () => {
    const Bucket = await makeBucket();
    await client.send(new PutObjectCommand({ Bucket, Key: '../x', Body: 'x' }));
    const profile = {
      pattern: '*',
      endpoint: `http://localhost:${sandbox.port}`,
      region: 'us-east-1',
      credentials: null,
      forcePathStyle: false,
      subresourcesSafe: true,
    };
    const modelled = await openModel(profile).serialise('GetObject', { Bucket, Key: '../x' });
    if (modelled.kind === 'unsendable') throw new Error(modelled.message);
    expect(modelled.request).toMatchObject({ host: `${Bucket}.localhost:${sandbox.port}` });
    const { path, query } = modelled.request;
    const headers = openSigner().sign(modelled.request, credentials, Date.now());
    const body = await new Promise((resolve, reject) => {
      // The name need not resolve: only the Host header matters.
      const options = { host: '127.0.0.1', port: sandbox.port, path: `${path}?${query}`, headers };
      const sent = httpRequest(options, (response) => {
        response.setEncoding('utf8').once('data', resolve);
      });
      sent.on('error', reject).end();
    });
    expect(body).toBe('x');
  });
});

describe('strangers', () => {
  it('are refused without a signature, with another secret, and beyond loopback', async () => {
    expect((await fetch(`${sandbox.url}/bucket/key`)).status).toBe(403);
    const stranger = new S3Client({
      endpoint: sandbox.url,
      region: 'us-east-1',
      credentials: { ...credentials, secretAccessKey: 'guess' },
      forcePathStyle: true,
      maxAttempts: 1,
    });
    const attempt = stranger.send(new CreateBucketCommand({ Bucket: 'stolen' }));
    expect(await nameOf(attempt)).toBe('SignatureDoesNotMatch');
    stranger.destroy();
    await expect(openSandbox({ host: '0.0.0.0', credentials: [] })).rejects.toThrow('loopback');
  });

  it('get an answer to a broken request line, and the sandbox lives on', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          port: sandbox.port,
          path: '/bucket/%ZZ',
          headers: { authorization: 'AWS4-HMAC-SHA256 x' },
        },
        (response) => resolve(response.resume().statusCode),
      );
      request.on('error', reject);
      request.end();
    });
    expect(status).toBe(403);
    expect((await fetch(sandbox.url)).status).toBe(403);
  });
});

describe.skipIf(!hasCli && process.env['CI'] !== 'true')('the AWS CLI', () => {
  const aws = async (...words: string[]) =>
    (await run(awsCli, ['--endpoint-url', sandbox.url, ...words], { env: environment })).stdout;

  it('makes a bucket, puts, lists, tags, copies and removes', async () => {
    await aws('s3', 'mb', 's3://cli');
    const child = run(awsCli, ['--endpoint-url', sandbox.url, 's3', 'cp', '-', 's3://cli/a b+c'], {
      env: environment,
    });
    child.child.stdin?.end('from the CLI');
    await child;
    expect(await aws('s3', 'ls', 's3://cli')).toContain('a b+c');
    expect(await aws('s3', 'cp', 's3://cli/a b+c', '-')).toBe('from the CLI');
    const tagging = 'TagSet=[{Key=k,Value=v w}]';
    const at = ['--bucket', 'cli', '--key', 'a b+c'];
    await aws('s3api', 'put-object-tagging', ...at, '--tagging', tagging);
    expect(await aws('s3api', 'get-object-tagging', ...at, '--output', 'text')).toMatch(/k\tv w/);
    await aws('s3', 'cp', 's3://cli/a b+c', 's3://cli/copy');
    await aws('s3', 'rm', 's3://cli', '--recursive');
    expect(await aws('s3', 'ls', 's3://cli')).toBe('');
  });
});

describe.skipIf(!hasBoto3 && process.env['CI'] !== 'true')('boto3', () => {
  it('puts, reads, tags and lists every hard key', async () => {
    const script = `
import boto3, json, sys
keys = json.loads(sys.argv[2])
s3 = boto3.client('s3', endpoint_url=sys.argv[1])
s3.create_bucket(Bucket='boto')
for key in keys:
    s3.put_object(Bucket='boto', Key=key, Body=key.encode(), ContentType='text/plain')
    s3.put_object_tagging(Bucket='boto', Key=key, Tagging={'TagSet': [{'Key': 'k', 'Value': ''}]})
    got = s3.get_object(Bucket='boto', Key=key)
    assert got['Body'].read() == key.encode(), key
    assert s3.get_object_tagging(Bucket='boto', Key=key)['TagSet'] == [{'Key': 'k', 'Value': ''}], key
listed = [o['Key'] for p in s3.get_paginator('list_objects_v2').paginate(
    Bucket='boto', PaginationConfig={'PageSize': 4}) for o in p['Contents']]
assert listed == sorted(keys, key=lambda k: k.encode()), listed
print(len(listed))
`;
    const argv = ['-c', script, sandbox.url, JSON.stringify(hardKeys)];
    const { stdout } = await run(python, argv, { env: environment });
    expect(Number(stdout)).toBe(hardKeys.length);
  });
});
