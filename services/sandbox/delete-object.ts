// DeleteObject: removes a version, or puts a delete marker on top where versioning is on. Deleting
// what is not there is a success, as in S3.
import { type Answer, ok } from './refusal.ts';
import {
  addVersion,
  findBucket,
  noBytes,
  noFields,
  noTags,
  type Store,
  type Version,
} from './store.ts';

export interface Deleted {
  /** The version that went, or the delete marker that came; null in a bucket without versions. */
  readonly versionId: string | null;
  readonly isDeleteMarker: boolean;
  readonly isChanged: boolean;
}

const marker: Omit<Version, 'versionId' | 'lastModifiedMs'> = {
  etag: '',
  bytes: noBytes,
  headers: noFields,
  metadata: noFields,
  tags: noTags,
  isDeleteMarker: true,
};

export function deleteObject(
  store: Store,
  bucketName: string,
  key: string,
  versionId: string | null,
): Answer<Deleted> {
  const bucket = findBucket(store, bucketName);
  if (bucket.kind === 'refused') return bucket;
  const { objects, versioning } = bucket.value;
  const versions = objects.get(key);
  if (versionId === null && versioning !== 'never') {
    const added = addVersion(store, bucket.value, key, marker);
    return ok({ versionId: added.versionId, isDeleteMarker: true, isChanged: true });
  }
  const wanted = versionId ?? 'null';
  const index = versions?.findIndex((version) => version.versionId === wanted) ?? -1;
  const gone = versions?.[index];
  if (versions === undefined || gone === undefined) {
    return ok({ versionId, isDeleteMarker: false, isChanged: false });
  }
  versions.splice(index, 1);
  if (versions.length === 0) {
    objects.delete(key);
    bucket.value.sortedKeys = null;
  }
  return ok({ versionId, isDeleteMarker: gone.isDeleteMarker, isChanged: true });
}
