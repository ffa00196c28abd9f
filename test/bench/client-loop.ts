// Two loops that tag objects, to compare the service with: `undici` sends ready-made requests and
// so shows what the null S3, the network and this machine allow; `sdk` is what a person would write
// first, client.send at a fixed concurrency. Forked with the kind, the URL and the requests.
import { PutObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { Pool } from 'undici';
import { usageOf } from './usage.ts';

/** As many as the worker has in flight. */
const undiciConcurrency = 256;
const sdkConcurrency = 128;
const [kind, url = '', count] = process.argv.slice(2);
const requests = Number(count);
const tagging =
  '<?xml version="1.0" encoding="UTF-8"?><Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
  '<TagSet><Tag><Key>project</Key><Value>blue</Value></Tag></TagSet></Tagging>';

function keyOf(index: number): string {
  return `data/part=${index % 1000}/object-${String(index).padStart(9, '0')}.bin`;
}

/** The headers of a real request, signature included: bytes that cost as much, unchecked. */
function openUndici(): (index: number) => Promise<void> {
  const pool = new Pool(url, { connections: undiciConcurrency, pipelining: 1 });
  const headers = {
    'content-type': 'application/xml',
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-checksum-crc32': 'AAAAAA==',
    'x-amz-content-sha256': '0'.repeat(64),
    'x-amz-date': '20261121T100000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=bench/20261121/us-east-1/s3/aws4_request, ${'0'.repeat(160)}`,
  };
  return async (index) => {
    const path = `/bench/${keyOf(index)}?tagging`;
    const { body } = await pool.request({ path, method: 'PUT', headers, body: tagging });
    await body.dump();
  };
}

function openSdk(): (index: number) => Promise<void> {
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench-secret-key' },
    requestHandler: { httpAgent: { maxSockets: sdkConcurrency } },
  });
  const Tagging = { TagSet: [{ Key: 'project', Value: 'blue' }] };
  return async (index) => {
    await client.send(new PutObjectTaggingCommand({ Bucket: 'bench', Key: keyOf(index), Tagging }));
  };
}

const send = kind === 'sdk' ? openSdk() : openUndici();
const concurrency = kind === 'sdk' ? sdkConcurrency : undiciConcurrency;
let next = 0;

async function loop(): Promise<void> {
  while (next < requests) {
    next += 1;
    await send(next);
  }
}

const before = usageOf(process.pid);
const startMs = performance.now();
await Promise.all(Array.from({ length: concurrency }, loop));
const seconds = (performance.now() - startMs) / 1000;
const after = usageOf(process.pid);
const figures = {
  perSecond: requests / seconds,
  cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / requests,
  peakMiB: after.peakMiB,
};
process.send?.(figures, () => process.exit(0));
