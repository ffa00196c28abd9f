import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../services/ingest/inflate.ts';

const first = gzipSync('first member\n');
const second = gzipSync('second member\n');

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield { bytes: bytes.subarray(at, at + size) };
}

async function plain(bytes: Uint8Array, size: number, atOnceBytesMax: number): Promise<string> {
  const parts = [];
  for await (const part of inflate(pieces(bytes, size), bytes.length, atOnceBytesMax)) {
    parts.push(part.bytes);
  }
  return Buffer.concat(parts).toString();
}

describe.each([
  { way: 'in one call', atOnceBytesMax: 1_000_000 },
  { way: 'as a stream', atOnceBytesMax: 0 },
])('inflating $way', ({ atOnceBytesMax }) => {
  test.each([1, 7, 4096])(
    'reads every member of a file that comes in pieces of %i',
    async (size) => {
      const both = Buffer.concat([first, second]);
      expect(await plain(both, size, atOnceBytesMax)).toBe('first member\nsecond member\n');
    },
  );

  test.each([1, 7, 4096])('says that a file ends early, in pieces of %i', async (size) => {
    const cut = Buffer.concat([first, second]).subarray(0, -5);
    await expect(plain(cut, size, atOnceBytesMax)).rejects.toThrow('ends early');
  });

  test('says that an empty file is no gzip data', async () => {
    await expect(plain(Buffer.alloc(0), 10, atOnceBytesMax)).rejects.toThrow('ends early');
  });

  test.each([1, 7, 4096])(
    'refuses garbage after the last member, in pieces of %i',
    async (size) => {
      const bad = Buffer.concat([first, Buffer.from('garbage')]);
      await expect(plain(bad, size, atOnceBytesMax)).rejects.toThrow('not sound gzip data');
    },
  );

  test.each([1, 7, 4096])('refuses zeros after the last member, in pieces of %i', async (size) => {
    const bad = Buffer.concat([first, Buffer.alloc(20_000)]);
    await expect(plain(bad, size, atOnceBytesMax)).rejects.toThrow('follow its last member');
  });

  test('refuses a file that is not gzip at all', async () => {
    await expect(plain(Buffer.from('a,b\n'), 10, atOnceBytesMax)).rejects.toThrow('not sound');
  });

  test('passes on what its source throws', async () => {
    async function* broken() {
      yield { bytes: first.subarray(0, 10) };
      throw new Error('the source broke');
    }
    const reading = Array.fromAsync(inflate(broken(), 100, atOnceBytesMax));
    await expect(reading).rejects.toThrow('the source broke');
  });
});

test('a small file that inflates to much goes on as a stream and comes out whole', async () => {
  const large = Buffer.alloc(40 * 2 ** 20, 'a');
  let bytes = 0;
  const zipped = gzipSync(large);
  for await (const part of inflate(pieces(zipped, 65_536), zipped.length, 1_000_000)) {
    bytes += part.bytes.length;
  }
  expect(bytes).toBe(large.length);
});
