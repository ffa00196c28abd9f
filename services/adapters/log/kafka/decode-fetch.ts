// A Fetch answer (version 11) and the record batches in it, read_committed. Ours instead of
// kafkajs's decoder and filter, which let aborted records through, stumble over compacted batches
// and spread large ones over the stack.
// Invariant: `next` moves over everything that was complete, whether or not it holds a record for
// the reader: control records, aborted batches and what compaction left empty included.
// Source: Kafka protocol guide, "Record Batch"; CompletedFetch.java for the order of aborts.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { StoredRecord } from '../../../core/log.ts';
import { crc32c } from './crc32c.ts';

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly logStart: bigint;
  readonly aborted: readonly Aborted[];
  /** Record batches, the last of which may be cut. */
  readonly batches: Buffer;
}

/** A transaction that was aborted: its batches from firstOffset to its abort marker. */
export interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** The bytes are not those that the broker stored, or its disk has changed them. */
export class DamagedBatch extends Error {}

export interface DecodedBatches {
  readonly records: readonly StoredRecord[];
  /** Where to go on; the given offset if nothing was complete. */
  readonly next: bigint;
  /** Batches passed over since they are in no form that is read here: none of ours. */
  readonly unreadable: readonly Unreadable[];
}

export interface Unreadable {
  readonly offset: bigint;
  readonly reason: string;
}

const batchHeaderBytes = 61;
/** From the base offset to the end of the length field. */
const lengthEndBytes = 12;
const magicByte = 2;
const compressionMask = 0x07;
const transactionalFlag = 0x10;
const controlFlag = 0x20;
const abortMarker = 0;
/** Inflated; a commit of ours is at most half of it. Beyond it a batch is not read. */
const batchBytesMax = 32 * 1024 * 1024;
/** Inflated, of one answer; then its rest is asked for again. */
const inflatedBytesMax = 32 * 1024 * 1024;
/** Of one record of an outside producer; ours have none. */
const headersMax = 1_000;

export function decodeFetch(answer: Buffer): readonly Fetched[] {
  const reader = new Reader(answer);
  reader.int32(); // throttle time
  const errorCode = reader.int16();
  reader.int32(); // session
  const fetched: Fetched[] = [];
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = reader.string();
    for (let partitions = reader.int32(); partitions > 0; partitions -= 1) {
      const one = decodePartition(reader, topic);
      fetched.push(errorCode === 0 ? one : { ...one, errorCode });
    }
  }
  return fetched;
}

function decodePartition(reader: Reader, topic: string): Fetched {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  reader.int64(); // last stable offset
  const logStart = reader.int64();
  const aborted: Aborted[] = [];
  for (let left = reader.int32(); left > 0; left -= 1) {
    aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  }
  reader.int32(); // preferred replica
  const batches = reader.bytes(Math.max(0, reader.int32()));
  return { topic, partition, errorCode, highWatermark, logStart, aborted, batches };
}

/** from: the offset that was asked for; batches may begin before it. */
export function decodeBatches(
  batches: Buffer,
  from: bigint,
  aborted: readonly Aborted[],
): DecodedBatches {
  const waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const abortedNow = new Set<bigint>();
  const records: StoredRecord[] = [];
  const unreadable: Unreadable[] = [];
  let next = from;
  let begun = 0;
  let inflated = 0;
  for (let at = 0; at + batchHeaderBytes <= batches.length; ) {
    const end = at + lengthEndBytes + batches.readInt32BE(at + 8);
    // What is left of a large answer is fetched again: a few bytes may hold gigabytes.
    if (end > batches.length || inflated > inflatedBytesMax) break;
    const batch = batches.subarray(at, end);
    const { lastOffset, producerId, attributes } = headerOf(batch);
    if (batch.readUInt32BE(17) !== crc32c(batch.subarray(21))) {
      throw new DamagedBatch(`the batch at offset ${batch.readBigInt64BE(0)} is damaged`);
    }
    for (; (waiting[begun]?.firstOffset ?? lastOffset + 1n) <= lastOffset; begun += 1) {
      abortedNow.add(waiting[begun]?.producerId ?? -1n);
    }
    if ((attributes & controlFlag) !== 0) {
      if (markerOf(batch) === abortMarker) abortedNow.delete(producerId);
    } else if ((attributes & transactionalFlag) === 0 || !abortedNow.has(producerId)) {
      const decoded = decodeRecords(batch, attributes, from);
      inflated += decoded.bytes;
      if (decoded.reason === null) for (const record of decoded.records) records.push(record);
      else unreadable.push({ offset: batch.readBigInt64BE(0), reason: decoded.reason });
    }
    if (lastOffset >= next) next = lastOffset + 1n;
    at = end;
  }
  return { records, next, unreadable };
}

