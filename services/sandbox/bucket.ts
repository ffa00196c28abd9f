// Buckets: made, removed, versioned.
import { type Answer, ok, refuse } from './refusal.ts';
import { type Bucket, findBucket, type Store } from './store.ts';

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function createBucket(store: Store, name: string): Answer<Bucket> {
  if (!bucketName.test(name)) {
    return refuse('InvalidBucketName', 'The specified bucket is not valid.');
  }
  if (store.buckets.has(name)) {
    return refuse(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  }
  const bucket: Bucket = {
    name,
    createdMs: store.nowMs(),
    versioning: 'never',
    objects: new Map(),
    sortedKeys: null,
  };
  store.buckets.set(name, bucket);
  return ok(bucket);
}

export function deleteBucket(store: Store, name: string): Answer<null> {
  const bucket = findBucket(store, name);
  if (bucket.kind === 'refused') return bucket;
  if (bucket.value.objects.size > 0) {
    return refuse('BucketNotEmpty', 'The bucket you tried to delete is not empty');
  }
  store.buckets.delete(name);
  return ok(null);
}

export function setVersioning(
  store: Store,
  name: string,
  status: 'Enabled' | 'Suspended',
): Answer<null> {
  const bucket = findBucket(store, name);
  if (bucket.kind === 'refused') return bucket;
  bucket.value.versioning = status;
  return ok(null);
}
