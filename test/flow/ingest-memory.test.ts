import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { csvManifest, inventoryManifest, openIngestRoom } from '../support/ingest-room.ts';

const kibibyte = 1024;
const limits = {
  rangeBytes: 64 * kibibyte,
  rangesAhead: 2,
  filesAhead: 2,
  inflatedAheadBytesMax: 128 * kibibyte,
  inflateAtOnceBytesMax: 0,
};
const chunkBytes = 128 * kibibyte;
/** Per file: ranges under way, the queue, and the chunk that overfills it. */
const perFileBytesMax =
  limits.rangesAhead * limits.rangeBytes + limits.inflatedAheadBytesMax + chunkBytes;
const bytesMax = limits.filesAhead * perFileBytesMax;

const rows = 300_000;
/** Keys that hardly shrink, so that there is much to fetch. */
const keys = randomBytes(rows * 24).toString('hex');
const key = (row: number) => keys.slice(row * 48, row * 48 + 48);

test('a manifest of 300,000 rows never fills its buffers past their limit', async () => {
  const room = await openIngestRoom({ limits, partitions: 4 });
  const text = Array.from({ length: rows }, (_, row) => `photos,${key(row)}\n`).join('');
  expect(text.length).toBeGreaterThan(10 * bytesMax);
  room.start();
  await room.submit({ manifest: csvManifest(room.s3, text) });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: rows });
  expect(room.buffered.bytesMost).toBeGreaterThan(0);
  expect(room.buffered.bytesMost).toBeLessThanOrEqual(bytesMax);
  expect(room.buffered.bytes).toBe(0);
});

test('an inventory of 300,000 rows in four files does not either, reading ahead', async () => {
  const room = await openIngestRoom({ limits, partitions: 4 });
  const files = Array.from({ length: 4 }, (_, file) => {
    const own = Array.from(
      { length: rows / 4 },
      (_, row) => `"src","${key((file * rows) / 4 + row)}"\n`,
    );
    return { key: `${file}.csv.gz`, bytes: gzipSync(own.join(''), { level: 1 }) };
  });
  expect(files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(5 * bytesMax);
  room.start();
  await room.submit({ manifest: inventoryManifest(room.s3, 'Bucket, Key', files) });
  expect(await room.verdict()).toMatchObject({ kind: 'prepared', total: rows });
  expect(room.buffered.bytesMost).toBeGreaterThan(limits.inflatedAheadBytesMax);
  expect(room.buffered.bytesMost).toBeLessThanOrEqual(bytesMax);
  expect(room.buffered.bytes).toBe(0);
});