interface BatchHeader {
  readonly lastOffset: bigint;
  readonly attributes: number;
  readonly producerId: bigint;
}

function headerOf(batch: Buffer): BatchHeader {
  const magic = batch.readInt8(16);
  if (magic !== magicByte) {
    throw new Error(`a record batch of format ${magic}, where only ${magicByte} is known`);
  }
  const attributes = batch.readInt16BE(21);
  const lastOffset = batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(23));
  return { lastOffset, attributes, producerId: batch.readBigInt64BE(43) };
}

/** The type in a control record's key; none where compaction has taken the record. */
function markerOf(batch: Buffer): number | null {
  const reader = new Reader(batch, batchHeaderBytes - 4);
  if (reader.int32() === 0) return null;
  reader.varint(); // length
  reader.int8(); // attributes
  reader.varlong(); // time
  reader.varint(); // offset
  const key = reader.bytes(Math.max(0, reader.varint()));
  return key.length < 4 ? null : key.readInt16BE(2);
}

interface DecodedRecords {
  readonly records: readonly StoredRecord[];
  /** Of the records, inflated. */
  readonly bytes: number;
  /** Why the batch cannot be read; null if it was. */
  readonly reason: string | null;
}

function decodeRecords(batch: Buffer, attributes: number, from: bigint): DecodedRecords {
  const count = batch.readInt32BE(batchHeaderBytes - 4);
  const base = batch.readBigInt64BE(0);
  const records: StoredRecord[] = [];
  let bytes = 0;
  try {
    const plain = inflate(batch.subarray(batchHeaderBytes), attributes);
    bytes = plain.length;
    const reader = new Reader(plain);
    for (let left = count; left > 0; left -= 1) {
      const record = decodeRecord(reader, base);
      if (record.offset >= from) records.push(record);
    }
    return { records, bytes, reason: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { records: [], bytes, reason };
  }
}

function decodeRecord(reader: Reader, base: bigint): StoredRecord {
  reader.varint(); // length
  reader.int8(); // attributes
  reader.varlong(); // time
  const offset = base + BigInt(reader.varint());
  const key = reader.nullableBytes()?.toString('utf8') ?? '';
  const value = reader.nullableBytes();
  // A copy: a view would keep the whole answer in memory for as long as one record is used.
  const copy = value === null ? null : new Uint8Array(value);
  const headers: Record<string, string> = {};
  const headerCount = reader.varint();
  if (headerCount > headersMax) throw new Error(`a record of ${headerCount} headers`);
  for (let left = headerCount; left > 0; left -= 1) {
    const name = reader.bytes(Math.max(0, reader.varint())).toString('utf8');
    headers[name] = reader.nullableBytes()?.toString('utf8') ?? '';
  }
  return headerCount > 0 ? { offset, key, value: copy, headers } : { offset, key, value: copy };
}

function inflate(records: Buffer, attributes: number): Buffer {
  const compression = attributes & compressionMask;
  switch (compression) {
    case 0:
      return records;
    case 1:
      return gunzipSync(records, { maxOutputLength: batchBytesMax });
    case 4:
      return zstdDecompressSync(records, { maxOutputLength: batchBytesMax });
    default:
      throw new Error(
        `records compressed by ${compression === 2 ? 'snappy' : 'lz4'}, which is not read here; ` +
          'set compression.type=zstd on the topic, so that the broker stores them so',
      );
  }
}

/** Big-endian integers, zigzag varints and length-prefixed bytes, in order. */
class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  int8(): number {
    this.#at += 1;
    return this.#bytes.readInt8(this.#at - 1);
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  string(): string {
    return this.bytes(Math.max(0, this.int16())).toString('utf8');
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) {
      throw new Error('a record reaches beyond its batch');
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  nullableBytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.bytes(length);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.int8();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** Passed over: nothing here needs its value. */
  varlong(): void {
    while ((this.int8() & 0x80) !== 0);
  }
}
