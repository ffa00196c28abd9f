// kafkajs is taken only as it was looked at.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkKafkajs } from '../../../services/adapters/log/kafka/guard.ts';

const installed = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'kafkajs');

function copied(): string {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-guard-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(installed, folder, { recursive: true });
  return folder;
}

test('kafkajs as installed is taken', () => {
  expect(() => checkKafkajs(copied())).not.toThrow();
});

test.each(['{"version":"2.2.5"}', '{}', 'null', '1'])('another version is refused: %s', (about) => {
  const folder = copied();
  writeFileSync(join(folder, 'package.json'), about);
  expect(() => checkKafkajs(folder)).toThrow(/where 2\.2\.4 is needed; run npm ci/);
});

test('a changed file is refused', () => {
  const folder = copied();
  writeFileSync(join(folder, 'src', 'protocol', 'encoder.js'), 'module.exports = null');
  expect(() => checkKafkajs(folder)).toThrow(/are not those of 2\.2\.4; run npm ci/);
});

test('a file too many is refused', () => {
  const folder = copied();
  writeFileSync(join(folder, 'src', 'more.js'), '');
  expect(() => checkKafkajs(folder)).toThrow('run npm ci');
});
