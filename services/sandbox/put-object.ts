// PutObject: an object's bytes and everything that travels with them, all or nothing.
import { createHash } from 'node:crypto';
import type { Tag } from '../core/s3-call.ts';
import { type Answer, ok, type Refusal, refuse } from './refusal.ts';
import {
  addVersion,
  type Fields,
  findBucket,
  findVersion,
  keyBytesMax,
  type Store,
  type Version,
} from './store.ts';
import { tagsRefusal } from './tags.ts';

const metadataBytesMax = 2048;

export interface PutContent {
  readonly bytes: Uint8Array;
  readonly headers: Fields;
  readonly metadata: Fields;
  readonly tags: readonly Tag[];
}

export interface PutConditions {
  /** '*': only where there is no object yet. */
  readonly ifNoneMatch: string | null;
  /** An ETag, quoted or not, that the current object must have. */
  readonly ifMatch: string | null;
}

export const noPutConditions: PutConditions = { ifNoneMatch: null, ifMatch: null };

export function putObject(
  store: Store,
  bucketName: string,
  key: string,
  content: PutContent,
  conditions: PutConditions,
): Answer<Version> {
  const bucket = findBucket(store, bucketName);
  if (bucket.kind === 'refused') return bucket;
  const refusal = keyRefusal(key) ?? tagsRefusal(content.tags) ?? metadataRefusal(content.metadata);
  if (refusal !== null) return refusal;
  const unmet = conditionRefusal(store, bucketName, key, conditions);
  if (unmet !== null) return unmet;
  const etag = createHash('md5').update(content.bytes).digest('hex');
  return ok(addVersion(store, bucket.value, key, { ...content, etag, isDeleteMarker: false }));
}

export function keyRefusal(key: string): Refusal | null {
  if (Buffer.byteLength(key) <= keyBytesMax) return null;
  return refuse('KeyTooLongError', 'Your key is too long');
}

export function metadataRefusal(metadata: Fields): Refusal | null {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes <= metadataBytesMax) return null;
  return refuse('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed size');
}

function conditionRefusal(
  store: Store,
  bucketName: string,
  key: string,
  conditions: PutConditions,
): Refusal | null {
  if (conditions.ifNoneMatch === null && conditions.ifMatch === null) return null;
  const current = findVersion(store, bucketName, key, null);
  if (conditions.ifNoneMatch !== null) {
    if (conditions.ifNoneMatch !== '*') {
      return refuse('NotImplemented', 'If-None-Match of a write takes only *.');
    }
    if (current.kind === 'ok') return preconditionFailed();
  }
  if (conditions.ifMatch !== null) {
    if (current.kind === 'refused') return current;
    if (!etagMatches(conditions.ifMatch, current.value.etag)) return preconditionFailed();
  }
  return null;
}

/** wanted: as in an If-Match header: '*', or ETags with or without quotes, separated by commas. */
export function etagMatches(wanted: string, etag: string): boolean {
  return wanted.split(',').some((one) => {
    const bare = one
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return bare === '*' || bare === etag;
  });
}

export function preconditionFailed(): Refusal {
  return refuse(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
  );
}
