// CopyObject: from one version to a new one, with what is kept and what is replaced.
// Source: S3 API reference, CopyObject: metadata and tags are copied unless a directive says
// REPLACE; storage class, encryption and website redirect never are; times and ETag are the copy's.
import type { Tag } from '../core/s3-call.ts';
import { etagMatches, keyRefusal, metadataRefusal, preconditionFailed } from './put-object.ts';
import { type Answer, ok, type Refusal, refuse } from './refusal.ts';
import type { Version } from './store.ts';
import { addVersion, type Fields, findBucket, findVersion, type Store } from './store.ts';
import { type TagTarget, tagsRefusal } from './tags.ts';

export interface CopyRequest {
  readonly source: TagTarget;
  readonly bucket: string;
  readonly key: string;
  readonly metadataDirective: 'COPY' | 'REPLACE';
  readonly taggingDirective: 'COPY' | 'REPLACE';
  /** Content headers and metadata, used with REPLACE. */
  readonly contentHeaders: Fields;
  readonly metadata: Fields;
  /** Used with REPLACE. */
  readonly tags: readonly Tag[];
  /** Storage class, encryption, website redirect, object lock: always as in the request. */
  readonly ownHeaders: Fields;
  readonly conditions: CopyConditions;
}

export interface CopyConditions {
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
  readonly ifModifiedSinceMs: number | null;
  readonly ifUnmodifiedSinceMs: number | null;
}

export const neverCopiedHeaders = [
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
];

export interface Copied {
  readonly version: Version;
  readonly source: Version;
}

export function copyObject(store: Store, request: CopyRequest): Answer<Copied> {
  const { source, conditions } = request;
  const bucket = findBucket(store, request.bucket);
  if (bucket.kind === 'refused') return bucket;
  const found = findVersion(store, source.bucket, source.key, source.versionId);
  if (found.kind === 'refused') {
    if (found.code !== 'MethodNotAllowed') return found;
    return refuse(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    );
  }
  const refusal =
    keyRefusal(request.key) ??
    metadataRefusal(request.metadata) ??
    tagsRefusal(request.tags) ??
    conditionRefusal(found.value, conditions) ??
    onItselfRefusal(request);
  if (refusal !== null) return refusal;
  const isReplaced = request.metadataDirective === 'REPLACE';
  const headers = isReplaced ? request.contentHeaders : copiedHeaders(found.value.headers);
  const version = addVersion(store, bucket.value, request.key, {
    etag: found.value.etag,
    bytes: found.value.bytes,
    headers: { ...headers, ...request.ownHeaders },
    metadata: isReplaced ? request.metadata : found.value.metadata,
    tags: request.taggingDirective === 'REPLACE' ? request.tags : found.value.tags,
    isDeleteMarker: false,
  });
  return ok({ version, source: found.value });
}

function copiedHeaders(headers: Fields): Fields {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !neverCopiedHeaders.includes(name)),
  );
}

function conditionRefusal(source: Version, conditions: CopyConditions): Refusal | null {
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  const unmet =
    (ifMatch !== null && !etagMatches(ifMatch, source.etag)) ||
    (ifNoneMatch !== null && etagMatches(ifNoneMatch, source.etag)) ||
    // A matching ETag outweighs a modification, and a changed ETag a missing one.
    (ifMatch === null &&
      ifUnmodifiedSinceMs !== null &&
      source.lastModifiedMs > ifUnmodifiedSinceMs) ||
    (ifNoneMatch === null &&
      ifModifiedSinceMs !== null &&
      source.lastModifiedMs <= ifModifiedSinceMs);
  return unmet ? preconditionFailed() : null;
}

function onItselfRefusal(request: CopyRequest): Refusal | null {
  const { source } = request;
  const isOnItself =
    source.bucket === request.bucket && source.key === request.key && source.versionId === null;
  const changesSomething =
    request.metadataDirective === 'REPLACE' || Object.keys(request.ownHeaders).length > 0;
  if (!isOnItself || changesSomething) return null;
  return refuse(
    'InvalidRequest',
    'This copy request is illegal because it is trying to copy an object to itself without ' +
      "changing the object's metadata, storage class, website redirect location or encryption " +
      'attributes.',
  );
}
