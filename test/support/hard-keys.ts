// Keys that break what treats them as anything but data. Shared by every test that moves keys.

const keyBytesMax = 1024;

export const hardKeys: readonly string[] = [
  'plain.txt',
  'with space',
  ' leading and trailing ',
  'plus+sign',
  'per%cent',
  'already%20encoded',
  'quote\'and"double',
  'new\nline',
  'tab\tand\u0001control',
  'umlaut-é-日本-😀',
  'a//b',
  '/leading/slash',
  'trailing/slash/',
  '../x',
  './x',
  'a/../b/./c',
  '..',
  '?query=1&b#fragment',
  'semi;colon,comma:at@=$',
  "(parens)!*'~",
  'back\\slash|pipe^{}[]<>&`',
  '\u{FFFD}\u{10000}',
  `${'k'.repeat(keyBytesMax - 2)}é`,
];
