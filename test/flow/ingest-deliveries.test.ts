import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Manifest } from '../../services/core/job.ts';
import { encodeKey } from '../../services/core/key.ts';
import { inventoryManifest, openIngestRoom } from '../support/ingest-room.ts';
import { sharedFile } from '../support/shared-data.ts';

const folder = sharedFile('data', 'inventory');
const recorded = (...parts: readonly string[]): Buffer =>
  readFileSync(join(folder ?? '', ...parts));

test.skipIf(folder === null).each([
  {
    name: 'csv_inventory',
    rows: [
      ['filemanager-inventory-test', 'inventory-test/', ''],
      ['filemanager-inventory-test', 'inventory-test/key1', ''],
      ['filemanager-inventory-test', 'inventory-test/key1', 'tpinzcbxOfWpZsmjvVgdHEvSohsY4TA0'],
      ['filemanager-inventory-test', 'inventory-test/key2', 'gdN1exfZmD7m713patv8dlQ7fTNwle3v'],
      ['filemanager-inventory-test', 'inventory-test/key2', 'zl_C7NLxrkBsMFD5HQUdybrmuV9VpvkN'],
    ],
  },
  {
    name: 'csv_inventory_no_version',
    rows: [
      ['filemanager-inventory-test', 'inventory-test/', null],
      ['filemanager-inventory-test', 'inventory-test/key1', null],
    ],
  },
])('the real delivery $name comes out as its rows', async ({ name, rows }) => {
  const room = await openIngestRoom();
  const bucket = 'filemanager-inventory-test';
  room.s3.seed(bucket, `${name}.csv.gz`, recorded('umccr', `${name}.csv.gz`));
  const { etag } = room.s3.seed(
    bucket,
    'manifest.json',
    recorded('umccr', `${name}_manifest.json`),
  );
  const objectArn = `arn:aws:s3:::${bucket}/manifest.json`;
  const location = { objectArn, objectVersionId: null, etag };
  const manifest: Manifest = { format: 'S3InventoryReport_CSV_20161130', location };
  room.start();
  await room.submit({ manifest });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: rows.length });
  expect(await room.rows()).toEqual(rows);
});

test.skipIf(folder === null)(
  'the nasty keys of a delivery come out decoded, and as they were written',
  async () => {
    const room = await openIngestRoom();
    const columns =
      'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, ' +
      'StorageClass, IsMultipartUploaded, ReplicationStatus, EncryptionStatus, ' +
      'ObjectLockRetainUntilDate, ' +
      'ObjectLockMode, ObjectLockLegalHoldStatus, IntelligentTieringAccessTier, BucketKeyStatus, ' +
      'ChecksumAlgorithm, ObjectAccessControlList, ObjectOwner';
    const files = [{ key: 'pct20.csv.gz', bytes: recorded('synthetic', 'aws-style-pct20.csv.gz') }];
    room.start();
    await room.submit({ manifest: inventoryManifest(room.s3, columns, files) });
    const expected = recorded('synthetic', 'expected-rows.jsonl')
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: expected.length });
    expect(await room.rows()).toEqual(
      expected.map(({ bucket, key, version_id }) => [bucket, key, version_id ?? '']),
    );
    const [tasks = []] = await room.tasks();
    const spelled = gunzipSync(recorded('synthetic', 'aws-style-pct20.csv.gz'))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => line.split('","')[1]);
    expect(tasks.map(({ task }) => task.written ?? encodeKey(task.key))).toEqual(spelled);
    // It spells a space %20, which is not our own spelling.
    expect(tasks.some(({ task }) => task.written?.includes('%20'))).toBe(true);
  },
);
