// The demo's Inventory delivery. manifest.checksum is held back until complete(): it is the file
// that makes a delivery whole, and the moment the rule may start a job.
import { writeInventory } from '../../sandbox/inventory-writer.ts';
import { type FilledObject, putObject } from './bucket.ts';
import type { SignedClient } from './signed-client.ts';

export interface Delivery {
  readonly manifestKey: string;
  readonly manifestEtag: string;
  readonly files: number;
  /** In the order of the inventory. */
  readonly keys: readonly string[];
  complete(): Promise<void>;
}

const rowsPerFile = 7_000;

export async function dropDelivery(
  s3: SignedClient,
  buckets: { readonly source: string; readonly inventory: string },
  objects: readonly FilledObject[],
): Promise<Delivery> {
  const nowMs = Date.now();
  let complete = () => Promise.resolve();
  const written = await writeInventory(
    {
      sourceBucket: buckets.source,
      destinationBucket: buckets.inventory,
      destinationPrefix: 'daily',
      configId: 'all',
      startedMs: nowMs,
      objects: objects.map((object) => ({ ...object, lastModifiedMs: nowMs })),
      rowsPerFile,
    },
    async (bucket, key, bytes) => {
      const put = () => putObject(s3, bucket, key, bytes);
      if (key.endsWith('/manifest.checksum')) complete = put;
      else await put();
    },
  );
  return {
    manifestKey: written.manifestKey,
    manifestEtag: written.manifestMd5,
    files: written.files,
    keys: objects.map(({ key }) => key),
    complete: () => complete(),
  };
}
