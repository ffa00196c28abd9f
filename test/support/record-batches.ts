// Record batches as a partition holds them, made by kafkajs's encoder: data, control markers, and
// what compaction leaves of them.
import { createRequire } from 'node:module';
import { zstdCompressSync } from 'node:zlib';
import { crc32c } from '../../services/adapters/log/kafka/crc32c.ts';

const require = createRequire(import.meta.url);

interface Encoded {
  readonly buffer: Buffer;
}

const encodeBatch: (batch: {
  readonly compression: 0 | 1;
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly transactional: boolean;
  readonly producerId: string;
  readonly records: readonly Encoded[];
}) => Promise<Encoded> = require('kafkajs/src/protocol/recordBatch/v0/index.js').RecordBatch;
const encodeRecord: (record: {
  readonly offsetDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string | null>>;
}) => Encoded = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');

export interface BatchRecord {
  readonly offset: bigint;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string | null>>;
}

export type Compression = 'none' | 'gzip' | 'zstd';

export interface Batch {
  readonly first: bigint;
  /** Of the batch as it was written: its last record may have been compacted away. */
  readonly last: bigint;
  readonly records: readonly BatchRecord[];
  readonly producerId: bigint;
  readonly transactional: boolean;
  readonly compression: Compression;
}

const lengthOffset = 8;
const lengthEndBytes = 12;
const checksumOffset = 17;
const attributesOffset = 21;
const headerBytes = 61;
const zstdBits = 4;
export const controlFlag = 0x20;

export async function batchBytes(batch: Batch): Promise<Buffer> {
  const { first, last, transactional, producerId, compression } = batch;
  const records = batch.records.map(({ offset, ...record }) =>
    encodeRecord({ ...record, offsetDelta: Number(offset - first) }),
  );
  const encoded = await encodeBatch({
    compression: compression === 'gzip' ? 1 : 0,
    firstOffset: first.toString(),
    lastOffsetDelta: Number(last - first),
    transactional,
    producerId: producerId.toString(),
    records,
  });
  if (compression !== 'zstd') return Buffer.from(encoded.buffer);
  const packed = zstdCompressSync(encoded.buffer.subarray(headerBytes));
  const bytes = Buffer.concat([encoded.buffer.subarray(0, headerBytes), packed]);
  bytes.writeInt32BE(bytes.length - lengthEndBytes, lengthOffset);
  return withAttributes(bytes, zstdBits);
}

/** The batch of one record that ends a transaction; compaction may take the record from it. */
export async function markerBytes(
  producerId: bigint,
  offset: bigint,
  outcome: 'commit' | 'abort' | 'compacted',
): Promise<Buffer> {
  const key = Buffer.from([0, 0, 0, outcome === 'commit' ? 1 : 0]);
  const record = { offset, key, value: Buffer.alloc(6) };
  const bytes = await batchBytes({
    first: offset,
    last: offset,
    records: outcome === 'compacted' ? [] : [record],
    producerId,
    transactional: true,
    compression: 'none',
  });
  return withAttributes(bytes, controlFlag);
}

export function withAttributes(bytes: Buffer, flags: number): Buffer {
  bytes.writeInt16BE(bytes.readInt16BE(attributesOffset) | flags, attributesOffset);
  return sealed(bytes);
}

/** With the checksum that its bytes have now. */
export function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesOffset)), checksumOffset);
  return bytes;
}
