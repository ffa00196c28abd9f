// A whole installation for the system tests: the standalone process, forked as `npm start` starts
// it, on a data folder of its own, in front of a sandbox that lives in the test's process. The test
// seeds and reads back the sandbox's store, and hears every line that the process prints.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { createBucket } from '../../services/sandbox/bucket.ts';
import {
  openSandbox,
  type Sandbox,
  type SandboxOptions,
} from '../../services/sandbox/open-sandbox.ts';
import {
  addVersion,
  findVersion,
  noFields,
  noTags,
  type Version,
} from '../../services/sandbox/store.ts';
import { describeJob, type JobView } from '../../services/standalone/demo/ask-control.ts';
import { readReport } from '../../services/standalone/demo/proof.ts';
import {
  type ServiceProcess,
  startService,
} from '../../services/standalone/demo/service-process.ts';
import {
  openSignedClient,
  type SignedClient,
} from '../../services/standalone/demo/signed-client.ts';
import type { ServiceName } from '../../services/standalone/thread-data.ts';

export const accountId = '123456789012';
export const region = 'us-east-1';
export const key = {
  accessKeyId: 'AKIDSYSTEMTESTS',
  secretAccessKey: 'the/secret+of/the+system/tests+0123456789',
};

const jobMsMax = 120_000;
const lookMs = 15;
const heardMsMax = 60_000;
const linesShown = 20;
const terminal = new Set(['Complete', 'Failed', 'Cancelled']);

export type Settings = Readonly<Record<string, string>>;

export interface Running {
  readonly url: string;
  readonly process: ServiceProcess['process'];
  readonly control: SignedClient;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  stop(): Promise<void>;
}

/** A start that was refused: how the process ended and all that it printed. */
export interface RefusedStart {
  readonly code: number;
  readonly text: string;
}

export interface StandaloneWorld extends AsyncDisposable {
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly s3: SignedClient;
  /** What the process has printed, in order, whichever start it was. */
  readonly lines: readonly string[];
  /** Resolves with the first line, from now on or before, that matches; not for ever. */
  heard(pattern: RegExp): Promise<string>;
  /** alone: the one service that runs; absent: all four. It must listen somewhere. */
  start(settings?: Settings, alone?: ServiceName): Promise<Running>;
  refused(settings: Settings): Promise<RefusedStart>;
  write(name: string, content: unknown): string;
}

export async function openStandaloneWorld(
  options: Partial<SandboxOptions> = {},
): Promise<StandaloneWorld> {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-system-'));
  const sandbox = await openSandbox({ region, credentials: [key], ...options });
  const s3 = openSignedClient(sandbox.url, region, 's3', key);
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const running: Running[] = [];
  const usual: Settings = {
    S3BATCH_PORT: '0',
    S3BATCH_DATA: join(folder, 'data'),
    S3BATCH_TAGGING_SAFE: 'true',
    S3_ENDPOINT: sandbox.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
  };
  const onLine = (line: string) => {
    lines.push(line);
    for (const listen of listeners) listen(line);
  };
  return {
    folder,
    sandbox,
    s3,
    lines,
    heard: (pattern) =>
      new Promise((resolve, reject) => {
        const giveUp = setTimeout(() => {
          listeners.delete(listen);
          const last = lines.slice(-linesShown).join('\n');
          reject(new Error(`no line like ${pattern} was printed; the last ones:\n${last}`));
        }, heardMsMax);
        const listen = (line: string) => {
          if (!pattern.test(line)) return;
          clearTimeout(giveUp);
          listeners.delete(listen);
          resolve(line);
        };
        listeners.add(listen);
        const known = lines.find((line) => pattern.test(line));
        if (known !== undefined) listen(known);
      }),
    start: async (settings = {}, alone) => {
      const environment = { ...usual, ...settings };
      const service = await startService(environment, process.env, onLine, alone);
      const one = runningOf(service);
      running.push(one);
      return one;
    },
    refused: (settings) => refusedStart({ ...usual, ...settings }),
    write: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(running.map((one) => one.stop()));
      await s3.close();
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function runningOf(service: ServiceProcess): Running {
  const control = openSignedClient(service.url, region, 's3', key);
  const { process: child } = service;
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await service.stop();
    await control.close();
  };
  return {
    url: service.url,
    process: child,
    control,
    ended,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

const main = new URL('../../services/standalone/main.ts', import.meta.url).pathname;
const refusedMsMax = 60_000;

/** Fails if the process does not end by itself. */
function refusedStart(settings: Settings): Promise<RefusedStart> {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [main],
      { env: { ...environment, ...settings }, timeout: refusedMsMax },
      (_error, stdout, stderr) => {
        const { exitCode: code } = child;
        if (code === null) reject(new Error(`the process did not end: ${stdout}${stderr}`));
        else resolve({ code, text: stdout + stderr });
      },
    );
  });
}

