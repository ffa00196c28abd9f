// The proof at the end of the demo, from what lies in S3 alone: the report's own checksums, every
// row of the inventory exactly once, and the tags read back from every object.
import { createHash } from 'node:crypto';
import { decodeKey } from '../../core/key.ts';
import { getObject, withoutTag } from './bucket.ts';
import type { SignedClient } from './signed-client.ts';

export interface ReportRow {
  readonly key: string;
  readonly status: string;
}

export interface Report {
  readonly manifestKey: string;
  readonly manifestText: string;
  /** Part key and text, in the manifest's order. */
  readonly parts: readonly { readonly key: string; readonly text: string }[];
  readonly rows: readonly ReportRow[];
}

export async function readReport(
  s3: SignedClient,
  bucket: string,
  manifestKey: string,
): Promise<Report> {
  const decoder = new TextDecoder();
  const bytes = await getObject(s3, bucket, manifestKey);
  const manifest: { Results: { Key: string; MD5Checksum: string }[] } = JSON.parse(
    decoder.decode(bytes),
  );
  const parts: { key: string; text: string }[] = [];
  for (const { Key: key, MD5Checksum: expected } of manifest.Results) {
    const part = await getObject(s3, bucket, key);
    const md5 = createHash('md5').update(part).digest('hex');
    if (md5 !== expected) throw new Error(`${key}: MD5 ${md5}, the manifest says ${expected}`);
    parts.push({ key, text: decoder.decode(part) });
  }
  const rows = parts.flatMap(({ text }) => text.split('\r\n').filter((line) => line !== ''));
  return {
    manifestKey,
    manifestText: decoder.decode(bytes),
    parts,
    rows: rows.map(rowOf),
  };
}

/** Keys are form-URL-encoded, so that neither a comma nor a line end can stand in one. */
function rowOf(line: string): ReportRow {
  const [, key = '', , status = ''] = line.split(',');
  return { key: decodeKey(key) ?? key, status };
}

export interface Finding {
  readonly title: string;
  readonly isGood: boolean;
}

export async function prove(
  s3: SignedClient,
  bucket: string,
  inventoryKeys: readonly string[],
  report: Report,
  counted: { readonly succeeded: number; readonly failed: number },
  tag: { readonly key: string; readonly value: string },
  signal: AbortSignal,
): Promise<Finding[]> {
  const succeeded = report.rows.filter(({ status }) => status === 'succeeded');
  const failed = report.rows.filter(({ status }) => status === 'failed');
  const distinct = new Set(report.rows.map(({ key }) => key));
  const missing = inventoryKeys.filter((key) => !distinct.has(key));
  const wrong = await withoutTag(
    s3,
    bucket,
    succeeded.map(({ key }) => key),
    tag,
    signal,
  );
  return [
    {
      title: `${report.rows.length} rows = ${succeeded.length} succeeded + ${failed.length} failed, as the job counted`,
      isGood:
        report.rows.length === succeeded.length + failed.length &&
        succeeded.length === counted.succeeded &&
        failed.length === counted.failed,
    },
    {
      title: `each of the inventory's ${inventoryKeys.length} keys stands in the report exactly once`,
      isGood:
        distinct.size === report.rows.length &&
        missing.length === 0 &&
        distinct.size === inventoryKeys.length,
    },
    {
      title: `${succeeded.length - wrong.length} of ${succeeded.length} succeeded objects carry the tag ${tag.key}=${tag.value} in S3`,
      isGood: wrong.length === 0,
    },
  ];
}
