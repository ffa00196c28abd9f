// The memory twin of the S3 ports: one role's Objects and Calls over the sandbox's store, without
// HTTP. It records every call, answers scripted faults, and awaits `step` at the start of every
// method and, where it had an effect, once more before it answers (label + ' done'): there a test
// delays, fails or kills. Nothing in it reads a clock, so a seeded run repeats itself.
import type { S3Call } from '../../services/core/s3-call.ts';
import type {
  CallAnswer,
  Calls,
  ObjectAddress,
  ObjectHead,
  Objects,
  RoleStorage,
  Roles,
  StorageAnswer,
} from '../../services/core/storage.ts';
import { createBucket } from '../../services/sandbox/bucket.ts';
import { type CopyRequest, copyObject } from '../../services/sandbox/copy-object.ts';
import { parseCopySource } from '../../services/sandbox/copy-source.ts';
import { deleteObject } from '../../services/sandbox/delete-object.ts';
import { listObjects } from '../../services/sandbox/list-objects.ts';
import {
  etagMatches,
  noPutConditions,
  preconditionFailed,
  putObject,
} from '../../services/sandbox/put-object.ts';
import { type Answer, ok, refuse } from '../../services/sandbox/refusal.ts';
import {
  findVersion,
  noFields,
  noTags,
  openStore,
  type Store,
  type Version,
} from '../../services/sandbox/store.ts';
import { parseTaggingHeader, setTags } from '../../services/sandbox/tags.ts';

export type MemoryCommand =
  | S3Call['command']
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'ListObjectsV2'
  | 'DeleteObject';

export interface RecordedCall {
  readonly command: MemoryCommand;
  readonly bucket: string;
  /** The prefix, for ListObjectsV2. */
  readonly key: string;
  readonly versionId: string | null;
  /** What a worker sent; null for the calls of Objects. */
  readonly call: S3Call | null;
  /** What became of it here; 'pending' until it is answered (for ever, after a kill). */
  outcome: 'pending' | 'ok' | 'refused' | 'unreachable';
  /** True once the store has changed (or has been read), whatever the caller was told. */
  isApplied: boolean;
}

export interface MemoryFault {
  /** Which calls; an absent member matches every one. */
  readonly command?: MemoryCommand;
  readonly bucket?: string;
  readonly key?: string;
  /** Skips this many matching calls first. */
  readonly after?: number;
  /** How many matching calls fail; absent: all of them. */
  readonly times?: number;
  /** True: the store does the work, and the answer is the fault all the same. */
  readonly isAfterEffect?: boolean;
  readonly answer:
    | {
        readonly kind: 'refused';
        readonly status: number;
        readonly code: string;
        readonly message: string;
      }
    | { readonly kind: 'unreachable'; readonly message: string };
}

export interface MemoryS3Options {
  readonly step?: (label: string) => Promise<void>;
  /** Milliseconds since the epoch, for Last-Modified; absent: a fixed moment. */
  readonly nowMs?: () => number;
  /** Which role ARNs resolve; absent: all. */
  readonly isRole?: (roleArn: string) => boolean;
  readonly subresourcesSafe?: boolean;
  readonly buckets?: readonly string[];
}

export interface MemoryS3 {
  readonly roles: Roles;
  readonly storage: RoleStorage;
  /** For seeding and reading back without leaving a trace in `calls`. */
  readonly store: Store;
  /** Every call in the order of its start. */
  readonly calls: readonly RecordedCall[];
  callsOn(bucket: string, key: string): readonly RecordedCall[];
  /** Puts an object without recording a call; makes the bucket if it is missing. */
  seed(bucket: string, key: string, bytes: Uint8Array | string): Version;
  /** The current version, or undefined. */
  peek(bucket: string, key: string): Version | undefined;
  fail(fault: MemoryFault): void;
}

const fixedNowMs = Date.UTC(2026, 0, 1);
const requestIdDigits = 16;

type Outcome<T> = StorageAnswer<T>;

