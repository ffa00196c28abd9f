import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeKey, encodeKey, isAsEncoded, utf8Bytes } from '../../../services/core/key.ts';

const anyKey = fc.string({ unit: 'binary', maxLength: 300 });

test.each([
  ['plain.txt', 'plain.txt'],
  ['dir/sub/', 'dir/sub/'],
  ['a//b', 'a//b'],
  ['../x', '../x'],
  ['sp ace.txt', 'sp+ace.txt'],
  ['plus+plus', 'plus%2Bplus'],
  ['100%', '100%25'],
  ['hive/dt=2024-05-07', 'hive/dt%3D2024-05-07'],
  ['~home', '%7Ehome'],
  ["it's (1)!", 'it%27s+%281%29%21'],
  ['*-._', '*-._'],
  ['a"b,c', 'a%22b%2Cc'],
  ['line\nend\r\t', 'line%0Aend%0D%09'],
  ['naïve', 'na%C3%AFve'],
  ['日本', '%E6%97%A5%E6%9C%AC'],
  ['😀', '%F0%9F%98%80'],
  ['', ''],
])('the key %j is spelled %j', (key, spelled) => {
  expect(encodeKey(key)).toBe(spelled);
  expect(decodeKey(spelled)).toBe(key);
});

test('other spellings of the same key are understood', () => {
  expect(decodeKey('sp%20ace%2fx')).toBe('sp ace/x');
  expect(decodeKey('~=@:(plain)')).toBe('~=@:(plain)');
});

test.each(['%', 'a%2', '%GG', '%FF', '%C3', '%ED%A0%80'])('%j is no key', (spelled) => {
  expect(decodeKey(spelled)).toBeNull();
});

test('every key comes back as it was', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(decodeKey(encodeKey(key))).toBe(key);
    }),
  );
});

test('a spelled key holds nothing but ASCII without space, quote and comma', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(encodeKey(key)).toMatch(/^[A-Za-z0-9*\-._/+%]*$/);
    }),
  );
});

test('a spelling is as encoded exactly if encoding its key gives it again', () => {
  const isSame = (spelled: string) => {
    const key = decodeKey(spelled);
    return key === null || isAsEncoded(spelled) === (encodeKey(key) === spelled);
  };
  const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  const escapes = bytes.flatMap((hex) => [`%${hex}`, `%${hex.toUpperCase()}`]);
  const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  for (const spelled of [...escapes, ...characters])
    expect([spelled, isSame(spelled)]).toEqual([spelled, true]);
  const piece = fc.oneof(
    fc.constantFrom(...escapes, ...characters),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 3 }).map(encodeKey),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => isSame(pieces.join(''))));
});

test('the bytes of a text are those of its UTF-8', () => {
  const encoder = new TextEncoder();
  const texts = fc.oneof(anyKey, fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(texts, (text) => {
      expect(utf8Bytes(text)).toBe(encoder.encode(text).length);
    }),
  );
});
