// The requests we send against those that the SDK itself would send: equal in method, path, query,
// headers and body, over hard keys; first as the SDK hands them to its HTTP handler, then as bytes
// on a socket. Left out: date, signature, user agent, and the SDK's own ids of an invocation.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../services/adapters/process/clock.ts';
import { type ModelCommand, openModel } from '../../../services/adapters/s3/model.ts';
import type { RoleProfile } from '../../../services/adapters/s3/profile.ts';
import { openRoles } from '../../../services/adapters/s3/roles.ts';
import { openSigner } from '../../../services/adapters/s3/sign.ts';
import { encodeRfc3986 } from '../../../services/core/sigv4.ts';
import { hardKeys } from '../../support/hard-keys.ts';

interface Seen {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Captured {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const left = [
  'authorization',
  'x-amz-date',
  'user-agent',
  'x-amz-user-agent',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
];

function kept(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.includes(name)));
}

/** What send would put into the request line's query, in the SDK's own spelling. */
function queryOf(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .sort()
    .map((name) => `${encodeRfc3986(name)}=${encodeRfc3986(query[name] ?? '')}`)
    .join('&');
}

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'token',
};

const profiles: readonly (readonly [string, RoleProfile])[] = [
  ['a path-style endpoint', profile('http://127.0.0.1:9000', true)],
  ['an endpoint with a base path', profile('http://127.0.0.1:9000/base', true)],
  ['a host-style endpoint', profile('http://localhost:9000', false)],
  ['AWS', profile(null, false)],
];

function profile(endpoint: string | null, forcePathStyle: boolean): RoleProfile {
  const region = 'eu-central-1';
  return { pattern: '*', endpoint, region, credentials, forcePathStyle, subresourcesSafe: true };
}

async function sentBySdk(
  { endpoint, region, forcePathStyle }: RoleProfile,
  run: (client: S3Client) => Promise<unknown>,
): Promise<Seen> {
  let seen: Seen | undefined;
  const client = new S3Client({
    region,
    forcePathStyle,
    credentials,
    ...(endpoint === null ? {} : { endpoint }),
    maxAttempts: 1,
    requestHandler: {
      handle: (request: Captured) => {
        const { body } = request;
        const text =
          typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : '';
        seen = {
          method: request.method,
          host: request.headers['host'] ?? '',
          path: request.path,
          query: queryOf(Object.fromEntries(Object.entries(request.query).map(one))),
          headers: kept(request.headers),
          body: text.toString(),
        };
        return Promise.reject(new Error('captured'));
      },
    },
  });
  await run(client).catch(() => undefined);
  if (seen === undefined) throw new Error('the SDK sent nothing');
  return seen;
}

function one([name, value]: [string, unknown]): [string, string] {
  return [name, typeof value === 'string' ? value : ''];
}

async function sentByUs(
  role: RoleProfile,
  command: ModelCommand,
  input: { readonly Bucket: string },
): Promise<Seen> {
  const modelled = await openModel(role).serialise(command, { ...input });
  if (modelled.kind === 'unsendable') throw new Error(modelled.message);
  const { request } = modelled;
  const lines = openSigner().sign(request, credentials, Date.UTC(2026, 0, 1));
  const headers: Record<string, string> = {};
  for (let index = 0; index < lines.length; index += 2) {
    const value = Buffer.from(lines[index + 1] ?? '', 'latin1').toString();
    headers[lines[index] ?? ''] = value;
  }
  return {
    method: request.method,
    host: request.host,
    path: request.path,
    query: request.query,
    headers: kept(headers),
    body: request.body === null ? '' : Buffer.from(request.body).toString(),
  };
}

const tagSets = [
  [{ Key: 'k', Value: 'v' }],
  [
    { Key: 'a&<>"\'', Value: '' },
    { Key: 'line\nbreak\r\ttab', Value: ' é 日本 😀 ' },
  ],
  [],
];
const Bucket = 'bucket';