export function openMemoryS3(options: MemoryS3Options = {}): MemoryS3 {
  const store = openStore(options.nowMs ?? (() => fixedNowMs));
  for (const bucket of options.buckets ?? []) expectOk(createBucket(store, bucket));
  const calls: RecordedCall[] = [];
  const faults: { readonly fault: MemoryFault; matched: number }[] = [];
  const step = options.step ?? (() => Promise.resolve());

  /** The first fault whose turn it is. Every matching fault counts the call. */
  function dueFault(recorded: RecordedCall): MemoryFault | null {
    let due: MemoryFault | null = null;
    for (const entry of faults) {
      const { fault } = entry;
      const isMatch =
        (fault.command === undefined || fault.command === recorded.command) &&
        (fault.bucket === undefined || fault.bucket === recorded.bucket) &&
        (fault.key === undefined || fault.key === recorded.key);
      if (!isMatch) continue;
      entry.matched += 1;
      const turn = entry.matched - (fault.after ?? 0);
      if (turn >= 1 && turn <= (fault.times ?? Number.MAX_SAFE_INTEGER)) due ??= fault;
    }
    return due;
  }

  async function perform<T>(
    command: MemoryCommand,
    at: ObjectAddress,
    call: S3Call | null,
    work: () => Answer<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    const recorded: RecordedCall = {
      command,
      ...at,
      call,
      outcome: 'pending',
      isApplied: false,
    };
    calls.push(recorded);
    const label = `s3 ${command} ${at.bucket}/${at.key}`;
    await step(label);
    if (signal.aborted) return settle(recorded, { kind: 'unreachable', message: 'aborted' });
    const fault = dueFault(recorded);
    if (fault !== null && fault.isAfterEffect !== true) return settle(recorded, fault.answer);
    const answer = work();
    recorded.isApplied = answer.kind === 'ok';
    await step(`${label} done`);
    return settle(recorded, fault?.answer ?? answer);
  }

  function settle<T>(recorded: RecordedCall, answer: Outcome<T>): Outcome<T> {
    recorded.outcome = answer.kind;
    return answer;
  }

  const objects: Objects = {
    head: (at, signal) => perform('HeadObject', at, null, () => head(store, at), signal),
    read: (at, range, ifMatch, signal) =>
      perform('GetObject', at, null, () => readRange(store, at, range, ifMatch), signal),
    write: (at, bytes, { contentType }, signal) =>
      perform('PutObject', at, null, () => write(store, at, bytes, contentType), signal),
    list: (bucket, page, signal) =>
      perform(
        'ListObjectsV2',
        { bucket, key: page.prefix, versionId: null },
        null,
        () =>
          mapAnswer(listObjects(store, bucket, { ...page, entriesMax: 1000 }), (listed) => ({
            ...listed,
            objects: listed.objects.map(({ key, current }) => ({
              key,
              etag: current.etag,
              bytes: current.bytes.length,
              lastModifiedMs: current.lastModifiedMs,
            })),
          })),
        signal,
      ),
    remove: (at, signal) =>
      perform(
        'DeleteObject',
        at,
        null,
        () => mapAnswer(deleteObject(store, at.bucket, at.key, at.versionId), () => null),
        signal,
      ),
  };

  let callsStarted = 0;
  const memoryCalls: Calls = {
    call: async (call, signal) => {
      const at = {
        bucket: call.input.Bucket,
        key: call.input.Key,
        versionId: 'VersionId' in call.input ? (call.input.VersionId ?? null) : null,
      };
      callsStarted += 1;
      const requestId = callsStarted.toString(16).toUpperCase().padStart(requestIdDigits, '0');
      const answer = await perform(call.command, at, call, () => work(store, call), signal);
      return callAnswer(answer, call, requestId);
    },
  };

  const storage: RoleStorage = {
    endpoint: 'memory:',
    subresourcesSafe: options.subresourcesSafe ?? true,
    objects,
    calls: memoryCalls,
  };
  return {
    roles: { resolve: (arn) => ((options.isRole ?? (() => true))(arn) ? storage : undefined) },
    storage,
    store,
    calls,
    callsOn: (bucket, key) => calls.filter((one) => one.bucket === bucket && one.key === key),
    seed: (bucket, key, bytes) => {
      if (!store.buckets.has(bucket)) expectOk(createBucket(store, bucket));
      const raw = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
      const content = { bytes: raw, headers: noFields, metadata: noFields, tags: noTags };
      return expectOk(putObject(store, bucket, key, content, noPutConditions));
    },
    peek: (bucket, key) => {
      const found = findVersion(store, bucket, key, null);
      return found.kind === 'ok' ? found.value : undefined;
    },
    fail: (fault) => {
      faults.push({ fault, matched: 0 });
    },
  };
}

function expectOk<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(`${answer.code}: ${answer.message}`);
  return answer.value;
}

function mapAnswer<T, U>(answer: Answer<T>, map: (value: T) => U): Answer<U> {
  return answer.kind === 'ok' ? ok(map(answer.value)) : answer;
}

