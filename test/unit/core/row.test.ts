import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openCsv } from '../../../services/core/csv-fields.ts';
import { parseInventory } from '../../../services/core/inventory.ts';
import {
  inventoryRows,
  manifestRows,
  type RowOutcome,
  type RowRules,
  type RowRulesAnswer,
} from '../../../services/core/row.ts';
import type { Task } from '../../../services/core/task.ts';
import { sharedFile } from '../../support/shared-data.ts';

function rulesOf(answer: RowRulesAnswer): RowRules {
  if (answer.kind === 'bad') throw new Error(answer.reason);
  return answer.rules;
}

function outcomes(rules: RowRules, csv: string | Uint8Array): RowOutcome[] {
  const reader = openCsv(rules.shape);
  const batch = reader.push(typeof csv === 'string' ? Buffer.from(csv) : csv);
  const last = reader.end();
  expect(last.problem).toBeNull();
  return [...batch.rows, ...last.rows].map(({ fields }) => rules.task(fields));
}

function tasks(rules: RowRules, csv: string | Uint8Array): Task[] {
  return outcomes(rules, csv).map((outcome) => {
    if (outcome.kind === 'bad') throw new Error(outcome.reason);
    return outcome.task;
  });
}

describe('columns', () => {
  test('Bucket and Key must be named, each column but Ignore only once', () => {
    expect(manifestRows(['Key'])).toEqual({
      kind: 'bad',
      reason: 'Required fields are missing in the schema: Bucket.',
    });
    expect(manifestRows(['Bucket', 'Ignore', 'Ignore'])).toMatchObject({
      reason: 'Required fields are missing in the schema: Key.',
    });
    expect(manifestRows(['Bucket', 'Key', 'VersionId', 'VersionId'])).toEqual({
      kind: 'bad',
      reason: "The manifest's Fields name VersionId 2 times.",
    });
    expect(inventoryRows(['Bucket', 'Key', 'Key'])).toEqual({
      kind: 'bad',
      reason: "The inventory's fileSchema names Key 2 times.",
    });
  });

  test('they are found by name, wherever they stand', () => {
    const rules = rulesOf(manifestRows(['Ignore', 'VersionId', 'Key', 'Ignore', 'Bucket']));
    expect(tasks(rules, 'x,v1,k,y,bucket\n')).toEqual([
      { bucket: 'bucket', key: 'k', written: null, versionId: 'v1' },
    ]);
  });
});

describe('a row of a CSV manifest', () => {
  const rules = rulesOf(manifestRows(['Bucket', 'Key', 'VersionId']));
  const plain = rulesOf(manifestRows(['Bucket', 'Key']));

  test('without a version column the version is null; an empty one stays empty', () => {
    expect(tasks(plain, 'bucket,k\n')[0]?.versionId).toBeNull();
    expect(tasks(rules, 'bucket,k,\nbucket,k,null\n').map(({ versionId }) => versionId)).toEqual([
      '',
      'null',
    ]);
  });

  test('the key is decoded, and its spelling kept only where it is not ours', () => {
    const csv = 'bucket,sp+ace\nbucket,sp%20ace\nbucket,"a,b"\nbucket,%E6%97%A5\nbucket,日\n';
    expect(tasks(plain, csv).map(({ key, written }) => [key, written])).toEqual([
      ['sp ace', null],
      ['sp ace', 'sp%20ace'],
      ['a,b', 'a,b'],
      ['日', null],
      ['日', '日'],
    ]);
  });

  test.each([
    [',k\n', 'has an empty bucket'],
    ['bucket,\n', 'has an empty key'],
    ['-b,k\n', 'has an invalid bucket name: "-b"'],
    ['\uFEFFbucket,k\n', 'starts with a byte order mark; save it without one'],
    ['bucket,100%\n', 'has a key that is not URL-encoded: "100%"'],
    ['bucket,%FF\n', 'has a key that is not URL-encoded: "%FF"'],
    [`bucket,%${'k'.repeat(200)}\n`, `not URL-encoded: "%${'k'.repeat(79)}…"`],
    [`bucket,${'k'.repeat(1025)}\n`, 'has a key of more than 1024 bytes'],
    [`bucket,${'%C3%A9'.repeat(513)}\n`, 'has a key of more than 1024 bytes'],
  ])('%j is refused', (csv, reason) => {
    const [outcome] = outcomes(plain, csv);
    expect(outcome).toMatchObject({ kind: 'bad', reason: expect.stringContaining(reason) });
  });

  test('a version id that no object has is refused', () => {
    expect(outcomes(rules, `bucket,k,${'v'.repeat(1025)}\n`)).toEqual([
      { kind: 'bad', reason: 'has a version id of more than 1024 bytes' },
    ]);
  });

  test('a key of 1,024 bytes is taken', () => {
    expect(tasks(plain, `bucket,${'%C3%A9'.repeat(512)}\n`)[0]?.key).toBe('é'.repeat(512));
  });

  test('fields that are not there are a bad row, not an error', () => {
    expect(plain.task([])).toEqual({ kind: 'bad', reason: 'has an empty bucket' });
    expect(plain.task(['bucket'])).toEqual({ kind: 'bad', reason: 'has an empty key' });
  });
});

describe.skipIf(sharedFile('data', 'inventory') === null)('real inventories', () => {
  const read = (name: string): Buffer => {
    const path = sharedFile('data', 'inventory', name);
    if (path === null) throw new Error(`${name} is missing`);
    return readFileSync(path);
  };

  test.each([
    ['umccr/csv_inventory', ['', '', 'tpinzcbxOfWpZsmjvVgdHEvSohsY4TA0']],
    ['umccr/csv_inventory_no_version', [null]],
  ])('%s becomes tasks', (name, versions) => {
    const answer = parseInventory(read(`${name}_manifest.json`).toString());
    if (answer.kind !== 'inventory') throw new Error(answer.reason);
    const rules = rulesOf(inventoryRows(answer.inventory.columns));
    const found = tasks(rules, gunzipSync(read(`${name}.csv.gz`)));
    expect(found.slice(0, versions.length).map(({ versionId }) => versionId)).toEqual(versions);
    for (const { bucket, key } of found) {
      expect(bucket).toBe('filemanager-inventory-test');
      expect(key).toMatch(/^inventory-test\//);
    }
  });

  test('every key of an inventory as S3 spells it is the key that S3 has', () => {
    const expected = read('synthetic/expected-rows.jsonl')
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const columns = ['Bucket', 'Key', 'VersionId', ...Object.keys(expected[0]).slice(3)];
    const csv = gunzipSync(read('synthetic/aws-style-pct20.csv.gz'));
    const found = tasks(rulesOf(inventoryRows(columns)), csv);
    expect(found.map(({ bucket, key, versionId }) => [bucket, key, versionId])).toEqual(
      expected.map((row) => [row.bucket, row.key, row.version_id ?? '']),
    );
  });
});
