// Calls on one object: PUT (and copy), GET, HEAD, DELETE, and the three tagging calls.
import type { Tag } from '../core/s3-call.ts';
import { checksum, checksumHeaders, checksumRefusal, isComputed } from './checksum.ts';
import { type CopyRequest, copyObject, neverCopiedHeaders } from './copy-object.ts';
import { parseCopySource } from './copy-source.ts';
import { deleteObject } from './delete-object.ts';
import { emptyAnswer, type SandboxAnswer, type SandboxRequest, xmlAnswer } from './message.ts';
import { etagMatches, preconditionFailed, putObject } from './put-object.ts';
import { type Answer, ok, type Refusal, refuse } from './refusal.ts';
import { type Fields, findVersion, type Store, type Version } from './store.ts';
import { parseTaggingHeader, setTags } from './tags.ts';
import { childText, element, parseXml, xmlDocument } from './xml.ts';

type Route = (store: Store, request: SandboxRequest) => SandboxAnswer | Refusal;

const contentNames = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];
const metadataPrefix = 'x-amz-meta-';
/** A framing, not a property of the object. */
const framing = 'aws-chunked';

export const putRoute: Route = (store, request) => {
  const { headers, bucket, key, body } = request;
  const wrong = checksumRefusal(headers, body);
  if (wrong !== null) return wrong;
  const put = putObject(
    store,
    bucket,
    key,
    {
      bytes: body,
      headers: {
        ...contentHeaders(headers),
        ...pick(headers, neverCopiedHeaders),
        ...checksumHeaders(headers),
      },
      metadata: metadata(headers),
      tags: parseTaggingHeader(headers['x-amz-tagging'] ?? ''),
    },
    { ifMatch: headers['if-match'] ?? null, ifNoneMatch: headers['if-none-match'] ?? null },
  );
  if (put.kind === 'refused') return put;
  return {
    status: 200,
    headers: {
      etag: `"${put.value.etag}"`,
      ...versionHeader(store, bucket, put.value),
      ...checksumHeaders(headers),
    },
    body: '',
    events: [createdEvent('ObjectCreated:Put', request, put.value)],
  };
};

export const copyRoute: Route = (store, request) => {
  const copy = copyRequest(store, request);
  if (copy.kind === 'refused') return copy;
  const copied = copyObject(store, copy.value);
  if (copied.kind === 'refused') return copied;
  const { version, source } = copied.value;
  const checksums = Object.entries(checksumHeaders(copy.value.ownHeaders)).map(([name, value]) =>
    element(`Checksum${name.slice('x-amz-checksum-'.length).toUpperCase()}`, value),
  );
  const inside =
    element('LastModified', new Date(version.lastModifiedMs).toISOString()) +
    element('ETag', `"${version.etag}"`) +
    checksums.join('');
  const from = request.headers['x-amz-copy-source']?.includes('?versionId=') === true;
  return {
    ...xmlAnswer(xmlDocument('CopyObjectResult', inside)),
    headers: {
      'content-type': 'application/xml',
      ...versionHeader(store, request.bucket, version),
      ...(from ? { 'x-amz-copy-source-version-id': source.versionId } : {}),
    },
    events: [createdEvent('ObjectCreated:Copy', request, version)],
  };
};

function copyRequest(store: Store, request: SandboxRequest): Answer<CopyRequest> {
  const { headers, bucket, key } = request;
  const source = parseCopySource(headers['x-amz-copy-source'] ?? '');
  if (source.kind === 'refused') return source;
  const metadataDirective = directive(headers['x-amz-metadata-directive']);
  const taggingDirective = directive(headers['x-amz-tagging-directive']);
  if (metadataDirective === null || taggingDirective === null) {
    return refuse('InvalidArgument', 'Unknown metadata or tagging directive.');
  }
  const algorithm = (headers['x-amz-checksum-algorithm'] ?? '').toLowerCase();
  const { bucket: from, key: fromKey, versionId } = source.value;
  const found = isComputed(algorithm) ? findVersion(store, from, fromKey, versionId) : null;
  const ownHeaders: Record<string, string> = pick(headers, neverCopiedHeaders);
  if (isComputed(algorithm) && found?.kind === 'ok') {
    ownHeaders[`x-amz-checksum-${algorithm}`] = checksum(algorithm, found.value.bytes);
  }
  return ok({
    source: source.value,
    bucket,
    key,
    metadataDirective,
    taggingDirective,
    contentHeaders: contentHeaders(headers),
    metadata: metadata(headers),
    tags: parseTaggingHeader(headers['x-amz-tagging'] ?? ''),
    ownHeaders,
    conditions: {
      ifMatch: headers['x-amz-copy-source-if-match'] ?? null,
      ifNoneMatch: headers['x-amz-copy-source-if-none-match'] ?? null,
      ifModifiedSinceMs: dateMs(headers['x-amz-copy-source-if-modified-since']),
      ifUnmodifiedSinceMs: dateMs(headers['x-amz-copy-source-if-unmodified-since']),
    },
  });
}

