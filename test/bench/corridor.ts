// node test/bench/corridor.ts [tasks …]: the standalone service end to end, from a manifest in a bucket
// to the report, against an S3 that answers at once. Prints tasks/s, CPU, peak memory per size.
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createJob, describeJob } from '../../services/standalone/demo/ask-control.ts';
import { startService } from '../../services/standalone/demo/service-process.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import type { NullS3Counts } from './null-s3.ts';

const sizes = process.argv.slice(2).map(Number);
const key = { accessKeyId: 'bench', secretAccessKey: 'bench-secret-key' };
const region = 'us-east-1';
const accountId = '123456789012';
const terminal = new Set(['Complete', 'Failed', 'Cancelled']);

interface NullS3 {
  readonly process: ChildProcess;
  readonly url: string;
  readonly etag: string;
  readonly bytes: number;
}

async function openNullS3(rows: number): Promise<NullS3> {
  const child = fork(new URL('./null-s3.ts', import.meta.url), [String(rows)]);
  const said = await heard(child);
  return {
    process: child,
    url: String(said['url']),
    etag: String(said['etag']),
    bytes: Number(said['bytes']),
  };
}

function heard(child: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve) =>
    child.once('message', (message) =>
      resolve({ ...(typeof message === 'object' ? message : {}) }),
    ),
  );
}

async function countsOf(s3: NullS3): Promise<NullS3Counts> {
  const answer = heard(s3.process);
  s3.process.send('counts');
  const { counts } = await answer;
  // The null S3 is ours: this is the shape it sends.
  return counts as NullS3Counts;
}

/** utime + stime of a process so far, in seconds, and its peak resident set in MiB. */
function usage(pid: number): { cpuSeconds: number; peakMiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = 100;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    peakMiB: peakKiB / 1024,
  };
}

async function measure(tasks: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-bench-'));
  const s3 = await openNullS3(tasks);
  const service = await startService(
    {
      S3BATCH_PORT: '0',
      S3BATCH_DATA: join(folder, 'data'),
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_LOG_LEVEL: 'info',
      S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    process.env,
    (line) => console.log(line),
  );
  const pid = service.process.pid ?? 0;
  const control = openSignedClient(service.url, region, 's3', key);
  const before = usage(pid);
  const startMs = performance.now();
  const jobId = await createJob(control, accountId, requestXml(s3.etag));
  let preparedMs = 0;
  let job = await describeJob(control, accountId, jobId);
  while (!terminal.has(job.status)) {
    if (preparedMs === 0 && job.status === 'Active') preparedMs = performance.now() - startMs;
    await pause(100);
    job = await describeJob(control, accountId, jobId);
  }
  const totalMs = performance.now() - startMs;
  const counts = await countsOf(s3);
  const after = usage(pid);
  const cpu = after.cpuSeconds - before.cpuSeconds;
  const workMs = counts.lastMs - counts.firstMs;
  console.log(
    JSON.stringify({
      tasks,
      status: job.status,
      succeeded: job.succeeded,
      failed: job.failed,
      totalSeconds: Number((totalMs / 1000).toFixed(2)),
      preparedSeconds: Number((preparedMs / 1000).toFixed(2)),
      tasksPerSecondEndToEnd: Math.round((tasks * 1000) / totalMs),
      tasksPerSecondWorking: Math.round((tasks * 1000) / workMs),
      cpuSecondsPerMillion: Math.round((cpu * 1e6) / tasks),
      idleMiB: Math.round(before.peakMiB),
      peakMiB: Math.round(after.peakMiB),
      reason: job.failureReason,
    }),
  );
  await control.close();
  await service.stop();
  s3.process.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

function requestXml(etag: string): string {
  return (
    '<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">' +
    '<ConfirmationRequired>false</ConfirmationRequired><Operation><S3PutObjectTagging><TagSet>' +
    '<member><Key>project</Key><Value>blue</Value></member>' +
    '</TagSet></S3PutObjectTagging></Operation><Report><Bucket>arn:aws:s3:::reports</Bucket>' +
    '<Format>Report_CSV_20180820</Format><Enabled>true</Enabled><ReportScope>AllTasks' +
    '</ReportScope></Report><ClientRequestToken>bench</ClientRequestToken><Manifest><Spec>' +
    '<Format>S3BatchOperations_CSV_20180820</Format><Fields><member>Bucket</member>' +
    '<member>Key</member></Fields></Spec><Location><ObjectArn>arn:aws:s3:::manifests/m.csv' +
    `</ObjectArn><ETag>${etag}</ETag></Location></Manifest><Priority>1</Priority>` +
    `<RoleArn>arn:aws:iam::${accountId}:role/bench</RoleArn></CreateJobRequest>`
  );
}

for (const tasks of sizes.length > 0 ? sizes : [10_000, 100_000, 1_000_000]) await measure(tasks);
