// The recorded Inventory deliveries of the shared folder, as the system tests drop them: two real
// ones byte for byte, and a synthetic one of awkward keys that has a manifest.json built around it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { sharedFile } from './shared-data.ts';

export interface InventoryRow {
  readonly bucket: string;
  /** As the inventory spells it. */
  readonly spelled: string;
  readonly key: string;
  /** null: the inventory has no column of versions. */
  readonly versionId: string | null;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  readonly bytes: number;
}

export interface RecordedDelivery {
  readonly name: string;
  readonly sourceBucket: string;
  readonly destinationBucket: string;
  /** Where manifest.json says that the data file lies. */
  readonly dataKey: string;
  readonly data: Uint8Array;
  readonly rows: readonly InventoryRow[];
  /** manifest.json with that data file; for dataKey it is the recorded one. */
  manifest(dataKey: string): string;
}

const versionColumns =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, ' +
  'IsMultipartUploaded, ReplicationStatus, EncryptionStatus, ObjectLockRetainUntilDate, ' +
  'ObjectLockMode, ObjectLockLegalHoldStatus, IntelligentTieringAccessTier, BucketKeyStatus, ' +
  'ChecksumAlgorithm, ObjectAccessControlList, ObjectOwner';

/** Empty if the shared folder is not on this machine (shared-data.ts says so). */
export function recordedDeliveries(): readonly RecordedDelivery[] {
  return [
    realDelivery('csv_inventory'),
    realDelivery('csv_inventory_no_version'),
    synthetic(),
  ].filter((delivery) => delivery !== null);
}

function realDelivery(name: string): RecordedDelivery | null {
  const dataFile = sharedFile('data', 'inventory', 'umccr', `${name}.csv.gz`);
  const manifestFile = sharedFile('data', 'inventory', 'umccr', `${name}_manifest.json`);
  const checksumFile = sharedFile('data', 'inventory', 'umccr', `${name}_manifest.checksum`);
  if (dataFile === null || manifestFile === null || checksumFile === null) return null;
  const text = readFileSync(manifestFile, 'utf8');
  if (md5Hex(text) !== readFileSync(checksumFile, 'utf8').trim()) {
    throw new Error(`${manifestFile} is not what its manifest.checksum says`);
  }
  const { sourceBucket, destinationBucket, fileSchema } = JSON.parse(text);
  const data = readFileSync(dataFile);
  const dataKey = `${name}.csv.gz`;
  return {
    name,
    sourceBucket,
    destinationBucket: destinationBucket.replace('arn:aws:s3:::', ''),
    dataKey,
    data,
    rows: rowsOf(data, fileSchema, (spelled) => spelled),
    manifest: (key) => text.replace(`"${dataKey}"`, JSON.stringify(key)),
  };
}

function synthetic(): RecordedDelivery | null {
  const dataFile = sharedFile('data', 'inventory', 'synthetic', 'aws-style-pct20.csv.gz');
  const expectedFile = sharedFile('data', 'inventory', 'synthetic', 'expected-rows.jsonl');
  if (dataFile === null || expectedFile === null) return null;
  const data = readFileSync(dataFile);
  const expected = readFileSync(expectedFile, 'utf8').trimEnd().split('\n');
  return {
    name: 'synthetic',
    sourceBucket: 'inv-src',
    destinationBucket: 'inv-drops',
    dataKey: 'data/aws-style-pct20.csv.gz',
    data,
    rows: rowsOf(data, versionColumns, (_spelled, index) => JSON.parse(expected[index] ?? '').key),
    // S3 itself writes a space on both sides of the colon.
    manifest: (key) =>
      `{\n  "sourceBucket" : "inv-src",\n  "destinationBucket" : "arn:aws:s3:::inv-drops",\n` +
      `  "version" : "2016-11-30",\n  "creationTimestamp" : "1715043600000",\n` +
      `  "fileFormat" : "CSV",\n  "fileSchema" : "${versionColumns}",\n  "files" : [ {\n` +
      `    "key" : ${JSON.stringify(key)},\n    "size" : ${data.length},\n` +
      `    "MD5checksum" : "${md5Hex(data)}"\n  } ]\n}`,
  };
}

/** Read by another parser than the one under test. */
function rowsOf(
  data: Uint8Array,
  schema: string,
  decoded: (spelled: string, index: number) => string,
): InventoryRow[] {
  const columns = schema.split(', ');
  const records: Record<string, string>[] = parse(gunzipSync(data), { columns });
  return records.map((record, index) => ({
    bucket: record['Bucket'] ?? '',
    spelled: record['Key'] ?? '',
    key: decoded(record['Key'] ?? '', index),
    versionId: record['VersionId'] ?? null,
    isLatest: record['IsLatest'] !== 'false',
    isDeleteMarker: record['IsDeleteMarker'] === 'true',
    bytes: Number(record['Size'] ?? 0),
  }));
}

export function md5Hex(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}
