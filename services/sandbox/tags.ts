// Object tags: what S3 takes as a tag set, and the three calls on it.
// Source: S3 User Guide, "Categorizing your objects using tags".
import type { Tag } from '../core/s3-call.ts';
import { type Answer, ok, type Refusal, refuse } from './refusal.ts';
import { findBucket, findVersion, noTags, replaceVersion, type Store } from './store.ts';

const tagsPerObjectMax = 10;
const tagKeyCharactersMax = 128;
const tagValueCharactersMax = 256;
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** null: the set is one that S3 takes. */
export function tagsRefusal(tags: readonly Tag[]): Refusal | null {
  if (tags.length > tagsPerObjectMax) {
    return refuse('BadRequest', 'Object tags cannot be greater than 10');
  }
  const seen = new Set<string>();
  for (const { Key, Value } of tags) {
    if (
      Key === '' ||
      Key.length > tagKeyCharactersMax ||
      !tagCharacters.test(Key) ||
      Key.startsWith('aws:')
    ) {
      return refuse('InvalidTag', 'The TagKey you have provided is invalid');
    }
    if (Value.length > tagValueCharactersMax || !tagCharacters.test(Value)) {
      return refuse('InvalidTag', 'The TagValue you have provided is invalid');
    }
    if (seen.has(Key)) {
      return refuse('InvalidTag', 'Cannot provide multiple Tags with the same key');
    }
    seen.add(Key);
  }
  return null;
}

export interface TagTarget {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | null;
}

/** Resolves to the id of the version that was tagged. An empty set removes all tags. */
export function setTags(store: Store, at: TagTarget, tags: readonly Tag[]): Answer<string> {
  const refusal = tagsRefusal(tags);
  if (refusal !== null) return refusal;
  const bucket = findBucket(store, at.bucket);
  if (bucket.kind === 'refused') return bucket;
  const version = findVersion(store, at.bucket, at.key, at.versionId);
  if (version.kind === 'refused') return version;
  replaceVersion(bucket.value, at.key, version.value, {
    ...version.value,
    tags: tags.length === 0 ? noTags : tags,
  });
  return ok(version.value.versionId);
}

export function parseTaggingHeader(text: string): readonly Tag[] {
  if (text === '') return noTags;
  return [...new URLSearchParams(text)].map(([Key, Value]) => ({ Key, Value }));
}
