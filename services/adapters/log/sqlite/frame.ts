// The bytes of records as they travel between threads and lie in the file: per record the value's
// length (u32, nullLength for a tombstone), the key's length (u16), key, value; little endian.
// Invariant: decode(encode(records)) = records, and a value decoded is a window, not a copy.
import { Buffer } from 'node:buffer';
import type { NewRecord, StoredRecord } from '../../../core/log.ts';
import type { Batch, Records } from './protocol.ts';

const headerBytes = 6;
const nullLength = 0xffff_ffff;
const keyBytesMax = 0xffff;
/** A read takes whole batches, so it may get this much more than it asked for. */
const batchBytesMax = 256 * 1024;

interface OpenBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: NewRecord[];
  bytes: number;
}

/** One batch per partition in order of first use, split at batchBytesMax. */
export function encodeBatches(records: readonly NewRecord[]): readonly Batch[] {
  const closed: OpenBatch[] = [];
  const open = new Map<string, OpenBatch>();
  let batch: OpenBatch | undefined;
  for (const record of records) {
    const { topic, partition, key, value } = record;
    if (batch?.topic !== topic || batch.partition !== partition) {
      batch = open.get(`${partition} ${topic}`);
    }
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes > keyBytesMax) throw new Error(`a key of ${keyBytes} bytes`);
    const bytes = headerBytes + keyBytes + (value?.length ?? 0);
    if (batch === undefined || batch.bytes + bytes > batchBytesMax) {
      batch = { topic, partition, records: [], bytes: 0 };
      open.set(`${partition} ${topic}`, batch);
      closed.push(batch);
    }
    batch.records.push(record);
    batch.bytes += bytes;
  }
  return closed.map(encodeBatch);
}

function encodeBatch({ topic, partition, records, bytes }: OpenBatch): Batch {
  // Slow: not from the shared pool, since the whole buffer is transferred.
  const buffer = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const { key, value } of records) {
    const keyBytes = buffer.write(key, at + headerBytes);
    buffer.writeUInt32LE(value === null ? nullLength : value.length, at);
    buffer.writeUInt16LE(keyBytes, at + 4);
    at += headerBytes + keyBytes;
    if (value === null) continue;
    buffer.set(value, at);
    at += value.length;
  }
  return { topic, partition, count: records.length, bytes: buffer };
}

export interface Frame {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** For topics that keep one row per key. */
export function framesOf(bytes: Uint8Array): readonly Frame[] {
  const buffer = bufferOf(bytes);
  const frames: Frame[] = [];
  for (let at = 0; at < buffer.length; ) {
    const valueBytes = buffer.readUInt32LE(at);
    const keyEnd = at + headerBytes + buffer.readUInt16LE(at + 4);
    const key = buffer.subarray(at + headerBytes, keyEnd);
    at = valueBytes === nullLength ? keyEnd : keyEnd + valueBytes;
    frames.push({ key, value: valueBytes === nullLength ? null : buffer.subarray(keyEnd, at) });
  }
  return frames;
}

export function encodeFrame({ key, value }: Frame): Uint8Array {
  const buffer = Buffer.allocUnsafe(headerBytes + key.length + (value?.length ?? 0));
  buffer.writeUInt32LE(value === null ? nullLength : value.length, 0);
  buffer.writeUInt16LE(key.length, 4);
  buffer.set(key, headerBytes);
  if (value !== null) buffer.set(value, headerBytes + key.length);
  return buffer;
}

/** The records with offsets from `from` on, in the order of the runs. */
export function decodeRecords(records: Records, from: number): StoredRecord[] {
  const buffer = bufferOf(records.bytes);
  const decoded: StoredRecord[] = [];
  let at = 0;
  for (let run = 0; run < records.runs.length; run += 3) {
    const first = records.runs[run] ?? 0;
    const end = first + (records.runs[run + 1] ?? 0);
    for (let offset = first; offset < end; offset += 1) {
      const valueBytes = buffer.readUInt32LE(at);
      const keyStart = at + headerBytes;
      const keyEnd = keyStart + buffer.readUInt16LE(at + 4);
      at = valueBytes === nullLength ? keyEnd : keyEnd + valueBytes;
      if (offset < from) continue;
      const value =
        valueBytes === nullLength
          ? null
          : new Uint8Array(buffer.buffer, buffer.byteOffset + keyEnd, valueBytes);
      decoded.push({
        offset: BigInt(offset),
        key: buffer.toString('utf8', keyStart, keyEnd),
        value,
      });
    }
  }
  return decoded;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The buffers to transfer with a message that carries these arrays. */
export function transferable(arrays: readonly Uint8Array[]): ArrayBuffer[] {
  const whole = arrays.filter(
    ({ buffer, byteLength }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength,
  );
  const buffers = whole.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
  return buffers.filter(({ byteLength }) => byteLength > 0);
}
