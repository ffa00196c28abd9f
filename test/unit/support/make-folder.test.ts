import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../services/adapters/process/make-folder.ts';

test('a folder is made with those above it, and one that exists is left alone', () => {
  const parent = mkdtempSync(join(tmpdir(), 's3batch-folder-'));
  const path = join(parent, 'a', 'b');
  makeFolder(path, 0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  makeFolder(path);
  expect(existsSync(path)).toBe(true);
  rmSync(parent, { recursive: true });
});

test.skipIf(process.platform !== 'linux')('where nothing can be made the system says so', () => {
  expect(() => makeFolder('/proc/s3batch/data')).toThrow('ENOENT');
});
