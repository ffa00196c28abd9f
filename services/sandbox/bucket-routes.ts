// Calls on a bucket, on all buckets, and on many keys at once: listings, versioning, DeleteObjects.
import { createBucket, deleteBucket, setVersioning } from './bucket.ts';
import { checksumRefusal } from './checksum.ts';
import { deleteObject } from './delete-object.ts';
import { listObjects, sortedKeys } from './list-objects.ts';
import {
  emptyAnswer,
  type ObjectEvent,
  type SandboxAnswer,
  type SandboxRequest,
  xmlAnswer,
} from './message.ts';
import { type Refusal, refuse } from './refusal.ts';
import { findBucket, type Store, type Version } from './store.ts';
import { childText, element, parseXml, xmlDocument } from './xml.ts';

type Route = (store: Store, request: SandboxRequest) => SandboxAnswer | Refusal;

const entriesMax = 1000;
const owner = '<Owner><ID>sandbox</ID><DisplayName>sandbox</DisplayName></Owner>';

export const listBucketsRoute: Route = (store) => {
  const buckets = [...store.buckets.values()].map(
    ({ name, createdMs }) =>
      `<Bucket>${element('Name', name)}${element('CreationDate', isoTime(createdMs))}</Bucket>`,
  );
  const inside = `${owner}<Buckets>${buckets.join('')}</Buckets>`;
  return xmlAnswer(xmlDocument('ListAllMyBucketsResult', inside));
};

export const createBucketRoute: Route = (store, request) => {
  const created = createBucket(store, request.bucket);
  return created.kind === 'ok' ? emptyAnswer(200, { location: `/${request.bucket}` }) : created;
};

export const deleteBucketRoute: Route = (store, request) => {
  const deleted = deleteBucket(store, request.bucket);
  return deleted.kind === 'ok' ? emptyAnswer(204) : deleted;
};

export const headBucketRoute: Route = (store, request) => {
  const bucket = findBucket(store, request.bucket);
  return bucket.kind === 'ok' ? emptyAnswer(200, { 'x-amz-bucket-region': 'us-east-1' }) : bucket;
};

export const getLocationRoute: Route = (store, request) => {
  const bucket = findBucket(store, request.bucket);
  return bucket.kind === 'ok' ? xmlAnswer(xmlDocument('LocationConstraint', '')) : bucket;
};

export const getVersioningRoute: Route = (store, request) => {
  const bucket = findBucket(store, request.bucket);
  if (bucket.kind === 'refused') return bucket;
  const { versioning } = bucket.value;
  const status = versioning === 'never' ? '' : element('Status', versioning);
  return xmlAnswer(xmlDocument('VersioningConfiguration', status));
};

export const putVersioningRoute: Route = (store, request) => {
  const root = parseXml(Buffer.from(request.body).toString());
  const status = root === null ? null : childText(root, 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') {
    return refuse('MalformedXML', 'Status must be Enabled or Suspended.');
  }
  const set = setVersioning(store, request.bucket, status);
  return set.kind === 'ok' ? emptyAnswer(200) : set;
};

export const deleteObjectsRoute: Route = (store, request) => {
  const wrong = checksumRefusal(request.headers, request.body);
  if (wrong !== null) return wrong;
  const bucket = findBucket(store, request.bucket);
  if (bucket.kind === 'refused') return bucket;
  const root = parseXml(Buffer.from(request.body).toString());
  const wanted = root?.children.filter((child) => child.name === 'Object') ?? [];
  if (root?.name !== 'Delete' || wanted.length === 0 || wanted.length > entriesMax) {
    return refuse('MalformedXML', 'Delete must name 1 to 1,000 objects.');
  }
  const isQuiet = childText(root, 'Quiet') === 'true';
  const events: ObjectEvent[] = [];
  let inside = '';
  for (const object of wanted) {
    const key = childText(object, 'Key') ?? '';
    const versionId = childText(object, 'VersionId');
    const deleted = deleteObject(store, request.bucket, key, versionId);
    if (deleted.kind === 'refused') return deleted;
    const { isDeleteMarker, isChanged } = deleted.value;
    if (isChanged) {
      const name = isDeleteMarker ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete';
      events.push({ name, bucket: request.bucket, key, bytes: 0, etag: '', versionId });
    }
    if (isQuiet) continue;
    const version = versionId === null ? '' : element('VersionId', versionId);
    const marker = isDeleteMarker
      ? element('DeleteMarker', 'true') +
        element('DeleteMarkerVersionId', deleted.value.versionId ?? 'null')
      : '';
    inside += `<Deleted>${element('Key', key)}${version}${marker}</Deleted>`;
  }
  return { ...xmlAnswer(xmlDocument('DeleteResult', inside)), events };
};

