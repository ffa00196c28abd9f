// One suite over the S3 ports. What it expects is S3's documented behaviour; a server that differs
// is shown here, not worked around.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRfc3986 } from '../../../services/core/sigv4.ts';
import type {
  CallAnswer,
  Listing,
  Objects,
  StorageAnswer,
} from '../../../services/core/storage.ts';
import { hardKeys } from '../../support/hard-keys.ts';
import {
  openMemorySubject,
  openSandboxSubject,
  openServerSubject,
  type Subject,
} from './subject.ts';

type ListPage = Parameters<Objects['list']>[1];

const never = new AbortController().signal;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytesOf = (content: string) => new TextEncoder().encode(content);

function value<T>(answer: StorageAnswer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw new Error(`expected a success, got ${JSON.stringify(answer)}`);
}

function refusal<T>(answer: StorageAnswer<T>): { status: number; code: string } {
  if (answer.kind !== 'refused') throw new Error(`expected a refusal, got ${answer.kind}`);
  return { status: answer.status, code: answer.code };
}

function answered(answer: CallAnswer): { status: number; code: string | null } {
  if (answer.kind !== 'answered') throw new Error(answer.message);
  expect(answer.requestId).not.toBe('');
  return { status: answer.status, code: answer.code };
}

const environment = process.env;
const endpoint = environment['S3_CONTRACT_ENDPOINT'];

const subjects: readonly (readonly [string, () => Promise<Subject>])[] = [
  ['the memory twin', openMemorySubject],
  ['the adapter on the sandbox', openSandboxSubject],
];

describe.each(subjects)('%s', (_, open) => suite(open, hardKeys));

if (endpoint === undefined) {
  describe.skip('the adapter on another server (set S3_CONTRACT_ENDPOINT)', () => {
    it('is skipped', () => undefined);
  });
} else {
  describe(`the adapter on ${endpoint}`, () => {
    suite(() => {
      const credentials = {
        accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      };
      const region = environment['AWS_REGION'] ?? 'us-east-1';
      return Promise.resolve(openServerSubject(endpoint, credentials, region));
    }, keysOfServer());
  });
}

/** A server on a file system refuses keys that are no paths of files; S3 itself takes all. */
function keysOfServer(): readonly string[] {
  if (environment['S3_CONTRACT_KEYS'] !== 'files') return hardKeys;
  return hardKeys.filter(
    (key) =>
      // Some answer a listing in plain XML although asked for encoded names.
      !key.includes('\u0001') &&
      key.split('/').every((name) => !['', '.', '..'].includes(name) && name.length <= 255),
  );
}

