// The manifest.json of an S3 Inventory delivery: which data files it has and what their columns
// are.
// Its `version` is not looked at (2016-11-30 and 2021-05-22 were both seen, with one form).
// Source: S3 User Guide, "Locating your inventory list".
import { isBucketName, parseBucketArn } from './arn.ts';

/** Checked by whoever reads the object. */
export const inventoryManifestBytesMax = 64 * 1024 * 1024;
export const inventoryFilesMax = 100_000;

export interface InventoryFile {
  readonly key: string;
  /** Of the file as it is stored, compressed. */
  readonly bytes: number;
  /** Lower-case hex. */
  readonly md5: string;
}

export interface Inventory {
  readonly sourceBucket: string;
  /** The name; every file is in it. */
  readonly destinationBucket: string;
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  readonly files: readonly InventoryFile[];
}

export type InventoryAnswer =
  | { readonly kind: 'inventory'; readonly inventory: Inventory }
  /** reason: a sentence. */
  | { readonly kind: 'bad'; readonly reason: string }
  /** A format that this build does not read yet. */
  | { readonly kind: 'unsupported'; readonly reason: string };

type Members = Readonly<Record<string, unknown>>;

export function parseInventory(text: string): InventoryAnswer {
  const json = parseJson(text);
  if (json === null) return bad('manifest.json is not a JSON object.');
  const { sourceBucket, destinationBucket, fileFormat, fileSchema } = json;
  if (typeof sourceBucket !== 'string' || !isBucketName(sourceBucket)) {
    return bad(`manifest.json: sourceBucket is not the name of a bucket: ${shown(sourceBucket)}.`);
  }
  const bucket = typeof destinationBucket === 'string' ? parseBucketArn(destinationBucket) : null;
  if (bucket === null) {
    const found = shown(destinationBucket);
    return bad(`manifest.json: destinationBucket is not the ARN of a bucket: ${found}.`);
  }
  if (fileFormat === 'ORC' || fileFormat === 'Parquet') {
    const reason = `Inventory reports in ${fileFormat} are not supported yet; use CSV.`;
    return { kind: 'unsupported', reason };
  }
  if (fileFormat !== 'CSV') {
    return bad(`manifest.json: fileFormat is not CSV, ORC or Parquet: ${shown(fileFormat)}.`);
  }
  const columns = typeof fileSchema === 'string' ? columnsOf(fileSchema) : [];
  if (typeof fileSchema !== 'string' || columns.includes('')) {
    return bad(`manifest.json: fileSchema is not a list of columns: ${shown(fileSchema)}.`);
  }
  const files = filesOf(json['files']);
  if (typeof files === 'string') return bad(`manifest.json: ${files}`);
  const inventory = { sourceBucket, destinationBucket: bucket, columns, files };
  return { kind: 'inventory', inventory };
}

/** "Bucket, Key, Size" */
function columnsOf(fileSchema: string): string[] {
  return fileSchema.split(',').map((name) => name.trim());
}

/** The files, or the sentence that says what is wrong with them. */
function filesOf(files: unknown): InventoryFile[] | string {
  if (!Array.isArray(files)) return 'files is not a list.';
  if (files.length > inventoryFilesMax) {
    return `it lists ${files.length} files, more than ${inventoryFilesMax}.`;
  }
  const found: InventoryFile[] = [];
  for (const [index, file] of files.entries()) {
    const known = fileOf(file);
    if (known === null) {
      return `files[${index}] needs key, size and MD5checksum: ${shown(file)}.`;
    }
    found.push(known);
  }
  return found;
}

const md5Hex = /^[0-9a-f]{32}$/i;

function fileOf(file: unknown): InventoryFile | null {
  if (!isMembers(file)) return null;
  const { key, size, MD5checksum } = file;
  if (typeof key !== 'string' || key === '') return null;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
  if (typeof MD5checksum !== 'string' || !md5Hex.test(MD5checksum)) return null;
  return { key, bytes: size, md5: MD5checksum.toLowerCase() };
}

function parseJson(text: string): Members | null {
  try {
    const json: unknown = JSON.parse(text);
    return isMembers(json) ? json : null;
  } catch {
    return null;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(reason: string): InventoryAnswer {
  return { kind: 'bad', reason };
}

const shownCharactersMax = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
}
