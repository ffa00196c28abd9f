// What the sandbox remembers: buckets of keys, each with its versions, newest last. Keys are data
// in a Map and never become file paths. The functions that change a store stand one per file beside
// this one; the memory twin of the S3 ports (test/support/memory-s3.ts) uses the same functions.
import type { Tag } from '../core/s3-call.ts';
import { type Answer, ok, refuse } from './refusal.ts';

export type Fields = Readonly<Record<string, string>>;

export interface Version {
  /** 'null' for what was written while versioning was off. */
  readonly versionId: string;
  /** Without quotes; '' for a delete marker. */
  readonly etag: string;
  readonly bytes: Uint8Array;
  /** System headers as GET echoes them: content-type, cache-control, x-amz-storage-class … */
  readonly headers: Fields;
  /** User metadata, without the x-amz-meta- prefix. */
  readonly metadata: Fields;
  readonly tags: readonly Tag[];
  /** Whole seconds, as S3 keeps them. */
  readonly lastModifiedMs: number;
  readonly isDeleteMarker: boolean;
}

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  versioning: 'never' | 'Enabled' | 'Suspended';
  readonly objects: Map<string, Version[]>;
  /** Keys in S3's order; null after a key came or went. */
  sortedKeys: readonly string[] | null;
}

export interface Store {
  readonly buckets: Map<string, Bucket>;
  readonly nowMs: () => number;
  /** Numbers version ids, so that a simulated run gives the same ones each time. */
  versionsMade: number;
}

export const keyBytesMax = 1024;
export const noFields: Fields = Object.freeze({});
export const noTags: readonly Tag[] = Object.freeze([]);
export const noBytes = new Uint8Array(0);

export function openStore(nowMs: () => number): Store {
  return { buckets: new Map(), nowMs, versionsMade: 0 };
}

export function wholeSecondMs(store: Store): number {
  return Math.floor(store.nowMs() / 1000) * 1000;
}

export function findBucket(store: Store, name: string): Answer<Bucket> {
  const bucket = store.buckets.get(name);
  if (bucket === undefined) return refuse('NoSuchBucket', 'The specified bucket does not exist');
  return ok(bucket);
}

/** The version that a read of it would return; versionId null: the current one. */
export function findVersion(
  store: Store,
  bucketName: string,
  key: string,
  versionId: string | null,
): Answer<Version> {
  const bucket = findBucket(store, bucketName);
  if (bucket.kind === 'refused') return bucket;
  const versions = bucket.value.objects.get(key);
  if (versionId === null) {
    const current = versions?.at(-1);
    if (current === undefined || current.isDeleteMarker) {
      return refuse('NoSuchKey', 'The specified key does not exist.');
    }
    return ok(current);
  }
  const found = versions?.find((version) => version.versionId === versionId);
  if (found === undefined) {
    return refuse('NoSuchVersion', 'The specified version does not exist.');
  }
  if (found.isDeleteMarker) {
    return refuse('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }
  return ok(found);
}

/** Puts a new version on top; off or suspended versioning replaces the 'null' version. */
export function addVersion(
  store: Store,
  bucket: Bucket,
  key: string,
  version: Omit<Version, 'versionId' | 'lastModifiedMs'>,
): Version {
  const versionId = bucket.versioning === 'Enabled' ? nextVersionId(store) : 'null';
  const added = { ...version, versionId, lastModifiedMs: wholeSecondMs(store) };
  const versions = bucket.objects.get(key);
  if (versions === undefined) {
    bucket.objects.set(key, [added]);
    bucket.sortedKeys = null;
    return added;
  }
  const replaced =
    versionId === 'null' ? versions.findIndex((one) => one.versionId === 'null') : -1;
  if (replaced >= 0) versions.splice(replaced, 1);
  versions.push(added);
  return added;
}

/** Replaces one version in place (its tags changed). */
export function replaceVersion(bucket: Bucket, key: string, before: Version, after: Version): void {
  const versions = bucket.objects.get(key);
  const index = versions?.indexOf(before) ?? -1;
  if (versions === undefined || index < 0) throw new Error('the version to replace is gone');
  versions[index] = after;
}

function nextVersionId(store: Store): string {
  store.versionsMade += 1;
  return `v${store.versionsMade.toString(36).padStart(31, '0')}`;
}
