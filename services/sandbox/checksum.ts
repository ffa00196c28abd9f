// Checksums of a body: verified where we can compute them, stored and echoed where we cannot
// (CRC64NVME and newer ones: the README says so).
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Refusal, refuse } from './refusal.ts';

type Computed = 'crc32' | 'crc32c' | 'sha1' | 'sha256';
const headerPrefix = 'x-amz-checksum-';
const namesNoChecksum = ['x-amz-checksum-mode', 'x-amz-checksum-algorithm', 'x-amz-checksum-type'];

export function checksumHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name in headers) {
    if (!name.startsWith(headerPrefix) || namesNoChecksum.includes(name)) continue;
    found[name] = headers[name] ?? '';
  }
  return found;
}

export function checksumRefusal(
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Refusal | null {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && hash('md5', body, 'base64') !== md5) {
    return refuse('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  for (const [name, value] of Object.entries(checksumHeaders(headers))) {
    const algorithm = name.slice(headerPrefix.length);
    if (!isComputed(algorithm)) continue;
    if (checksum(algorithm, body) !== value) {
      return refuse(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match what we received.`,
      );
    }
  }
  return null;
}

export function isComputed(algorithm: string): algorithm is Computed {
  return ['crc32', 'crc32c', 'sha1', 'sha256'].includes(algorithm);
}

/** Base64, as in the headers. */
export function checksum(algorithm: Computed, body: Uint8Array): string {
  switch (algorithm) {
    case 'sha1':
    case 'sha256':
      return hash(algorithm, body, 'base64');
    case 'crc32':
      return base64OfUint32(crc32(body));
    case 'crc32c':
      return base64OfUint32(crc32c(body));
  }
}

function base64OfUint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

/** Castagnoli's polynomial, reflected. */
const crc32cTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  }
  return value;
});

function crc32c(body: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of body) value = (value >>> 8) ^ (crc32cTable[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffffffff) >>> 0;
}
