// node test/bench/corridor.ts [tasks …]: the standalone service end to end, from a manifest in a
// bucket to the report, against an S3 that answers at once. Prints tasks/s, CPU, peak memory and
// disk per size; beside them the ceiling of that S3 on this machine, and a naive loop as a peer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createJob, describeJob } from '../../services/standalone/demo/ask-control.ts';
import { startService } from '../../services/standalone/demo/service-process.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import { type LoopFigures, type NullS3, openNullS3, runLoop } from './bench-process.ts';
import { accountId, key, region, taggingJobXml, terminal } from './tagging-job.ts';
import { folderMiB, grouped, usageOf } from './usage.ts';

const lookEveryMs = 100;
const ceilingRequests = 100_000;
const peerRequests = 20_000;
/** The goal: memory does not depend on the number of tasks. */
const boundFactor = 1.2;
const boundMiB = 30;

interface Figures {
  readonly tasks: number;
  readonly perSecond: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
}

async function measure(tasks: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-bench-'));
  const data = join(folder, 'data');
  const s3 = await openNullS3(tasks);
  const service = await startService(
    {
      S3BATCH_PORT: '0',
      S3BATCH_DATA: data,
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_LOG_LEVEL: 'warn',
      S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    process.env,
    (line) => console.log(line),
  );
  const pid = service.process.pid ?? 0;
  const control = openSignedClient(service.url, region, 's3', key);
  const before = usageOf(pid);
  const startMs = performance.now();
  const jobId = await createJob(control, accountId, taggingJobXml(s3.etag));
  let preparedMs = 0;
  let diskMiB = 0;
  let job = await describeJob(control, accountId, jobId);
  while (!terminal.has(job.status)) {
    if (preparedMs === 0 && job.status === 'Active') preparedMs = performance.now() - startMs;
    diskMiB = Math.max(diskMiB, folderMiB(data));
    await pause(lookEveryMs);
    job = await describeJob(control, accountId, jobId);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const after = usageOf(pid);
  const counts = await s3.counts();
  const workSeconds = (counts.lastMs - counts.firstMs) / 1000;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  if (job.status !== 'Complete' || job.succeeded !== tasks) {
    console.log(`  ${job.status}, ${job.succeeded} of ${tasks}: ${job.failureReason}`);
  }
  console.log(
    `${grouped(tasks).padStart(9)} tasks  ${seconds.toFixed(1)} s, Active after ` +
      `${(preparedMs / 1000).toFixed(1)} s  ${grouped(tasks / seconds)} tasks/s end to end, ` +
      `${grouped(tasks / workSeconds)}/s from first to last operation\n` +
      `${' '.repeat(17)}${grouped((cpuSeconds * 1e6) / tasks)} CPU s per million  idle ` +
      `${grouped(before.peakMiB)} MiB, peak ${grouped(after.peakMiB)} MiB  disk: peak ` +
      `${grouped(diskMiB)} MiB, after ${grouped(folderMiB(data))} MiB`,
  );
  await control.close();
  await service.stop();
  s3.stop();
  rmSync(folder, { recursive: true, force: true });
  return { tasks, perSecond: tasks / seconds, idleMiB: before.peakMiB, peakMiB: after.peakMiB };
}

async function measureLoop(name: string, s3: NullS3, kind: 'undici' | 'sdk', requests: number) {
  const figures = await runLoop(kind, s3.url, requests);
  const { perSecond, cpuSecondsPerMillion, peakMiB } = figures;
  console.log(
    `${name}  ${grouped(perSecond)} requests/s, ${grouped(cpuSecondsPerMillion)} CPU s per ` +
      `million, peak ${grouped(peakMiB)} MiB`,
  );
  return figures;
}

function compare(figures: readonly Figures[], ceiling: LoopFigures, peer: LoopFigures): void {
  for (const { tasks, perSecond } of figures) {
    console.log(
      `${grouped(tasks).padStart(9)} tasks: ${(perSecond / ceiling.perSecond).toFixed(2)} of the ` +
        `ceiling, ${(perSecond / peer.perSecond).toFixed(2)} times the naive loop`,
    );
  }
  const [least] = figures;
  const most = figures.at(-1);
  if (least === undefined || most === undefined || least === most) return;
  const bound = least.peakMiB * boundFactor + boundMiB;
  const verdict = most.peakMiB <= bound ? 'met' : 'not met';
  console.log(
    `peak at ${grouped(most.tasks)} over peak at ${grouped(least.tasks)}: ` +
      `${(most.peakMiB / least.peakMiB).toFixed(2)}; bound ${boundFactor} x + ${boundMiB} MiB = ` +
      `${grouped(bound)} MiB: ${verdict} (${grouped(most.peakMiB)} MiB)`,
  );
}

const asked = process.argv.slice(2).map(Number);
const sizes = asked.length > 0 ? asked : [10_000, 100_000, 1_000_000];
const idle = await openNullS3(0);
const ceiling = await measureLoop('ceiling (undici)  ', idle, 'undici', ceilingRequests);
const peer = await measureLoop('naive loop (SDK)  ', idle, 'sdk', peerRequests);
idle.stop();
const figures: Figures[] = [];
for (const tasks of sizes) figures.push(await measure(tasks));
compare(figures, ceiling, peer);