export function makeBuckets(world: StandaloneWorld, ...names: readonly string[]): void {
  for (const name of names) {
    if (!world.sandbox.store.buckets.has(name)) createBucket(world.sandbox.store, name);
  }
}

/** Puts an object without HTTP; returns its ETag. */
export function seed(
  world: StandaloneWorld,
  bucketName: string,
  objectKey: string,
  content: string | Uint8Array,
): string {
  makeBuckets(world, bucketName);
  const { store } = world.sandbox;
  const bucket = store.buckets.get(bucketName);
  if (bucket === undefined) throw new Error(`${bucketName} is not the name of a bucket`);
  const version = newVersion(content);
  addVersion(store, bucket, objectKey, version);
  return version.etag;
}

export function newVersion(
  content: string | Uint8Array,
): Omit<Version, 'versionId' | 'lastModifiedMs'> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const etag = createHash('md5').update(bytes).digest('hex');
  const plain = { headers: noFields, metadata: noFields, tags: noTags, isDeleteMarker: false };
  return { bytes, etag, ...plain };
}

/** `name=value` of each tag of an object's version; null: there is none that could have tags. */
export function tagsOf(
  world: StandaloneWorld,
  bucket: string,
  objectKey: string,
  versionId: string | null = null,
): readonly string[] | null {
  const found = findVersion(world.sandbox.store, bucket, objectKey, versionId);
  return found.kind === 'ok' ? found.value.tags.map(({ Key, Value }) => `${Key}=${Value}`) : null;
}

/** Looks until the job is as wanted; control may be away for a while. */
export async function untilJob(
  control: SignedClient,
  jobId: string,
  isThere: (job: JobView) => boolean,
  account = accountId,
): Promise<JobView> {
  const startMs = performance.now();
  let last = 'nothing was heard of it';
  while (performance.now() - startMs < jobMsMax) {
    const job = await describeJob(control, account, jobId).catch((error: unknown) => {
      last = String(error);
      return null;
    });
    if (job !== null) {
      if (isThere(job)) return job;
      last = JSON.stringify(job);
      if (terminal.has(job.status)) break;
    }
    await pause(lookMs);
  }
  throw new Error(`job ${jobId} did not get where it should: ${last}`);
}

export function untilComplete(control: SignedClient, jobId: string): Promise<JobView> {
  return untilJob(control, jobId, ({ status }) => status === 'Complete');
}

/** A row of a completion report: AWS's seven columns, or six if the message is left off. */
export type ReportFields = readonly string[];

/** All rows of a job's report, sorted; the parts' checksums are checked on the way. */
export async function reportRows(
  world: StandaloneWorld,
  bucket: string,
  prefix: string,
  jobId: string,
): Promise<ReportFields[]> {
  const report = await readReport(world.s3, bucket, `${prefix}/job-${jobId}/manifest.json`);
  const rows: string[][] = report.parts.flatMap(({ text }) => parse(text));
  return sortRows(rows);
}

export function sortRows(rows: readonly ReportFields[]): ReportFields[] {
  return rows.toSorted((one, other) => (one.join('\n') < other.join('\n') ? -1 : 1));
}
