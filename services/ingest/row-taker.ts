// Rows of one data file to tasks, by the rules of the manifest; the first row that breaks one fails
// the job with its file and number.
import type { CsvBatch, CsvShape } from '../core/csv-fields.ts';
import type { ManifestFile, ManifestPlan } from './plan.ts';
import { badContent, type Problem, shown } from './problem.ts';
import type { TaskWriter } from './task-writer.ts';

export interface RowTaker {
  readonly shape: CsvShape;
  /** The first bytes of the file. */
  begin(bytes: Uint8Array): void;
  take(batch: CsvBatch): void;
}

const byteOrderMark = [0xef, 0xbb, 0xbf];

export function openRowTaker(
  plan: ManifestPlan,
  file: ManifestFile,
  bucketsAllowed: readonly string[] | null,
  out: Pick<TaskWriter, 'add'>,
): RowTaker {
  const rules = plan.rows();
  const allowed = bucketsAllowed === null ? null : new Set(bucketsAllowed);
  const bad = (row: number, reason: string): Problem =>
    badContent(`Row ${row} of ${file.subject} ${reason}.`);
  return {
    shape: rules.shape,
    begin: (bytes) => {
      if (byteOrderMark.every((byte, at) => bytes[at] === byte)) {
        throw bad(1, 'starts with a byte order mark; save the file as UTF-8 without one');
      }
    },
    take: ({ rows, problem }) => {
      for (const { row, fields } of rows) {
        if (row === 1 && plan.kind === 'list' && isHeader(fields)) {
          throw bad(1, 'is a header (Bucket, Key); delete it, a manifest has none');
        }
        const outcome = rules.task(fields);
        if (outcome.kind === 'bad') throw bad(row, outcome.reason);
        const { bucket } = outcome.task;
        if (allowed !== null && !allowed.has(bucket)) {
          throw bad(row, `names the bucket ${shown(bucket)}, which the rule does not allow`);
        }
        out.add(outcome.task);
      }
      if (problem !== null) throw bad(problem.row, problem.reason);
    },
  };
}

/** The wanted columns come first bucket, then key. */
function isHeader([bucket = '', key = '']: readonly string[]): boolean {
  return bucket.toLowerCase() === 'bucket' && key.toLowerCase() === 'key';
}
