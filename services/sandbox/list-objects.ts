// Listings in S3's order (UTF-8 bytes), by prefix and delimiter, page by page.
import { type Answer, ok } from './refusal.ts';
import { type Bucket, findBucket, type Store, type Version } from './store.ts';

export interface ListPage {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys after it; a common prefix equal to it is not repeated. */
  readonly startAfter: string;
  readonly entriesMax: number;
}

export interface ListedKey {
  readonly key: string;
  readonly current: Version;
}

export interface ListedPage {
  readonly objects: readonly ListedKey[];
  readonly commonPrefixes: readonly string[];
  /** The startAfter of the next page; null at the end. */
  readonly next: string | null;
}

export function listObjects(store: Store, name: string, page: ListPage): Answer<ListedPage> {
  const bucket = findBucket(store, name);
  if (bucket.kind === 'refused') return bucket;
  const keys = sortedKeys(bucket.value);
  const objects: ListedKey[] = [];
  const commonPrefixes: string[] = [];
  let last = '';
  let index = firstAfter(keys, page.startAfter, page.prefix);
  for (; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    if (!key.startsWith(page.prefix)) break;
    const current = bucket.value.objects.get(key)?.at(-1);
    if (current === undefined || current.isDeleteMarker) continue;
    const rolledUp = commonPrefix(key, page);
    if (rolledUp !== null && (rolledUp === commonPrefixes.at(-1) || rolledUp === page.startAfter)) {
      continue;
    }
    if (objects.length + commonPrefixes.length === page.entriesMax) {
      return ok({ objects, commonPrefixes, next: page.entriesMax === 0 ? null : last });
    }
    if (rolledUp === null) objects.push({ key, current });
    else commonPrefixes.push(rolledUp);
    last = rolledUp ?? key;
  }
  return ok({ objects, commonPrefixes, next: null });
}

function commonPrefix(key: string, page: ListPage): string | null {
  if (page.delimiter === '') return null;
  const at = key.indexOf(page.delimiter, page.prefix.length);
  return at < 0 ? null : key.slice(0, at + page.delimiter.length);
}

export function sortedKeys(bucket: Bucket): readonly string[] {
  bucket.sortedKeys ??= [...bucket.objects.keys()].sort(compareKeys);
  return bucket.sortedKeys;
}

function firstAfter(keys: readonly string[], startAfter: string, prefix: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = keys[middle] ?? '';
    const isBefore =
      compareKeys(key, prefix) < 0 || (startAfter !== '' && compareKeys(key, startAfter) <= 0);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of UTF-8 bytes; UTF-16 units differ where surrogates meet U+E000 and above. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return byteRank(unitA) - byteRank(unitB);
  }
  return a.length - b.length;
}

function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
