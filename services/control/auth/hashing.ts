// The hash functions of core/sigv4.ts, by node:crypto, and comparisons that take the same time
// whatever they find.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Hashing } from '../../core/sigv4.ts';

export const hashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data, 'utf8').digest(),
};

/** Hashes first, so that not even the length of the secret side shows. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text, 'utf8').digest();
}