function directive(text: string | undefined): 'COPY' | 'REPLACE' | null {
  if (text === undefined || text === 'COPY') return 'COPY';
  return text === 'REPLACE' ? text : null;
}

/** GET and HEAD. */
export const getRoute: Route = (store, request) => {
  const { bucket, key, headers } = request;
  const found = findVersion(store, bucket, key, request.query.get('versionId') ?? null);
  if (found.kind === 'refused') return found;
  const version = found.value;
  const answer = objectHeaders(store, bucket, version, headers['x-amz-checksum-mode']);
  const unmet = condition(headers, version);
  if (unmet === 'changed') return preconditionFailed();
  if (unmet === 'unchanged') return emptyAnswer(304, answer);
  const total = version.bytes.length;
  const range = parseRange(headers['range'], total);
  if (range === 'unsatisfiable') {
    return refuse('InvalidRange', 'The requested range is not satisfiable');
  }
  const isHead = request.method === 'HEAD';
  if (range === null) {
    return isHead
      ? { status: 200, headers: answer, body: '', contentLength: total }
      : { status: 200, headers: answer, body: version.bytes };
  }
  const part = Object.fromEntries(
    Object.entries(answer).filter(([name]) => !name.startsWith('x-amz-checksum-')),
  );
  part['content-range'] = `bytes ${range.start}-${range.end - 1}/${total}`;
  const body = isHead ? '' : version.bytes.subarray(range.start, range.end);
  return { status: 206, headers: part, body, contentLength: range.end - range.start };
};

function objectHeaders(
  store: Store,
  bucket: string,
  version: Version,
  checksumMode: string | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModifiedMs).toUTCString(),
    ...versionHeader(store, bucket, version),
  };
  for (const [name, value] of Object.entries(version.headers)) {
    if (name.startsWith('x-amz-checksum-') && checksumMode !== 'ENABLED') continue;
    headers[name] = value;
  }
  for (const [name, value] of Object.entries(version.metadata)) {
    headers[metadataPrefix + name] = value;
  }
  if (version.tags.length > 0) headers['x-amz-tagging-count'] = String(version.tags.length);
  return headers;
}

function condition(headers: Fields, version: Version): 'changed' | 'unchanged' | null {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const unmodifiedSinceMs = dateMs(headers['if-unmodified-since']);
  const modifiedSinceMs = dateMs(headers['if-modified-since']);
  if (ifMatch !== undefined) {
    if (!etagMatches(ifMatch, version.etag)) return 'changed';
  } else if (unmodifiedSinceMs !== null && version.lastModifiedMs > unmodifiedSinceMs) {
    return 'changed';
  }
  if (ifNoneMatch !== undefined) return etagMatches(ifNoneMatch, version.etag) ? 'unchanged' : null;
  const isOld = modifiedSinceMs !== null && version.lastModifiedMs <= modifiedSinceMs;
  return isOld ? 'unchanged' : null;
}

