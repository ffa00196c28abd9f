// The Objects port: what ingest, reporter and rules need of a bucket.
import type {
  ByteRange,
  Listing,
  ObjectAddress,
  ObjectHead,
  Objects,
  StorageAnswer,
  WriteSettings,
} from '../../core/storage.ts';
import type { Engine, Sent } from './engine.ts';
import { parseListPage } from './list-page.ts';
import type { ModelInput } from './model.ts';
import { responseHeader, type S3Response } from './request.ts';
import type { ExchangeLimits } from './transport.ts';

const silenceMsMax = 60_000;
const smallLimits: ExchangeLimits = { silenceMsMax, bodyBytesMax: 1024 * 1024 };
const listLimits: ExchangeLimits = { silenceMsMax, bodyBytesMax: 16 * 1024 * 1024 };
const writeBytesMax = 64 * 1024 * 1024;
/** A server may ignore Range and send the whole of a small object, or an error document. */
const rangeSlackBytes = 64 * 1024;

export function openObjects(engine: Engine): Objects {
  return {
    head: (at, signal) => head(engine, at, null, signal),
    read: (at, range, ifMatch, signal) => read(engine, at, range, ifMatch, signal),
    write: (at, bytes, settings, signal) => write(engine, at, bytes, settings, signal),
    list: (bucket, page, signal) => list(engine, bucket, page, signal),
    remove: async (at, signal) => {
      const sent = await engine.send('DeleteObject', addressed(at), smallLimits, signal);
      return sent.kind === 'ok' ? { kind: 'ok', value: null } : failure(sent);
    },
  };
}

async function head(
  engine: Engine,
  at: ObjectAddress,
  ifMatch: string | null,
  signal: AbortSignal,
): Promise<StorageAnswer<ObjectHead>> {
  const input = { ...addressed(at), ...matching(ifMatch) };
  const sent = await engine.send('HeadObject', input, smallLimits, signal);
  if (sent.kind !== 'ok') return failure(sent);
  return {
    kind: 'ok',
    value: headOf(sent.response, Number(responseHeader(sent.response, 'content-length') ?? 0)),
  };
}

async function read(
  engine: Engine,
  at: ObjectAddress,
  range: ByteRange,
  ifMatch: string | null,
  signal: AbortSignal,
): Promise<StorageAnswer<Uint8Array>> {
  const length = range.end - range.start;
  if (length <= 0) {
    // HTTP has no empty range; a HEAD still says whether the object is there and unchanged.
    const found = await head(engine, at, ifMatch, signal);
    return found.kind === 'ok' ? { kind: 'ok', value: new Uint8Array(0) } : found;
  }
  const input = {
    ...addressed(at),
    ...matching(ifMatch),
    Range: `bytes=${range.start}-${range.end - 1}`,
  };
  const limits = { silenceMsMax, bodyBytesMax: length + rangeSlackBytes };
  const sent = await engine.send('GetObject', input, limits, signal);
  if (sent.kind !== 'ok') return failure(sent);
  const { response } = sent;
  if (response.status === 206) return { kind: 'ok', value: response.body };
  // A server that ignores Range sends everything; only what was asked for may pass.
  const slice = response.body.subarray(range.start, range.end);
  return { kind: 'ok', value: slice };
}

async function write(
  engine: Engine,
  at: ObjectAddress,
  bytes: Uint8Array,
  settings: WriteSettings,
  signal: AbortSignal,
): Promise<StorageAnswer<ObjectHead>> {
  if (bytes.length > writeBytesMax) {
    throw new Error(`${bytes.length} bytes are more than one write takes (${writeBytesMax})`);
  }
  const input = {
    ...addressed(at),
    Body: bytes,
    ContentType: settings.contentType,
    ...(settings.expectedBucketOwner === null
      ? {}
      : { ExpectedBucketOwner: settings.expectedBucketOwner }),
  };
  const sent = await engine.send('PutObject', input, smallLimits, signal);
  if (sent.kind !== 'ok') return failure(sent);
  return { kind: 'ok', value: headOf(sent.response, bytes.length) };
}

async function list(
  engine: Engine,
  bucket: string,
  page: { readonly prefix: string; readonly delimiter: string; readonly startAfter: string },
  signal: AbortSignal,
): Promise<StorageAnswer<Listing>> {
  const input: ModelInput = {
    Bucket: bucket,
    EncodingType: 'url',
    ...(page.prefix === '' ? {} : { Prefix: page.prefix }),
    ...(page.delimiter === '' ? {} : { Delimiter: page.delimiter }),
    ...(page.startAfter === '' ? {} : { StartAfter: page.startAfter }),
  };
  const sent = await engine.send('ListObjectsV2', input, listLimits, signal);
  if (sent.kind !== 'ok') return failure(sent);
  const listing = parseListPage(Buffer.from(sent.response.body).toString(), page.startAfter);
  if (listing !== null) return { kind: 'ok', value: listing };
  return { kind: 'unreachable', message: `bucket ${bucket}: the answer is not an S3 listing` };
}

function addressed(at: ObjectAddress): ModelInput & { readonly Key: string } {
  const version = at.versionId === null ? {} : { VersionId: at.versionId };
  return { Bucket: at.bucket, Key: at.key, ...version };
}

function matching(ifMatch: string | null): { readonly IfMatch?: string } {
  return ifMatch === null ? {} : { IfMatch: `"${ifMatch.replaceAll('"', '')}"` };
}

function headOf(response: S3Response, bytes: number): ObjectHead {
  const versionId = responseHeader(response, 'x-amz-version-id');
  const lastModified =
    responseHeader(response, 'last-modified') ?? responseHeader(response, 'date');
  return {
    etag: (responseHeader(response, 'etag') ?? '').replaceAll('"', ''),
    bytes,
    versionId: versionId === 'null' ? null : versionId,
    // What cannot be read is old, as what is not said: a delivery rule starts nothing for it.
    lastModifiedMs: lastModified === null ? 0 : Date.parse(lastModified) || 0,
  };
}

function failure(sent: Exclude<Sent, { readonly kind: 'ok' }>): StorageAnswer<never> {
  if (sent.kind === 'unreachable') return sent;
  const { kind, status, code, message } = sent;
  return { kind, status, code, message };
}
