// The demo's buckets in the sandbox: filled, read back, and looked into over plain signed HTTP.
import { createHash } from 'node:crypto';
import { encodeRfc3986 } from '../../core/sigv4.ts';
import { concurrently } from './concurrently.ts';
import { objectPath, type SignedClient } from './signed-client.ts';

const requestsAtOnce = 64;

export interface FilledObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
}

export async function makeBucket(s3: SignedClient, bucket: string): Promise<void> {
  await expectDone(s3, { method: 'PUT', path: `/${bucket}` }, `bucket ${bucket}`);
}

export async function fill(
  s3: SignedClient,
  bucket: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<FilledObject[]> {
  const filled: FilledObject[] = [];
  await concurrently(keys, requestsAtOnce, signal, async (key, index) => {
    const body = new TextEncoder().encode(`object ${index}: ${key}`);
    await putObject(s3, bucket, key, body);
    const etag = createHash('md5').update(body).digest('hex');
    filled.push({ key, bytes: body.length, etag });
  });
  return filled;
}

export async function putObject(
  s3: SignedClient,
  bucket: string,
  key: string,
  body: Uint8Array,
): Promise<void> {
  await expectDone(s3, { method: 'PUT', path: objectPath(bucket, key), body }, `put ${key}`);
}

export async function removeObject(s3: SignedClient, bucket: string, key: string): Promise<void> {
  const answer = await s3.request({ method: 'DELETE', path: objectPath(bucket, key) });
  if (answer.status !== 204) throw new Error(`delete ${key} answered ${answer.status}`);
}

export async function getObject(
  s3: SignedClient,
  bucket: string,
  key: string,
): Promise<Uint8Array> {
  const answer = await s3.request({ method: 'GET', path: objectPath(bucket, key) });
  if (answer.status !== 200) throw new Error(`get ${key} answered ${answer.status}`);
  return answer.body;
}

/** Keys whose tag is not that value, among the given ones. */
export async function withoutTag(
  s3: SignedClient,
  bucket: string,
  keys: readonly string[],
  tag: { readonly key: string; readonly value: string },
  signal: AbortSignal,
): Promise<string[]> {
  const wrong: string[] = [];
  const wanted = `<Key>${tag.key}</Key><Value>${tag.value}</Value>`;
  await concurrently(keys, requestsAtOnce, signal, async (key) => {
    const path = objectPath(bucket, key);
    const answer = await s3.request({ method: 'GET', path, query: `${encodeRfc3986('tagging')}=` });
    if (!new TextDecoder().decode(answer.body).includes(wanted)) wrong.push(key);
  });
  return wrong;
}

async function expectDone(
  s3: SignedClient,
  request: Parameters<SignedClient['request']>[0],
  what: string,
): Promise<void> {
  const answer = await s3.request(request);
  if (answer.status === 200) return;
  throw new Error(`${what} answered ${answer.status}: ${new TextDecoder().decode(answer.body)}`);
}