/** null: the whole object (also where the header makes no sense, as HTTP wants it). */
function parseRange(
  header: string | undefined,
  total: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | null {
  const [whole, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (whole === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const length = Math.min(Number(last), total);
    return length === 0 ? 'unsatisfiable' : { start: total - length, end: total };
  }
  const start = Number(first);
  const end = last === '' ? total : Math.min(Number(last) + 1, total);
  if (last !== '' && Number(last) < start) return null;
  return start >= total ? 'unsatisfiable' : { start, end };
}

export const deleteRoute: Route = (store, request) => {
  const { bucket, key } = request;
  const deleted = deleteObject(store, bucket, key, request.query.get('versionId') ?? null);
  if (deleted.kind === 'refused') return deleted;
  const { versionId, isDeleteMarker, isChanged } = deleted.value;
  const isMarked = isDeleteMarker && request.query.get('versionId') === undefined;
  const name = isMarked ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete';
  return {
    ...emptyAnswer(204, {
      ...(versionId === null ? {} : { 'x-amz-version-id': versionId }),
      ...(isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
    }),
    events: isChanged ? [{ name, bucket, key, bytes: 0, etag: '', versionId }] : [],
  };
};

export const getTaggingRoute: Route = (store, request) => {
  const { bucket, key } = request;
  const found = findVersion(store, bucket, key, request.query.get('versionId') ?? null);
  if (found.kind === 'refused') return found;
  const tags = found.value.tags.map(({ Key, Value }) => tagElement(Key, Value)).join('');
  return {
    ...xmlAnswer(xmlDocument('Tagging', `<TagSet>${tags}</TagSet>`)),
    headers: {
      'content-type': 'application/xml',
      ...versionHeader(store, bucket, found.value),
    },
  };
};

function tagElement(key: string, value: string): string {
  return `<Tag>${element('Key', key)}${element('Value', value)}</Tag>`;
}

export const putTaggingRoute: Route = (store, request) => {
  const wrong = checksumRefusal(request.headers, request.body);
  if (wrong !== null) return wrong;
  const tags = parseTagging(request.body);
  if (tags === null) {
    return refuse('MalformedXML', 'The XML you provided was not well-formed or is no Tagging.');
  }
  return tagged(store, request, tags, 200);
};

export const deleteTaggingRoute: Route = (store, request) => tagged(store, request, [], 204);

function tagged(
  store: Store,
  request: SandboxRequest,
  tags: readonly Tag[],
  status: number,
): SandboxAnswer | Refusal {
  const versionId = request.query.get('versionId') ?? null;
  const done = setTags(store, { bucket: request.bucket, key: request.key, versionId }, tags);
  if (done.kind === 'refused') return done;
  const isVersioned = store.buckets.get(request.bucket)?.versioning !== 'never';
  return emptyAnswer(status, isVersioned ? { 'x-amz-version-id': done.value } : {});
}

function parseTagging(body: Uint8Array): readonly Tag[] | null {
  const root = parseXml(Buffer.from(body).toString());
  const set = root?.children.find((child) => child.name === 'TagSet');
  if (root?.name !== 'Tagging' || set === undefined) return null;
  const tags: Tag[] = [];
  for (const tag of set.children) {
    const [Key, Value] = [childText(tag, 'Key'), childText(tag, 'Value')];
    if (tag.name !== 'Tag' || Key === null || Value === null) return null;
    tags.push({ Key, Value });
  }
  return tags;
}

function contentHeaders(headers: Fields): Fields {
  const content = pick(headers, contentNames);
  const encoding = content['content-encoding'];
  if (encoding === undefined || !encoding.includes(framing)) return content;
  const kept = encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== framing);
  delete content['content-encoding'];
  if (kept.length > 0) content['content-encoding'] = kept.join(',');
  return content;
}

function pick(headers: Fields, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

function metadata(headers: Fields): Fields {
  const found: Record<string, string> = {};
  for (const name in headers) {
    if (!name.startsWith(metadataPrefix)) continue;
    found[name.slice(metadataPrefix.length)] = headers[name] ?? '';
  }
  return found;
}

function versionHeader(store: Store, bucket: string, version: Version): Fields {
  const isVersioned = store.buckets.get(bucket)?.versioning !== 'never';
  return isVersioned ? { 'x-amz-version-id': version.versionId } : {};
}

function createdEvent(name: string, request: SandboxRequest, version: Version) {
  const { bucket, key } = request;
  const versionId = version.versionId === 'null' ? null : version.versionId;
  return { name, bucket, key, bytes: version.bytes.length, etag: version.etag, versionId };
}

function dateMs(text: string | undefined): number | null {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