/** ListObjectsV2, and ListObjects where list-type is missing. */
export const listRoute: Route = (store, request) => {
  const { query } = request;
  const isV2 = query.get('list-type') === '2';
  const token = query.get('continuation-token');
  const startAfter = isV2
    ? token === undefined
      ? (query.get('start-after') ?? '')
      : Buffer.from(token, 'base64url').toString()
    : (query.get('marker') ?? '');
  const max = entriesAsked(query.get('max-keys'));
  if (max === null) return refuse('InvalidArgument', 'max-keys must be a whole number.');
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const listed = listObjects(store, request.bucket, {
    prefix,
    delimiter,
    startAfter,
    entriesMax: max,
  });
  if (listed.kind === 'refused') return listed;
  const { objects, commonPrefixes, next } = listed.value;
  const name = nameElement(query.get('encoding-type') === 'url');
  const contents = objects.map(({ key, current }) => contentsElement(name('Key', key), current));
  const prefixes = commonPrefixes.map(
    (one) => `<CommonPrefixes>${name('Prefix', one)}</CommonPrefixes>`,
  );
  const paging = isV2
    ? element('KeyCount', objects.length + commonPrefixes.length) +
      (token === undefined ? '' : element('ContinuationToken', token)) +
      (query.has('start-after') ? name('StartAfter', query.get('start-after') ?? '') : '') +
      (next === null
        ? ''
        : element('NextContinuationToken', Buffer.from(next).toString('base64url')))
    : name('Marker', startAfter) + (next === null ? '' : name('NextMarker', next));
  return xmlAnswer(
    xmlDocument(
      'ListBucketResult',
      element('Name', request.bucket) +
        name('Prefix', prefix) +
        (delimiter === '' ? '' : name('Delimiter', delimiter)) +
        element('MaxKeys', max) +
        (query.get('encoding-type') === 'url' ? element('EncodingType', 'url') : '') +
        paging +
        element('IsTruncated', String(next !== null)) +
        contents.join('') +
        prefixes.join(''),
    ),
  );
};

export const listVersionsRoute: Route = (store, request) => {
  const bucket = findBucket(store, request.bucket);
  if (bucket.kind === 'refused') return bucket;
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const name = nameElement(query.get('encoding-type') === 'url');
  const max = entriesAsked(query.get('max-keys'));
  if (max === null) return refuse('InvalidArgument', 'max-keys must be a whole number.');
  let inside = '';
  let count = 0;
  let last = '';
  let isTruncated = false;
  for (const key of sortedKeys(bucket.value)) {
    // A page ends between keys, so that the key alone is marker enough.
    if (!key.startsWith(prefix) || (keyMarker !== '' && !isAfter(key, keyMarker))) continue;
    if (count >= max) {
      isTruncated = true;
      break;
    }
    const versions = bucket.value.objects.get(key) ?? [];
    for (const [index, version] of versions.toReversed().entries()) {
      count += 1;
      const head =
        name('Key', key) +
        element('VersionId', version.versionId) +
        element('IsLatest', String(index === 0));
      inside += version.isDeleteMarker
        ? markerElement(head, version)
        : contentsElement(head, version).replaceAll('Contents>', 'Version>');
    }
    last = key;
  }
  return xmlAnswer(
    xmlDocument(
      'ListVersionsResult',
      element('Name', request.bucket) +
        name('Prefix', prefix) +
        name('KeyMarker', keyMarker) +
        element('MaxKeys', max) +
        (query.get('encoding-type') === 'url' ? element('EncodingType', 'url') : '') +
        (isTruncated ? name('NextKeyMarker', last) : '') +
        element('IsTruncated', String(isTruncated)) +
        inside,
    ),
  );
};

function isAfter(key: string, marker: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0;
}

function markerElement(head: string, version: Version): string {
  const lastModified = element('LastModified', isoTime(version.lastModifiedMs));
  return `<DeleteMarker>${head}${lastModified}${owner}</DeleteMarker>`;
}

function contentsElement(head: string, version: Version): string {
  const storageClass = version.headers['x-amz-storage-class'] ?? 'STANDARD';
  return (
    `<Contents>${head}${element('LastModified', isoTime(version.lastModifiedMs))}` +
    element('ETag', `"${version.etag}"`) +
    element('Size', version.bytes.length) +
    `${element('StorageClass', storageClass)}</Contents>`
  );
}

/** Names as in a form with encoding-type=url ('/' kept, '+' for a space), else as XML text. */
function nameElement(isEncoded: boolean): (name: string, text: string) => string {
  if (!isEncoded) return element;
  return (name, text) =>
    element(name, encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/'));
}

function entriesAsked(text: string | undefined): number | null {
  if (text === undefined) return entriesMax;
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), entriesMax) : null;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
