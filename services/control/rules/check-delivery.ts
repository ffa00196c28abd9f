// What a delivery must be so that its rule may start a job: manifest.json has the MD5 that
// manifest.checksum says, and source, destination and every file lie where the rule expects them.
// Pure but for the hash. A reason names what is wrong, for the operator's log.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseBucketArn } from '../../core/arn.ts';
import type { Rule } from './rule.ts';

const filesMax = 100_000;

const manifestFields = z.object({
  sourceBucket: z.string(),
  destinationBucket: z.string(),
  files: z.array(z.object({ key: z.string() })),
});

/** null if all is well. */
export function deliveryProblem(
  rule: Rule,
  manifest: Uint8Array,
  checksum: Uint8Array,
): string | null {
  const said = new TextDecoder().decode(checksum).trim().toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(said)) return 'manifest.checksum does not hold an MD5 in hex';
  const md5 = createHash('md5').update(manifest).digest('hex');
  if (md5 !== said) return `manifest.json has MD5 ${md5}, but manifest.checksum says ${said}`;
  const fields = manifestFields.safeParse(parseJson(manifest));
  if (!fields.success) {
    return 'manifest.json is not an Inventory manifest (sourceBucket, destinationBucket, files)';
  }
  const { sourceBucket, destinationBucket, files } = fields.data;
  if (sourceBucket !== rule.sourceBucket) {
    return `manifest.json is about ${sourceBucket}, but the rule is for ${rule.sourceBucket}`;
  }
  if ((parseBucketArn(destinationBucket) ?? destinationBucket) !== rule.bucket) {
    return `manifest.json was made for ${destinationBucket}, but the rule is for ${rule.bucket}`;
  }
  if (files.length > filesMax) return `manifest.json lists more than ${filesMax} files`;
  const foreign = files.find(({ key }) => !isUnder(rule.prefix, key));
  if (foreign !== undefined) {
    return `manifest.json lists ${foreign.key}, which is not under the rule's ${rule.prefix}`;
  }
  return null;
}

/** Dot segments are refused too: some servers resolve them. */
function isUnder(prefix: string, key: string): boolean {
  if (!key.startsWith(prefix)) return false;
  return !key.split('/').some((part) => part === '.' || part === '..');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
