// From a row of a manifest or an inventory to a task: which columns are wanted, and what a row must
// hold. Columns of an inventory are found by name, never by place.
// Source: S3 User Guide, "Specifying a manifest"; S3 Inventory's CSV (keys are form-encoded).
import { isBucketName } from './arn.ts';
import type { CsvShape } from './csv-fields.ts';
import type { ManifestField } from './job.ts';
import { decodeKey, isAsEncoded, keyBytesMax, utf8Bytes } from './key.ts';
import type { Task } from './task.ts';

export type RowOutcome =
  | { readonly kind: 'task'; readonly task: Task }
  /** reason: to follow "row 17 ". */
  | { readonly kind: 'bad'; readonly reason: string };

export interface RowRules {
  /** For openCsv; its wanted columns are what task() takes. */
  readonly shape: CsvShape;
  task(fields: readonly string[]): RowOutcome;
}

export type RowRulesAnswer =
  | { readonly kind: 'rules'; readonly rules: RowRules }
  | { readonly kind: 'bad'; readonly reason: string };

/** Rows of S3BatchOperations_CSV_20180820: exactly the declared columns, no blank line. */
export function manifestRows(fields: readonly ManifestField[]): RowRulesAnswer {
  return rulesFor("The manifest's Fields name", fields, false);
}

/** Rows of an inventory's CSV files; columns: those of its fileSchema. */
export function inventoryRows(columns: readonly string[]): RowRulesAnswer {
  return rulesFor("The inventory's fileSchema names", columns, true);
}

export const versionIdBytesMax = 1024;

function rulesFor(what: string, columns: readonly string[], blankEnd: boolean): RowRulesAnswer {
  for (const name of ['Bucket', 'Key', 'VersionId']) {
    const times = columns.filter((column) => column === name).length;
    if (times > 1) return { kind: 'bad', reason: `${what} ${name} ${times} times.` };
    if (times === 0 && name !== 'VersionId') {
      return { kind: 'bad', reason: `Required fields are missing in the schema: ${name}.` };
    }
  }
  const wanted = ['Bucket', 'Key', 'VersionId']
    .map((name) => columns.indexOf(name))
    .filter((column) => column >= 0);
  const shape: CsvShape = { columns: columns.length, wanted, blankEnd };
  return { kind: 'rules', rules: { shape, task: taskRule() } };
}

function taskRule(): RowRules['task'] {
  // Nearly every row names the bucket of the row before.
  let goodBucket: string | null = null;
  return ([bucket = '', spelled = '', versionId = null]) => {
    if (bucket !== goodBucket) {
      const reason = bucketProblem(bucket);
      if (reason !== null) return { kind: 'bad', reason };
      goodBucket = bucket;
    }
    if (spelled === '') return { kind: 'bad', reason: 'has an empty key' };
    const key = decodeKey(spelled);
    if (key === null) {
      return { kind: 'bad', reason: `has a key that is not URL-encoded: ${shown(spelled)}` };
    }
    if (isLonger(key, keyBytesMax)) {
      return { kind: 'bad', reason: `has a key of more than ${keyBytesMax} bytes` };
    }
    if (versionId !== null && isLonger(versionId, versionIdBytesMax)) {
      return { kind: 'bad', reason: `has a version id of more than ${versionIdBytesMax} bytes` };
    }
    const written = isAsEncoded(spelled) ? null : spelled;
    return { kind: 'task', task: { bucket, key, written, versionId } };
  };
}

/** Counts bytes only where the characters alone do not tell. */
function isLonger(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && utf8Bytes(text) > bytesMax;
}

function bucketProblem(bucket: string): string | null {
  if (bucket === '') return 'has an empty bucket';
  if (bucket.startsWith('\uFEFF')) return 'starts with a byte order mark; save it without one';
  return isBucketName(bucket) ? null : `has an invalid bucket name: ${shown(bucket)}`;
}

const shownCharactersMax = 80;

/** A piece of the row for people: short, and without what a terminal would act on. */
function shown(text: string): string {
  const start = text.slice(0, shownCharactersMax);
  return JSON.stringify(start.length < text.length ? `${start}…` : start);
}