function find(store: Store, at: ObjectAddress): Answer<Version> {
  return findVersion(store, at.bucket, at.key, at.versionId);
}

/** The answer to a HEAD has no body, so that it cannot tell a missing bucket from a missing key. */
function head(store: Store, at: ObjectAddress): Answer<ObjectHead> {
  const found = find(store, at);
  if (found.kind === 'ok') return ok(headOf(found.value));
  return found.status === 404 ? refuse('NoSuchKey', found.message) : found;
}

function headOf(version: Version): ObjectHead {
  return {
    etag: version.etag,
    bytes: version.bytes.length,
    versionId: version.versionId === 'null' ? null : version.versionId,
    lastModifiedMs: version.lastModifiedMs,
  };
}

function readRange(
  store: Store,
  at: ObjectAddress,
  range: { readonly start: number; readonly end: number },
  ifMatch: string | null,
): Answer<Uint8Array> {
  const found = find(store, at);
  if (found.kind === 'refused') return found;
  const { bytes, etag } = found.value;
  if (ifMatch !== null && !etagMatches(ifMatch, etag)) return preconditionFailed();
  if (range.end <= range.start) return ok(new Uint8Array(0));
  if (range.start >= bytes.length) {
    return refuse('InvalidRange', 'The requested range is not satisfiable');
  }
  return ok(bytes.slice(range.start, range.end));
}

function write(
  store: Store,
  at: ObjectAddress,
  bytes: Uint8Array,
  contentType: string,
): Answer<ObjectHead> {
  const content = {
    bytes: bytes.slice(),
    headers: { 'content-type': contentType },
    metadata: noFields,
    tags: noTags,
  };
  return mapAnswer(putObject(store, at.bucket, at.key, content, noPutConditions), headOf);
}

function work(store: Store, call: S3Call): Answer<unknown> {
  const { Bucket: bucket, Key: key } = call.input;
  switch (call.command) {
    case 'PutObjectTagging':
      return setTags(
        store,
        { bucket, key, versionId: call.input.VersionId ?? null },
        call.input.Tagging.TagSet,
      );
    case 'DeleteObjectTagging':
      return setTags(store, { bucket, key, versionId: call.input.VersionId ?? null }, []);
    case 'CopyObject': {
      const request = copyRequest(call);
      return request.kind === 'ok' ? copyObject(store, request.value) : request;
    }
  }
}

function copyRequest(call: S3Call & { readonly command: 'CopyObject' }): Answer<CopyRequest> {
  const { input } = call;
  const source = parseCopySource(input.CopySource);
  if (source.kind === 'refused') return source;
  return ok({
    source: source.value,
    bucket: input.Bucket,
    key: input.Key,
    metadataDirective: input.MetadataDirective === 'REPLACE' ? 'REPLACE' : 'COPY',
    taggingDirective: input.TaggingDirective === 'REPLACE' ? 'REPLACE' : 'COPY',
    contentHeaders: present({
      'cache-control': input.CacheControl,
      'content-disposition': input.ContentDisposition,
      'content-encoding': input.ContentEncoding,
      'content-language': input.ContentLanguage,
      'content-type': input.ContentType,
      expires: input.Expires === undefined ? undefined : new Date(input.Expires).toUTCString(),
    }),
    metadata: input.Metadata ?? noFields,
    tags: parseTaggingHeader(input.Tagging ?? ''),
    ownHeaders: present({
      'x-amz-storage-class': input.StorageClass,
      'x-amz-website-redirect-location': input.WebsiteRedirectLocation,
      'x-amz-server-side-encryption': input.ServerSideEncryption,
      'x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
      'x-amz-object-lock-mode': input.ObjectLockMode,
      'x-amz-object-lock-legal-hold': input.ObjectLockLegalHoldStatus,
    }),
    conditions: {
      ifMatch: null,
      ifNoneMatch: null,
      ifModifiedSinceMs: input.CopySourceIfModifiedSince ?? null,
      ifUnmodifiedSinceMs: input.CopySourceIfUnmodifiedSince ?? null,
    },
  });
}

function present(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function callAnswer(answer: Outcome<unknown>, call: S3Call, requestId: string): CallAnswer {
  if (answer.kind === 'unreachable') return answer;
  if (answer.kind === 'refused') {
    const { status, code, message } = answer;
    return { kind: 'answered', status, code, message, requestId };
  }
  const status = call.command === 'DeleteObjectTagging' ? 204 : 200;
  return { kind: 'answered', status, code: null, message: '', requestId };
}