describe.each(profiles)('at %s', (_, role) => {
  const keys = hardKeys.map((key) => [key] as const);

  it.each(keys)('every call on %j equals what client.send would send', async (Key) => {
    const compare = async (
      command: ModelCommand,
      input: { readonly Bucket: string },
      run: (client: S3Client) => Promise<unknown>,
    ) => expect(await sentByUs(role, command, input)).toEqual(await sentBySdk(role, run));

    for (const TagSet of tagSets) {
      const input = { Bucket, Key, VersionId: 'v+/1', Tagging: { TagSet } };
      await compare('PutObjectTagging', input, (c) => c.send(new PutObjectTaggingCommand(input)));
    }
    const at = { Bucket, Key };
    await compare('DeleteObjectTagging', at, (c) => c.send(new DeleteObjectTaggingCommand(at)));
    await compare('HeadObject', at, (c) => c.send(new HeadObjectCommand(at)));
    await compare('DeleteObject', at, (c) => c.send(new DeleteObjectCommand(at)));
    const ranged = { ...at, Range: 'bytes=0-9', IfMatch: '"etag"' };
    await compare('GetObject', ranged, (c) => c.send(new GetObjectCommand(ranged)));
    const put = {
      ...at,
      Body: Buffer.from('content é'),
      ContentType: 'text/csv',
      ExpectedBucketOwner: '123456789012',
    };
    await compare('PutObject', put, (c) => c.send(new PutObjectCommand(put)));
    const page = {
      Bucket,
      Prefix: Key,
      Delimiter: '/',
      StartAfter: Key,
      EncodingType: 'url' as const,
    };
    await compare('ListObjectsV2', page, (c) => c.send(new ListObjectsV2Command(page)));
    const CopySource = `source/${encodeRfc3986(Key)}?versionId=1`;
    const copy = { ...at, CopySource };
    await compare('CopyObject', copy, (c) => c.send(new CopyObjectCommand(copy)));
  });

  it('a copy with every member equals what client.send would send', async () => {
    const date = new Date(1_700_000_000_000);
    const input = {
      Bucket,
      Key: 'k',
      CopySource: 'source/k',
      ACL: 'bucket-owner-full-control' as const,
      BucketKeyEnabled: true,
      CacheControl: 'no-cache',
      ChecksumAlgorithm: 'SHA256' as const,
      ContentDisposition: 'attachment; filename="a b"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      ContentType: 'text/plain; charset=utf-8',
      CopySourceIfModifiedSince: date,
      CopySourceIfUnmodifiedSince: date,
      Expires: date,
      GrantFullControl: 'id=1',
      GrantRead: 'id=2',
      GrantReadACP: 'id=3',
      GrantWriteACP: 'id=4',
      Metadata: { Colour: 'red', empty: '' },
      MetadataDirective: 'REPLACE' as const,
      ObjectLockLegalHoldStatus: 'ON' as const,
      ObjectLockMode: 'GOVERNANCE' as const,
      ObjectLockRetainUntilDate: date,
      RequestPayer: 'requester' as const,
      ServerSideEncryption: 'aws:kms' as const,
      SSEKMSKeyId: 'key',
      StorageClass: 'STANDARD_IA' as const,
      Tagging: 'a=b&c=',
      TaggingDirective: 'REPLACE' as const,
      WebsiteRedirectLocation: '/elsewhere',
    };
    const ours = await sentByUs(role, 'CopyObject', input);
    expect(ours).toEqual(await sentBySdk(role, (c) => c.send(new CopyObjectCommand(input))));
  });
});

/** Answers 200 to each request, and keeps its first bytes. */
async function captureOnSocket(run: (endpoint: string) => Promise<unknown>): Promise<string[]> {
  const requestLines: string[] = [];
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (!text.includes(' HTTP/1.1\r\n')) return;
      requestLines.push(text.slice(0, text.indexOf('\r\n')));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const { port }: Pick<AddressInfo, 'port'> =
    typeof address === 'object' && address !== null ? address : { port: 0 };
  await run(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => server.close(resolve));
  return requestLines;
}

describe('on the wire', () => {
  it('the request line of each hard key is, byte for byte, the one the SDK writes', async () => {
    const ours = await captureOnSocket(async (endpoint) => {
      const roles = openRoles({ profiles: [{ ...profile(endpoint, true) }], clock: systemClock });
      const storage = roles.resolve('any');
      for (const Key of hardKeys) {
        const input = { Bucket, Key, VersionId: 'v' };
        const call = { command: 'DeleteObjectTagging', input } as const;
        await storage?.calls.call(call, new AbortController().signal);
      }
      await roles.close();
    });
    const theirs = await captureOnSocket(async (endpoint) => {
      const region = 'eu-central-1';
      const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
      for (const Key of hardKeys) {
        const input = { Bucket, Key, VersionId: 'v' };
        await client.send(new DeleteObjectTaggingCommand(input)).catch(() => undefined);
      }
      client.destroy();
    });
    expect(ours).toHaveLength(hardKeys.length);
    expect(ours).toEqual(theirs);
    expect(ours).toContain('DELETE /bucket/../x?tagging=&versionId=v HTTP/1.1');
  });
});