function suite(open: () => Promise<Subject>, keys: readonly string[]): void {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(() => subject.close());

  const at = (bucket: string, key: string, versionId: string | null = null) => ({
    bucket,
    key,
    versionId,
  });
  const put = async (bucket: string, key: string, content: string) =>
    value(
      await subject.storage.objects.write(
        at(bucket, key),
        bytesOf(content),
        { contentType: 'text/x', expectedBucketOwner: null },
        never,
      ),
    );

  it('gives back under each hard key exactly what was written under it', async () => {
    const bucket = await subject.makeBucket(false);
    const { objects } = subject.storage;
    for (const [index, key] of keys.entries()) await put(bucket, key, `content ${index}`);
    for (const [index, key] of keys.entries()) {
      const content = `content ${index}`;
      const head = value(await objects.head(at(bucket, key), never));
      expect(head.bytes).toBe(content.length);
      const read = await objects.read(
        at(bucket, key),
        { start: 0, end: content.length },
        head.etag,
        never,
      );
      expect(text(value(read))).toBe(content);
    }
  });

  it('lists every hard key once, in the order of UTF-8 bytes', async () => {
    const bucket = await subject.makeBucket(false);
    for (const key of keys) await put(bucket, key, 'x');
    const page = { prefix: '', delimiter: '', startAfter: '' };
    const listed = value(await subject.storage.objects.list(bucket, page, never));
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const got = listed.objects.map(({ key }) => key);
    // A server on a file system lists in an order of its own.
    expect(keys === hardKeys ? got : got.toSorted(byBytes)).toEqual([...keys].sort(byBytes));
    expect(listed.next).toBeNull();
    expect(listed.objects[0]).toMatchObject({ bytes: 1, etag: '9dd4e461268c8034f5c8564e155c67a6' });
  });

  it('names the ETag as the MD5 of a small object, without quotes', async () => {
    const bucket = await subject.makeBucket(false);
    expect((await put(bucket, 'a', 'hello')).etag).toBe('5d41402abc4b2a76b9719d911017c592');
  });

  it('reads a range, cut at the end of the object', async () => {
    const bucket = await subject.makeBucket(false);
    await put(bucket, 'a', '0123456789');
    const read = (start: number, end: number) =>
      subject.storage.objects.read(at(bucket, 'a'), { start, end }, null, never);
    expect(text(value(await read(2, 5)))).toBe('234');
    expect(text(value(await read(8, 100)))).toBe('89');
    expect(text(value(await read(3, 3)))).toBe('');
    expect(refusal(await read(10, 20))).toEqual({ status: 416, code: 'InvalidRange' });
  });

  it('refuses to read a changed object with 412', async () => {
    const bucket = await subject.makeBucket(false);
    const { etag } = await put(bucket, 'a', 'one');
    await put(bucket, 'a', 'two');
    const { objects } = subject.storage;
    const changed = { status: 412, code: 'PreconditionFailed' };
    const read = (end: number) => objects.read(at(bucket, 'a'), { start: 0, end }, etag, never);
    expect(refusal(await read(3))).toEqual(changed);
    expect(refusal(await read(0))).toEqual(changed);
  });

  it('tells a missing key from a missing bucket', async () => {
    const bucket = await subject.makeBucket(false);
    const { objects } = subject.storage;
    const range = { start: 0, end: 1 };
    expect(refusal(await objects.read(at(bucket, 'no'), range, null, never))).toEqual({
      status: 404,
      code: 'NoSuchKey',
    });
    expect(refusal(await objects.read(at('no-such-bucket-x', 'no'), range, null, never))).toEqual({
      status: 404,
      code: 'NoSuchBucket',
    });
  });

  it('calls all that a HEAD does not find NoSuchKey: its answer cannot say more', async () => {
    const bucket = await subject.makeBucket(false);
    const { objects } = subject.storage;
    const missing = { status: 404, code: 'NoSuchKey' };
    expect(refusal(await objects.head(at(bucket, 'no'), never))).toEqual(missing);
    expect(refusal(await objects.head(at('no-such-bucket-x', 'no'), never))).toEqual(missing);
  });

  it('pages through a listing with delimiter, each name once', async () => {
    const bucket = await subject.makeBucket(false);
    const names = Array.from({ length: 1200 }, (_, index) => `d${String(index).padStart(4, '0')}`);
    await Promise.all(names.map((name) => put(bucket, `${name}/x`, '')));
    await put(bucket, 'top', '');
    const prefixes: string[] = [];
    const keys: string[] = [];
    let startAfter: string | null = '';
    while (startAfter !== null) {
      const page: ListPage = { prefix: '', delimiter: '/', startAfter };
      const listed: Listing = value(await subject.storage.objects.list(bucket, page, never));
      prefixes.push(...listed.commonPrefixes);
      keys.push(...listed.objects.map(({ key }) => key));
      startAfter = listed.next;
    }
    expect(prefixes).toEqual(names.map((name) => `${name}/`));
    expect(keys).toEqual(['top']);
  });

  it('lists only what starts with a prefix, after a key', async () => {
    const bucket = await subject.makeBucket(false);
    for (const key of ['a', 'p/1', 'p/2', 'p/3', 'q']) await put(bucket, key, '');
    const page = { prefix: 'p/', delimiter: '', startAfter: 'p/1' };
    const listed = value(await subject.storage.objects.list(bucket, page, never));
    expect(listed.objects.map(({ key }) => key)).toEqual(['p/2', 'p/3']);
  });

  it('removes an object, and is content where there is none', async () => {
    const bucket = await subject.makeBucket(false);
    await put(bucket, 'a', 'x');
    const { objects } = subject.storage;
    value(await objects.remove(at(bucket, 'a'), never));
    value(await objects.remove(at(bucket, 'a'), never));
    expect(refusal(await objects.head(at(bucket, 'a'), never)).status).toBe(404);
  });

  it('sets and removes the tags of each hard key, and of no other', async () => {
    const bucket = await subject.makeBucket(false);
    const { calls } = subject.storage;
    for (const key of keys) await put(bucket, key, 'x');
    for (const [index, key] of keys.entries()) {
      const tags = [
        { Key: 'index', Value: String(index) },
        { Key: 'empty value', Value: '' },
        { Key: 'é+/=.:@-_', Value: 'ü' },
      ];
      const input = { Bucket: bucket, Key: key, Tagging: { TagSet: tags } };
      const set = await calls.call({ command: 'PutObjectTagging', input }, never);
      expect(answered(set)).toEqual({ status: 200, code: null });
    }
    for (const [index, key] of keys.entries()) {
      const { tags } = await subject.witness(bucket, key, null);
      expect(tags).toEqual({ index: String(index), 'empty value': '', 'é+/=.:@-_': 'ü' });
      const input = { Bucket: bucket, Key: key };
      const gone = await calls.call({ command: 'DeleteObjectTagging', input }, never);
      expect(answered(gone)).toEqual({ status: 204, code: null });
      expect((await subject.witness(bucket, key, null)).tags).toEqual({});
    }
  });

  it('refuses an eleventh tag, a repeated one, and tags on a missing key', async () => {
    const bucket = await subject.makeBucket(false);
    await put(bucket, 'a', 'x');
    const tag = async (key: string, names: readonly string[]) => {
      const TagSet = names.map((Key) => ({ Key, Value: 'v' }));
      const input = { Bucket: bucket, Key: key, Tagging: { TagSet } };
      const call = { command: 'PutObjectTagging', input } as const;
      return answered(await subject.storage.calls.call(call, never));
    };
    const eleven = Array.from({ length: 11 }, (_, index) => `t${index}`);
    expect((await tag('a', eleven)).status).toBe(400);
    expect(await tag('a', ['t', 't'])).toEqual({ status: 400, code: 'InvalidTag' });
    expect(await tag('missing', ['t'])).toEqual({ status: 404, code: 'NoSuchKey' });
  });

  it('tags the version that is named, and no newer one', async () => {
    const bucket = await subject.makeBucket(true);
    const first = await put(bucket, 'a', 'one');
    await put(bucket, 'a', 'two');
    const VersionId = first.versionId ?? '';
    expect(VersionId).not.toBe('');
    const TagSet = [{ Key: 'k', Value: 'v' }];
    const input = { Bucket: bucket, Key: 'a', VersionId, Tagging: { TagSet } };
    const set = await subject.storage.calls.call({ command: 'PutObjectTagging', input }, never);
    expect(answered(set).code).toBeNull();
    expect((await subject.witness(bucket, 'a', VersionId)).tags).toEqual({ k: 'v' });
    expect((await subject.witness(bucket, 'a', null)).tags).toEqual({});
  });

  it('copies bytes, content type and tags, from each hard key to each', async () => {
    const bucket = await subject.makeBucket(false);
    const target = await subject.makeBucket(false);
    const { objects, calls } = subject.storage;
    const source = (key: string) => `${bucket}/${encodeRfc3986(key).replaceAll('%2F', '/')}`;
    for (const [index, key] of keys.entries()) {
      await put(bucket, key, `copy ${index}`);
      const TagSet = [{ Key: 'index', Value: String(index) }];
      const tagging = { Bucket: bucket, Key: key, Tagging: { TagSet } };
      await calls.call({ command: 'PutObjectTagging', input: tagging }, never);
      const input = { Bucket: target, Key: key, CopySource: source(key) };
      expect(answered(await calls.call({ command: 'CopyObject', input }, never))).toEqual({
        status: 200,
        code: null,
      });
      const read = await objects.read(at(target, key), { start: 0, end: 100 }, null, never);
      expect(text(value(read))).toBe(`copy ${index}`);
      expect(await subject.witness(target, key, null)).toMatchObject({
        contentType: 'text/x',
        tags: { index: String(index) },
      });
    }
  });

  it('replaces metadata, content type and tags where the directives say so', async () => {
    const bucket = await subject.makeBucket(false);
    await put(bucket, 'a', 'x');
    const input = {
      Bucket: bucket,
      Key: 'b',
      CopySource: `${bucket}/a`,
      MetadataDirective: 'REPLACE',
      TaggingDirective: 'REPLACE',
      ContentType: 'text/y',
      Metadata: { colour: 'red' },
      Tagging: 'k=v%20w&empty=',
    };
    const copied = await subject.storage.calls.call({ command: 'CopyObject', input }, never);
    expect(answered(copied).code).toBeNull();
    expect(await subject.witness(bucket, 'b', null)).toEqual({
      contentType: 'text/y',
      metadata: { colour: 'red' },
      tags: { k: 'v w', empty: '' },
    });
  });

  it('refuses a copy onto itself that changes nothing, and a copy of a missing key', async () => {
    const bucket = await subject.makeBucket(false);
    await put(bucket, 'a', 'x');
    const copy = async (from: string) => {
      const input = { Bucket: bucket, Key: 'a', CopySource: `${bucket}/${from}` };
      const call = { command: 'CopyObject', input } as const;
      return answered(await subject.storage.calls.call(call, never));
    };
    expect(await copy('a')).toEqual({ status: 400, code: 'InvalidRequest' });
    expect(await copy('missing')).toEqual({ status: 404, code: 'NoSuchKey' });
  });

  it('refuses a copy with 412 when the source was not modified since', async () => {
    const bucket = await subject.makeBucket(false);
    const { lastModifiedMs } = value(
      await (async () => {
        await put(bucket, 'a', 'x');
        return subject.storage.objects.head(at(bucket, 'a'), never);
      })(),
    );
    const copy = async (conditions: object) => {
      const input = { Bucket: bucket, Key: 'b', CopySource: `${bucket}/a`, ...conditions };
      const call = { command: 'CopyObject', input } as const;
      return answered(await subject.storage.calls.call(call, never));
    };
    const dayMs = 86_400_000;
    expect(await copy({ CopySourceIfUnmodifiedSince: lastModifiedMs - dayMs })).toEqual({
      status: 412,
      code: 'PreconditionFailed',
    });
    expect(await copy({ CopySourceIfModifiedSince: lastModifiedMs - dayMs })).toEqual({
      status: 200,
      code: null,
    });
  });

  it('answers an aborted call as unreachable', async () => {
    const bucket = await subject.makeBucket(false);
    const answer = await subject.storage.objects.head(at(bucket, 'a'), AbortSignal.abort());
    expect(answer.kind).toBe('unreachable');
  });
}
