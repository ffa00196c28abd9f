// node test/bench/delivery.ts [objects] [rounds]: from the answer to PUT manifest.checksum of an
// Inventory delivery to the first operation and to the report's manifest.json. The S3 is the
// sandbox, in this process: it serves the delivery, does the operations, and takes the times; it is
// slower than the null S3, so the second figure is the sandbox's as much as ours.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeInventory } from '../../services/sandbox/inventory-writer.ts';
import type { SandboxRequest } from '../../services/sandbox/message.ts';
import { openSandbox } from '../../services/sandbox/open-sandbox.ts';
import { fill, makeBucket, putObject } from '../../services/standalone/demo/bucket.ts';
import { startService } from '../../services/standalone/demo/service-process.ts';
import {
  openSignedClient,
  type SignedClient,
} from '../../services/standalone/demo/signed-client.ts';
import { grouped, median } from './usage.ts';

const key = { accessKeyId: 'bench', secretAccessKey: 'bench-secret-key' };
const region = 'us-east-1';
const accountId = '123456789012';
const [source, inventory, reports] = ['photos', 'inventory', 'reports'];
const rowsPerFile = 7_000;
const pollMs = 1_000;
const objects = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
const forever = new AbortController().signal;

interface Times {
  readonly firstMs: number;
  readonly reportMs: number;
}

/** Sees every call on its way into the sandbox. */
interface Watch {
  droppedMs: number;
  firstMs: number;
  /** The rule has looked once, at a folder without manifest.checksum. */
  readonly looked: PromiseWithResolvers<void>;
  readonly reported: PromiseWithResolvers<number>;
}

function see(watch: Watch, { method, bucket, key: name, query }: SandboxRequest): void {
  if (method === 'GET' && bucket === inventory && name === '') watch.looked.resolve();
  if (method !== 'PUT') return;
  if (bucket === source && query.has('tagging') && watch.firstMs === 0) {
    watch.firstMs = performance.now();
  }
  if (bucket === reports && name.endsWith('/manifest.json')) {
    watch.reported.resolve(performance.now());
  }
}

const rule = {
  name: 'bench',
  bucket: inventory,
  prefix: `daily/${source}/all/`,
  sourceBucket: source,
  roleArn: `arn:aws:iam::${accountId}:role/bench`,
  operation: { S3PutObjectTagging: { TagSet: [{ Key: 'project', Value: 'blue' }] } },
  report: { Enabled: true, Bucket: `arn:aws:s3:::${reports}`, ReportScope: 'AllTasks' },
};

/** Everything but manifest.checksum; the returned function puts that. */
async function drop(s3: SignedClient): Promise<{ readonly name: string; put(): Promise<void> }> {
  const keys = Array.from(
    { length: objects },
    (_, index) => `album/${index % 97}/img ${index}.jpg`,
  );
  const startedMs = Date.now();
  const filled = await fill(s3, source, keys, forever);
  let last = { name: '', put: () => Promise.resolve() };
  await writeInventory(
    {
      sourceBucket: source,
      destinationBucket: inventory,
      destinationPrefix: 'daily',
      configId: 'all',
      startedMs,
      objects: filled.map((object) => ({ ...object, lastModifiedMs: startedMs })),
      rowsPerFile,
    },
    async (bucket, name, bytes) => {
      const put = () => putObject(s3, bucket, name, bytes);
      if (name.endsWith('/manifest.checksum')) last = { name, put };
      else await put();
    },
  );
  return last;
}

/** As the bucket's notification would. */
async function postEvent(control: SignedClient, name: string): Promise<void> {
  const object = { key: name, size: 32, eTag: createHash('md5').update(name).digest('hex') };
  const record = { eventName: 'ObjectCreated:Put', s3: { bucket: { name: inventory }, object } };
  const body = new TextEncoder().encode(JSON.stringify({ Records: [record] }));
  const answer = await control.request({ method: 'POST', path: '/events', body });
  if (answer.status !== 200) throw new Error(new TextDecoder().decode(answer.body));
}

async function once(how: 'poll' | 'event'): Promise<Times> {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-bench-'));
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify([rule]));
  const watch: Watch = {
    droppedMs: 0,
    firstMs: 0,
    looked: Promise.withResolvers(),
    reported: Promise.withResolvers(),
  };
  const sandbox = await openSandbox({
    credentials: [key],
    intercept: (request) => {
      see(watch, request);
      return null;
    },
  });
  const s3 = openSignedClient(sandbox.url, region, 's3', key);
  for (const bucket of [source, inventory, reports]) await makeBucket(s3, bucket);
  const delivery = await drop(s3);
  const service = await startService(
    {
      S3BATCH_PORT: '0',
      S3BATCH_DATA: join(folder, 'data'),
      S3BATCH_RULES: rules,
      S3BATCH_RULES_POLL_MS: String(how === 'poll' ? pollMs : 60 * pollMs),
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_LOG_LEVEL: 'warn',
      S3_ENDPOINT: sandbox.url,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    process.env,
    (line) => console.log(line),
  );
  const control = openSignedClient(service.url, region, 's3', key);
  await watch.looked.promise;
  await delivery.put();
  watch.droppedMs = performance.now();
  if (how === 'event') await postEvent(control, delivery.name);
  const reportedMs = await watch.reported.promise;
  await control.close();
  await service.stop();
  await s3.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
  return { firstMs: watch.firstMs - watch.droppedMs, reportMs: reportedMs - watch.droppedMs };
}

for (const how of ['event', 'poll'] as const) {
  const times: Times[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await once(how));
  const first = median(times.map(({ firstMs }) => firstMs));
  const report = median(times.map(({ reportMs }) => reportMs));
  const noticed = how === 'poll' ? `polled every ${grouped(pollMs)} ms` : 'by an S3 event';
  console.log(
    `${grouped(objects)} objects, noticed ${noticed}: first operation after ${grouped(first)} ms, ` +
      `report after ${(report / 1000).toFixed(2)} s (medians of ${rounds})`,
  );
}
