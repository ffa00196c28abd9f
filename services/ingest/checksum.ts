// CRC-32 of a file up to the end of its last whole row, fed with chunks that end anywhere.
// Invariant: it holds the bytes between the last row's end and the last chunk's, and no others.
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';

export interface Checksum {
  /** Takes the next bytes; returns the checksum of everything before rowsEnd, an offset. */
  push(bytes: Uint8Array, rowsEnd: number): number;
}

export function openChecksum(from: { readonly offset: number; readonly crc: number }): Checksum {
  let { offset, crc } = from;
  let rest = Buffer.alloc(0);
  return {
    push: (bytes, rowsEnd) => {
      const ready = rowsEnd - offset;
      if (ready < 0 || ready > rest.length + bytes.length) {
        throw new Error(`rows end at ${rowsEnd}, outside the bytes that are known`);
      }
      const fromBytes = Math.max(0, ready - rest.length);
      crc = crc32(rest.subarray(0, ready), crc);
      crc = crc32(bytes.subarray(0, fromBytes), crc);
      // A copy, so that a few bytes do not keep a whole chunk.
      rest = Buffer.concat([rest.subarray(ready), bytes.subarray(fromBytes)]);
      offset = rowsEnd;
      return crc;
    },
  };
}
