import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inventoryFilesMax, parseInventory } from '../../../services/core/inventory.ts';
import { sharedFile } from '../../support/shared-data.ts';

const md5 = 'F11166069f1990abeb9c97ace9cdfabc';
const good = {
  sourceBucket: 'src',
  destinationBucket: 'arn:aws:s3:::dst',
  version: '2021-05-22',
  creationTimestamp: '1514944800000',
  fileFormat: 'CSV',
  fileSchema: 'Bucket, Key,Size',
  files: [{ key: 'inv/a.csv.gz', size: 12, MD5checksum: md5 }],
};

test('a manifest.json names its buckets, columns and files', () => {
  expect(parseInventory(JSON.stringify(good, null, 2))).toEqual({
    kind: 'inventory',
    inventory: {
      sourceBucket: 'src',
      destinationBucket: 'dst',
      columns: ['Bucket', 'Key', 'Size'],
      files: [{ key: 'inv/a.csv.gz', bytes: 12, md5: md5.toLowerCase() }],
    },
  });
});

test('an inventory of an empty bucket may list no files', () => {
  expect(parseInventory(JSON.stringify({ ...good, files: [] }))).toMatchObject({
    inventory: { files: [] },
  });
});

test.each(['ORC', 'Parquet'])('%s is known and not supported yet', (fileFormat) => {
  expect(parseInventory(JSON.stringify({ ...good, fileFormat, fileSchema: 'struct<>' }))).toEqual({
    kind: 'unsupported',
    reason: `Inventory reports in ${fileFormat} are not supported yet; use CSV.`,
  });
});

test.each([
  ['no JSON', '{', 'manifest.json is not a JSON object.'],
  ['a list', '[]', 'manifest.json is not a JSON object.'],
  ['no source', { sourceBucket: undefined }, 'sourceBucket is not the name of a bucket: absent.'],
  ['a bad source', { sourceBucket: '-' }, 'sourceBucket is not the name of a bucket: "-".'],
  [
    'a bare name',
    { destinationBucket: 'dst' },
    'destinationBucket is not the ARN of a bucket: "dst"',
  ],
  ['no destination', { destinationBucket: 1 }, 'destinationBucket is not the ARN of a bucket: 1.'],
  ['no format', { fileFormat: undefined }, 'fileFormat is not CSV, ORC or Parquet: absent.'],
  ['no schema', { fileSchema: undefined }, 'fileSchema is not a list of columns: absent.'],
  ['an empty column', { fileSchema: 'Bucket,,Key' }, 'fileSchema is not a list of columns'],
  ['a long one', { fileSchema: `,${'x'.repeat(100)}` }, `: ",${'x'.repeat(78)}….`],
  ['no list', { files: {} }, 'manifest.json: files is not a list.'],
  ['a file that is none', { files: [1] }, 'files[0] needs key, size and MD5checksum: 1.'],
  ['no key', { files: [{ size: 1, MD5checksum: md5 }] }, 'files[0] needs key'],
  ['an empty key', { files: [{ key: '', size: 1, MD5checksum: md5 }] }, 'files[0] needs key'],
  ['size as text', { files: [{ key: 'k', size: '1', MD5checksum: md5 }] }, 'files[0] needs key'],
  ['half a byte', { files: [{ key: 'k', size: 0.5, MD5checksum: md5 }] }, 'files[0] needs key'],
  ['less than none', { files: [{ key: 'k', size: -1, MD5checksum: md5 }] }, 'files[0] needs key'],
  ['no MD5', { files: [...good.files, { key: 'k', size: 1 }] }, 'files[1] needs key'],
  ['half an MD5', { files: [{ key: 'k', size: 1, MD5checksum: 'ab' }] }, 'files[0] needs key'],
  [
    'too many files',
    { files: Array.from({ length: inventoryFilesMax + 1 }, () => good.files[0]) },
    'it lists 100001 files, more than 100000.',
  ],
])('%s is refused', (_what, changes, reason) => {
  const text = typeof changes === 'string' ? changes : JSON.stringify({ ...good, ...changes });
  const answer = parseInventory(text);
  expect(answer).toMatchObject({ kind: 'bad', reason: expect.stringContaining(reason) });
});

const seen = sharedFile('data', 'inventory', 'manifests-seen.json');

describe.skipIf(seen === null)('manifests that were seen in the wild', () => {
  test('CSV ones are understood, others named', () => {
    const { manifests } = JSON.parse(readFileSync(seen ?? '', 'utf8'));
    expect(manifests.length).toBeGreaterThan(5);
    for (const manifest of manifests) {
      if (manifest.sourceBucket === undefined) continue;
      const files = (manifest.files ?? []).map((file: { readonly MD5checksum: string }) => ({
        ...file,
        // Some were quoted in part only.
        MD5checksum:
          file.MD5checksum.includes('…') || file.MD5checksum.includes('.') ? md5 : file.MD5checksum,
      }));
      const answer = parseInventory(JSON.stringify({ ...manifest, files }));
      const expected = manifest.fileFormat === 'CSV' ? 'inventory' : 'unsupported';
      expect(answer, JSON.stringify(answer)).toMatchObject({ kind: expected });
    }
  });
});
