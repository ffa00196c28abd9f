// The plan of a manifest: how its rows become tasks, and its data files in order. Pure; what is
// fetched, checked and read follows it. A CSV manifest is a plan of one file.
import { parseInventory } from '../core/inventory.ts';
import type { Manifest } from '../core/job.ts';
import { inventoryRows, manifestRows, type RowRules, type RowRulesAnswer } from '../core/row.ts';
import type { ObjectAddress, ObjectHead } from '../core/storage.ts';
import type { IngestLimits } from './limits.ts';
import { badContent, shown, shownKey } from './problem.ts';

export interface ManifestFile extends ObjectAddress {
  readonly bytes: number;
  /** Lower-case hex; null where nothing tells it. */
  readonly md5: string | null;
  /** Known for a CSV manifest; a data file's is asked when it is opened. */
  readonly etag: string | null;
  readonly compression: 'none' | 'gzip';
  /** What it is to the job, inside a sentence: "the manifest", "data file inv/data/1.csv.gz". */
  readonly subject: string;
}

export interface ManifestPlan {
  readonly kind: 'list' | 'inventory';
  /** Remembers the row before, so every reader asks for its own. */
  readonly rows: () => RowRules;
  readonly files: readonly ManifestFile[];
}

export interface ManifestObject extends ObjectAddress, Pick<ObjectHead, 'bytes' | 'etag'> {
  readonly subject: string;
}

export function planCsv(
  fields: Extract<Manifest, { format: 'S3BatchOperations_CSV_20180820' }>['fields'],
  object: ManifestObject,
): ManifestPlan {
  const file: ManifestFile = { ...object, md5: null, compression: 'none' };
  return { kind: 'list', rows: rulesOrProblem(() => manifestRows(fields)), files: [file] };
}

/** isOwnBucketOnly: the delivery's files must be in the bucket of its manifest.json. */
export function planInventory(
  text: string,
  object: ManifestObject,
  limits: Pick<IngestLimits, 'manifestFilesMax'>,
  isOwnBucketOnly: boolean,
): ManifestPlan {
  const answer = parseInventory(text);
  if (answer.kind === 'unsupported') {
    throw badContent(`${answer.reason} Set the output format of the inventory to CSV.`);
  }
  if (answer.kind === 'bad') throw badContent(answer.reason);
  const { columns, destinationBucket: bucket, files } = answer.inventory;
  if (files.length > limits.manifestFilesMax) {
    throw badContent(
      `manifest.json lists ${files.length} files, more than ${limits.manifestFilesMax}. Split it.`,
    );
  }
  if (isOwnBucketOnly && bucket !== object.bucket) {
    throw badContent(
      `manifest.json lies in ${shown(object.bucket, 64)} but names ${shown(bucket, 64)} as its ` +
        'destination: a rule reads only the bucket that the delivery came to.',
    );
  }
  return {
    kind: 'inventory',
    rows: rulesOrProblem(() => inventoryRows(columns)),
    files: files.map((file) => ({
      ...file,
      bucket,
      versionId: null,
      etag: null,
      compression: 'gzip',
      subject: `data file ${shownKey(file.key)}`,
    })),
  };
}

/** What is wrong with the columns is said now, not at the first row. */
function rulesOrProblem(make: () => RowRulesAnswer): () => RowRules {
  const rules = () => {
    const answer = make();
    if (answer.kind === 'bad') throw badContent(answer.reason);
    return answer.rules;
  };
  rules();
  return rules;
}
