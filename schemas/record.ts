// One kind of record between bytes and rows: frame, checksum, compression and schema versions.
// A frame is: byte 0 the writer's schema version, byte 1 the compression (0 none, 1 zstd), bytes
// 2 to 5 the CRC-32 (big endian) of bytes 0, 1 and the rest, then the Avro body.
// Invariant: bytes that are not what a writer wrote end in an error that names the record.
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Type } from 'avsc';

/** Between a domain value and the bytes of one record. */
export interface Codec<T> {
  /** Throws on a value that the schema cannot hold. */
  encode(value: T): Uint8Array;
  /** Throws on damaged bytes and on values that this build does not know. */
  decode(bytes: Uint8Array): T;
}

export interface RecordFormat {
  /** What an error calls it, e.g. "task slice (topic tasks)". */
  readonly name: string;
  /** Written into every frame, 1 to 255. */
  readonly version: number;
  readonly type: Type;
  /** The schemas of earlier versions, to read what they wrote. */
  readonly former: ReadonlyMap<number, Type>;
  readonly compressed: boolean;
}

const frameBytes = 6;
/** Far above a slice of 64 KiB; ends what a damaged or hostile frame would inflate to. */
export const recordBytesMax = 16 * 1024 * 1024;

const compressOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const decompressOptions = { maxOutputLength: recordBytesMax };

/** A record whose Avro row is made by toRow and checked again by fromRow. */
export function recordCodec<T, Row>(
  format: RecordFormat,
  toRow: (value: T) => Row,
  fromRow: (row: Row) => T,
): Codec<T> {
  const resolvers = new Map(
    [...format.former].map(([version, type]) => [
      version,
      { type, resolver: format.type.createResolver(type) },
    ]),
  );

  function body(frame: Buffer): Buffer {
    if (frame.length < frameBytes) throw new Error('it is shorter than a frame');
    if (!isFrame(frame)) throw new Error('its checksum does not match');
    const rest = frame.subarray(frameBytes);
    if (frame[1] === 0) return rest;
    if (frame[1] === 1) return zstdDecompressSync(rest, decompressOptions);
    throw new Error(`compression ${frame[1]} is unknown to this build`);
  }

  function decodeRow(frame: Buffer): Row {
    const bytes = body(frame);
    const version = frame[0] ?? 0;
    const former = resolvers.get(version);
    if (former === undefined && version < format.version) {
      throw new Error(`schema version ${version} is unknown to this build`);
    }
    // A newer writer only added fields at the end: what follows the fields we know is not read.
    const decoded =
      former === undefined
        ? format.type.decode(bytes, 0)
        : former.type.decode(bytes, 0, undefined).offset < 0
          ? { value: undefined, offset: -1 }
          : format.type.decode(bytes, 0, former.resolver);
    if (decoded.offset < 0) throw new Error('it is cut short');
    return decoded.value;
  }

  return {
    encode(value) {
      const plain = format.type.toBuffer(toRow(value));
      if (plain.length > recordBytesMax) {
        throw new Error(`A ${format.name} of ${plain.length} bytes is above ${recordBytesMax}.`);
      }
      const rest = format.compressed ? zstdCompressSync(plain, compressOptions) : plain;
      // Memory of its own: a frame goes to other threads, which would copy or take Node's pool.
      const frame = Buffer.allocUnsafeSlow(frameBytes + rest.length);
      frame[0] = format.version;
      frame[1] = format.compressed ? 1 : 0;
      rest.copy(frame, frameBytes);
      frame.writeUInt32BE(checksum(frame), 2);
      return frame;
    },
    decode(bytes) {
      try {
        return fromRow(decodeRow(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`A ${format.name} of ${bytes.length} bytes cannot be read: ${reason}`, {
          cause: error,
        });
      }
    },
  };
}

/** Whether the bytes were framed by some version of s3batch: what is not was written by another. */
export function isFrame(bytes: Uint8Array): boolean {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return frame.length >= frameBytes && frame.readUInt32BE(2) === checksum(frame);
}

function checksum(frame: Buffer): number {
  return crc32(frame.subarray(frameBytes), crc32(frame.subarray(0, 2)));
}

/** The text as a member of the list; what a later build added to it is refused by name. */
export function oneOf<Member extends string>(
  what: string,
  members: readonly Member[],
  text: string,
): Member {
  const found = members.find((member) => member === text);
  if (found === undefined) throw new Error(`${what} "${text}" is unknown to this build`);
  return found;
}

/** The value that this kind of record must carry. */
export function present<T>(what: string, value: T | null): T {
  if (value === null) throw new Error(`${what} is missing`);
  return value;
}
