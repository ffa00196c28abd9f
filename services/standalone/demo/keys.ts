// The keys that the demo fills its bucket with: mostly plain ones, and every kind that has broken
// somebody's tool before. Keys are data; none of them may ever become a file path.

const keyBytesMax = 1024;

export const nastyKeys: readonly string[] = [
  'with space.txt',
  'plus+plus.txt',
  'percent%25 and 100%.txt',
  'quote"double".csv',
  "quote'single'.csv",
  'comma,semi;colon.csv',
  'new\nline.txt',
  'carriage\rreturn.txt',
  'tab\tbed.txt',
  'unicode/äöü-ß-€-日本語-🗝️.txt',
  'double//slash//key',
  '../parent/x',
  './here',
  'folder/',
  'question?mark&ampersand=equals#hash',
  'tilde~star*paren(bang)!.txt',
  '<xml>&amp;</xml>',
  'back\\slash',
  '{"json": ["in", "a", "key"]}',
  'trailing space ',
  '=cmd|formula',
  `${'long/'.repeat(200)}${'k'.repeat(keyBytesMax - 1000)}`,
];

export function plainKey(index: number): string {
  const day = String((index % 28) + 1).padStart(2, '0');
  return `photos/2026/11/${day}/IMG_${String(index).padStart(6, '0')}.jpg`;
}

/** count keys, the nasty ones first. */
export function demoKeys(count: number): string[] {
  const plain = Array.from({ length: Math.max(0, count - nastyKeys.length) }, (_, index) =>
    plainKey(index),
  );
  return [...nastyKeys, ...plain].slice(0, count);
}
