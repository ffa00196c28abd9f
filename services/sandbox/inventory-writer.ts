// Writes an S3 Inventory delivery as S3 itself does: gzipped CSV data files, symlink.txt,
// manifest.json, and manifest.checksum last, since that file is what makes a delivery complete.
// Source: S3 User Guide, "Locating your inventory list", and real deliveries.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface InventoryObject {
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  /** Only with `versions: true`. */
  readonly versionId?: string;
  readonly isLatest?: boolean;
  readonly isDeleteMarker?: boolean;
}

export interface InventoryDelivery {
  readonly sourceBucket: string;
  readonly destinationBucket: string;
  /** Without slashes at its ends; '' for none. */
  readonly destinationPrefix: string;
  readonly configId: string;
  /** When the scan began: names the folder. */
  readonly startedMs: number;
  readonly objects: Iterable<InventoryObject>;
  readonly rowsPerFile: number;
  /** True: an all-versions report with VersionId, IsLatest and IsDeleteMarker. */
  readonly versions?: boolean;
}

export type InventoryPut = (
  bucket: string,
  key: string,
  bytes: Uint8Array,
  contentType: string,
) => Promise<void>;

export interface WrittenInventory {
  readonly manifestKey: string;
  readonly checksumKey: string;
  readonly rows: number;
  readonly files: number;
  /** MD5 of manifest.json, as in manifest.checksum and as S3's ETag of it. */
  readonly manifestMd5: string;
}

interface DataFile {
  readonly key: string;
  readonly size: number;
  readonly MD5checksum: string;
}

export async function writeInventory(
  delivery: InventoryDelivery,
  put: InventoryPut,
): Promise<WrittenInventory> {
  const { destinationPrefix: prefix, sourceBucket, configId, destinationBucket } = delivery;
  const base = `${prefix === '' ? '' : `${prefix}/`}${sourceBucket}/${configId}`;
  const files: DataFile[] = [];
  let rows = 0;
  for (const batch of batches(delivery.objects, delivery.rowsPerFile)) {
    const csv = batch.map((object) => inventoryRow(delivery, object)).join('');
    const bytes = gzipSync(csv);
    const key = `${base}/data/${uuidOf(`${base} ${delivery.startedMs} ${files.length}`)}.csv.gz`;
    await put(destinationBucket, key, bytes, 'application/octet-stream');
    files.push({ key, size: bytes.length, MD5checksum: md5(bytes) });
    rows += batch.length;
  }
  const stamp = new Date(delivery.startedMs).toISOString();
  const day = stamp.slice(0, 10);
  const time = `${stamp.slice(11, 13)}-${stamp.slice(14, 16)}`;
  const links = files.map(({ key }) => `s3://${destinationBucket}/${key}`).join('\n');
  const linksKey = `${base}/hive/dt=${day}-${time}/symlink.txt`;
  await put(destinationBucket, linksKey, Buffer.from(links), 'text/plain');
  const folder = `${base}/${day}T${time}Z`;
  const manifest = Buffer.from(manifestText(delivery, files));
  const manifestMd5 = md5(manifest);
  const manifestKey = `${folder}/manifest.json`;
  const checksumKey = `${folder}/manifest.checksum`;
  await put(destinationBucket, manifestKey, manifest, 'application/octet-stream');
  await put(destinationBucket, checksumKey, Buffer.from(`${manifestMd5}\n`), 'text/plain');
  return { manifestKey, checksumKey, rows, files: files.length, manifestMd5 };
}

function* batches<T>(items: Iterable<T>, itemsMax: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < itemsMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Every field quoted, LF at the end, the key URL-encoded with its slashes kept. */
export function inventoryRow(
  delivery: Pick<InventoryDelivery, 'sourceBucket' | 'versions'>,
  object: InventoryObject,
): string {
  const isMarker = object.isDeleteMarker === true;
  const fields = [
    delivery.sourceBucket,
    encodeInventoryKey(object.key),
    ...(delivery.versions === true
      ? [object.versionId ?? '', String(object.isLatest ?? true), String(isMarker)]
      : []),
    isMarker ? '' : String(object.bytes),
    new Date(object.lastModifiedMs).toISOString(),
    isMarker ? '' : object.etag,
    isMarker ? '' : 'STANDARD',
  ];
  return `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`;
}

/** As Inventory spells keys: a space as %20 (2025; '+' in 2018), `=` and `~` encoded too. */
export function encodeInventoryKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** In the form of the JSON writer that S3 uses: a space before each colon, arrays on one line. */
function manifestText(delivery: InventoryDelivery, files: readonly DataFile[]): string {
  const versions = delivery.versions === true ? 'VersionId, IsLatest, IsDeleteMarker, ' : '';
  const schema = `Bucket, Key, ${versions}Size, LastModifiedDate, ETag, StorageClass`;
  const listed = files.map(
    ({ key, size, MD5checksum }) =>
      `{\n    "key" : ${JSON.stringify(key)},\n    "size" : ${size},\n` +
      `    "MD5checksum" : ${JSON.stringify(MD5checksum)}\n  }`,
  );
  return [
    '{',
    `  "sourceBucket" : ${JSON.stringify(delivery.sourceBucket)},`,
    `  "destinationBucket" : ${JSON.stringify(`arn:aws:s3:::${delivery.destinationBucket}`)},`,
    '  "version" : "2016-11-30",',
    `  "creationTimestamp" : "${delivery.startedMs}",`,
    '  "fileFormat" : "CSV",',
    `  "fileSchema" : ${JSON.stringify(schema)},`,
    `  "files" : [ ${listed.join(', ')} ]`,
    '}',
  ].join('\n');
}

/** Names data files after what they are, so that a rewritten delivery overwrites itself. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20, 32)].join('-');
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
