import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeInventoryKey, writeInventory } from '../../../services/sandbox/inventory-writer.ts';
import { hardKeys } from '../../support/hard-keys.ts';

async function written(versions: boolean) {
  const puts: { readonly key: string; readonly bytes: Uint8Array }[] = [];
  const result = await writeInventory(
    {
      sourceBucket: 'source',
      destinationBucket: 'destination',
      destinationPrefix: 'inv',
      configId: 'all',
      startedMs: Date.UTC(2026, 0, 2, 3, 4),
      objects: hardKeys.map((key) => ({ key, bytes: 5, etag: 'e', lastModifiedMs: 0 })),
      rowsPerFile: 10,
      versions,
    },
    (bucket, key, bytes) => {
      expect(bucket).toBe('destination');
      puts.push({ key, bytes });
      return Promise.resolve();
    },
  );
  return { puts, result };
}

describe('a delivery', () => {
  it('lies where S3 puts it, manifest.checksum last', async () => {
    const { puts, result } = await written(false);
    const keys = puts.map(({ key }) => key);
    expect(keys.slice(-3)).toEqual([
      'inv/source/all/hive/dt=2026-01-02-03-04/symlink.txt',
      'inv/source/all/2026-01-02T03-04Z/manifest.json',
      'inv/source/all/2026-01-02T03-04Z/manifest.checksum',
    ]);
    expect(keys.slice(0, -3)).toHaveLength(3);
    for (const key of keys.slice(0, -3)) {
      expect(key).toMatch(
        /^inv\/source\/all\/data\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.csv\.gz$/,
      );
    }
    expect(result).toMatchObject({ rows: hardKeys.length, files: 3, checksumKey: keys.at(-1) });
  });

  it('has a manifest whose sums are true, written as S3 writes it', async () => {
    const { puts } = await written(false);
    const find = (end: string) => puts.find(({ key }) => key.endsWith(end))?.bytes ?? Buffer.of();
    const manifest = Buffer.from(find('manifest.json')).toString();
    const md5 = createHash('md5').update(manifest).digest('hex');
    expect(Buffer.from(find('manifest.checksum')).toString()).toBe(`${md5}\n`);
    expect(manifest).toContain('  "creationTimestamp" : "1767323040000",\n');
    const parsed: {
      files: { key: string; size: number; MD5checksum: string }[];
      fileSchema: string;
    } = JSON.parse(manifest);
    expect(parsed.fileSchema).toBe('Bucket, Key, Size, LastModifiedDate, ETag, StorageClass');
    for (const file of parsed.files) {
      const bytes = find(file.key);
      expect(file.size).toBe(bytes.length);
      expect(file.MD5checksum).toBe(createHash('md5').update(bytes).digest('hex'));
    }
  });

  it('has a row per object with every field quoted, LF, and the key URL-encoded', async () => {
    const { puts } = await written(true);
    const data = puts.filter(({ key }) => key.endsWith('.csv.gz'));
    const rows = data
      .map(({ bytes }) => gunzipSync(bytes).toString())
      .join('')
      .split('\n');
    expect(rows.pop()).toBe('');
    expect(rows).toHaveLength(hardKeys.length);
    const fields = (row: string) => row.slice(1, -1).split('","');
    expect(rows.map((row) => decodeURIComponent(fields(row)[1] ?? ''))).toEqual(hardKeys);
    expect(rows[0]).toBe(
      '"source","plain.txt","","true","false","5","1970-01-01T00:00:00.000Z","e","STANDARD"',
    );
  });

  it('keeps slashes of a key and encodes what S3 encodes', () => {
    expect(encodeInventoryKey("a/b=c~d e'(f)+")).toBe('a/b%3Dc%7Ed%20e%27%28f%29%2B');
  });
});
