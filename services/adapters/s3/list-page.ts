// A page of ListObjectsV2, read from XML. Names come URL-encoded (encoding-type=url), since XML has
// no way to write most control characters; a plus sign stands for a space.
import { XMLParser } from 'fast-xml-parser';
import type { ListedObject, Listing } from '../../core/storage.ts';

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreAttributes: true,
  // Some servers write a quote as &#34;.
  htmlEntities: true,
  isArray: (name) => name === 'Contents' || name === 'CommonPrefixes',
});

/** Sorts behind every key below a common prefix, but for keys that hold it themselves. */
const highestCharacter = '\u{10FFFF}';

/** null: it is not a listing, or not all of one. startAfter: as asked. */
export function parseListPage(xml: string, startAfter: string): Listing | null {
  // The parser takes a document that was cut off for one with fewer objects.
  if (!xml.trimEnd().endsWith('</ListBucketResult>')) return null;
  const result = record(record(parsed(xml))?.['ListBucketResult']);
  if (result === null) return null;
  const isEncoded = result['EncodingType'] === 'url';
  const decode = (text: string) => (isEncoded ? decodeName(text) : text);
  const objects: ListedObject[] = [];
  for (const entry of records(result['Contents'])) {
    const key = entry['Key'];
    if (typeof key !== 'string') return null;
    objects.push({
      key: decode(key),
      etag: text(entry['ETag']).replaceAll('"', ''),
      bytes: Number(entry['Size'] ?? 0),
      lastModifiedMs: Date.parse(text(entry['LastModified'])),
    });
  }
  // Some servers give a common prefix again when a page starts after it.
  const repeated = startAfter.endsWith(highestCharacter)
    ? startAfter.slice(0, -highestCharacter.length)
    : startAfter;
  const commonPrefixes = records(result['CommonPrefixes'])
    .map((entry) => decode(text(entry['Prefix'])))
    .filter((prefix) => prefix !== repeated);
  const isTruncated = result['IsTruncated'] === 'true';
  const next = isTruncated ? lastName(objects.at(-1)?.key, commonPrefixes.at(-1)) : null;
  return { objects, commonPrefixes, next };
}

/** The parser throws for most of what is no XML. */
function parsed(xml: string): unknown {
  try {
    return parser.parse(xml);
  } catch {
    return null;
  }
}

function lastName(key: string | undefined, prefix: string | undefined): string | null {
  if (prefix === undefined) return key ?? null;
  if (key !== undefined && Buffer.compare(Buffer.from(key), Buffer.from(prefix)) > 0) return key;
  return prefix + highestCharacter;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
