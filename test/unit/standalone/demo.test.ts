import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDemoArguments } from '../../../services/standalone/demo/arguments.ts';
import { openFolder } from '../../../services/standalone/demo/folder.ts';

test.each([['--help'], ['-h'], ['--keep', '--help']])('%s asks for the usage', (...words) => {
  const asked = readDemoArguments(words);
  expect(asked).toMatchObject({ kind: 'help' });
  for (const option of ['--keep', '--objects N', '--directory', '--help']) {
    expect(JSON.stringify(asked)).toContain(option);
  }
});

test('options have defaults, and what is not understood is shown with the usage', () => {
  expect(readDemoArguments(['--keep', '--objects', '500'])).toEqual({
    kind: 'options',
    options: { keep: true, objects: 500, directory: '.demo' },
  });
  const wrong = readDemoArguments(['--objects', '5']);
  expect(wrong).toMatchObject({ kind: 'problem' });
  expect(JSON.stringify(wrong)).toContain('--objects 5: not understood.\\nusage: npm run demo');
});

function parentFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 's3batch-demo-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  return parent;
}

const report = {
  manifestKey: 'final/job-1/manifest.json',
  manifestText: '{}',
  parts: [{ key: 'final/job-1/results/ab.csv', text: 'row' }],
  rows: [],
};

test('of a run with a report the report is kept, and neither data nor rules', () => {
  const folder = openFolder(parentFolder());
  folder.write('rules.json', '[]');
  folder.write('data', 'stands for the data');
  const copy = folder.keepReport(report);
  expect(folder.clean()).toBe(copy);
  expect(readdirSync(folder.path)).toEqual(['report']);
  expect(readdirSync(copy).toSorted()).toEqual(['manifest.json', 'results']);
});

test('of a run without a report nothing is kept', () => {
  const folder = openFolder(parentFolder());
  folder.write('rules.json', '[]');
  expect(folder.clean()).toBe(null);
  expect(existsSync(folder.path)).toBe(false);
});
