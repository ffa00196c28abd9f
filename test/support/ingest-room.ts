// A room for tests of ingest: the memory log, the memory S3, a virtual clock, and the least
// coordinator that ingest needs: it opens a job's space at 'measured' and notes the verdict.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { jobCodec, messageCodec, taskRecordCodec } from '../../schemas/codec.ts';
import { type MemoryHandle, openMemoryLog } from '../../services/adapters/log/memory.ts';
import type { GivenManifest, Job, JobRequest, Manifest } from '../../services/core/job.ts';
import type { StoredRecord } from '../../services/core/log.ts';
import type { Level } from '../../services/core/message.ts';
import {
  controlTopics,
  inboxTopic,
  jobSpace,
  jobsTopic,
  jobTopics,
  tasksTopic,
} from '../../services/core/names.ts';
import { newJob } from '../../services/core/new-job.ts';
import type { Roles } from '../../services/core/storage.ts';
import type { Task } from '../../services/core/task.ts';
import { type Buffered, countBuffered } from '../../services/ingest/buffered.ts';
import type { IngestLimits } from '../../services/ingest/limits.ts';
import { runIngest } from '../../services/ingest/run.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type MemoryS3, openMemoryS3 } from './memory-s3.ts';

export const manifestBucket = 'manifests';
export const reportBucket = 'reports';
/** The job of every test that has one. */
export const firstJobId = '5f0f3b34-57c7-4a0e-8b9b-8b2e2a3c1d00';

export interface IngestRoomOptions {
  /** Awaited in every port method of the ingest under test. */
  readonly step?: (label: string) => Promise<void>;
  readonly limits?: Partial<IngestLimits>;
  readonly partitions?: number;
  readonly isRole?: (roleArn: string) => boolean;
}

export interface OrdinalTask {
  readonly ordinal: number;
  readonly task: Task;
}

export interface RunningIngest {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  kill(): void;
}

export interface IngestRoom {
  readonly s3: MemoryS3;
  readonly clock: ManualClock;
  readonly buffered: Buffered;
  /** Every level that came in, in order. */
  readonly levels: readonly Level[];
  start(options?: IngestRoomOptions): RunningIngest;
  /** Puts the job, already Preparing, into the jobs topic. */
  submit(
    request: Partial<JobRequest> & { readonly manifest: Manifest },
    jobId?: string,
  ): Promise<void>;
  cancel(): Promise<void>;
  /** Puts bytes that are no job into the jobs topic. */
  damage(): Promise<void>;
  /** Levels for which this is true come in, but nothing follows from them. */
  mute(isMuted: (level: Level) => boolean): void;
  /** Resolves to what ingest said at last: prepared or unprepared. */
  verdict(): Promise<Level>;
  /** Resolves when any level of that kind has come in. */
  heard(kind: Level['kind']): Promise<void>;
  /** The tasks topic, per partition: what a worker would read. */
  tasks(): Promise<readonly (readonly OrdinalTask[])[]>;
  /** End{count} per partition; -1 where there is none. */
  ends(): Promise<readonly number[]>;
  /** Rows as [bucket, key, versionId] of all partitions, for jobs with one partition. */
  rows(): Promise<readonly (readonly [string, string, string | null])[]>;
}

export async function openIngestRoom(options: IngestRoomOptions = {}): Promise<IngestRoom> {
  const world = openMemoryLog();
  const coordinator = world.connect();
  await coordinator.spaces.create('control', controlTopics);
  const s3 = openMemoryS3({
    buckets: [manifestBucket, reportBucket],
    ...(options.isRole === undefined ? {} : { isRole: options.isRole }),
  });
  const clock = manualClock();
  const levels: Level[] = [];
  const changes = new Set<() => void>();
  const buffered = countBuffered();
  const partitions = options.partitions ?? 1;
  const jobs = new Map<string, Job>();
  let isMuted: (level: Level) => boolean = () => false;

  async function putJob(next: Job): Promise<void> {
    const job = { ...next, version: next.version + 1 };
    jobs.set(job.id, job);
    const value = jobCodec.encode(job);
    await coordinator.log.send('control', [{ topic: jobsTopic, partition: 0, key: job.id, value }]);
  }

  async function onLevel(level: Level): Promise<void> {
    levels.push(level);
    const job = jobs.get(level.jobId);
    if (job === undefined) throw new Error('a level without a job');
    if (isMuted(level)) {
      for (const changed of changes) changed();
      return;
    }
    if (level.kind === 'measured' && job.partitions === 0) {
      await coordinator.spaces.create(jobSpace(job.id), jobTopics(partitions));
      await putJob({ ...job, partitions, space: 'open' });
    }
    if (level.kind === 'prepared') {
      const { total } = level;
      await putJob({ ...job, total, preparation: { kind: 'prepared', total } });
    }
    if (level.kind === 'unprepared') {
      const { failure } = level;
      await putJob({ ...job, status: 'Failing', preparation: { kind: 'failed', failure } });
    }
    for (const changed of changes) changed();
  }

  void coordinate(coordinator, onLevel);

  function until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const changed = () => {
        const found = look();
        if (found === undefined) return;
        changes.delete(changed);
        resolve(found);
      };
      changes.add(changed);
      changed();
    });
  }

  function start(own: IngestRoomOptions = {}): RunningIngest {
    const { step = options.step } = own;
    const handle = world.connect(step === undefined ? {} : { step });
    const stopping = new AbortController();
    const ended = runIngest(
      {
        log: handle.log,
        roles: step === undefined ? s3.roles : steppedRoles(s3.roles, step),
        clock,
        limits: { ...options.limits, ...own.limits },
        buffered,
      },
      stopping.signal,
    );
    return {
      ended,
      stop: async () => {
        stopping.abort();
        await ended;
      },
      kill: () => handle.kill(),
    };
  }

  async function records(): Promise<readonly StoredRecord[][]> {
    const reader = world.connect();
    const found: StoredRecord[][] = Array.from({ length: partitions }, () => []);
    const over = new AbortController();
    const lanes = reader.log.join(jobSpace(firstJobId), tasksTopic, 'test', over.signal);
    let joined = 0;
    for await (const lane of lanes) {
      const peek = new AbortController();
      for (;;) {
        const reading = lane.read(1_000_000, peek.signal);
        // A read that finds nothing parks; by then everything there is has been read.
        setImmediate(() => setImmediate(() => peek.abort()));
        const batch = await reading;
        if (batch.length === 0) break;
        found[lane.partition]?.push(...batch);
        if (batch.some(isEnd)) break;
      }
      joined += 1;
      if (joined === partitions) break;
    }
    over.abort();
    reader.kill();
    return found;
  }

  async function tasks(): Promise<readonly (readonly OrdinalTask[])[]> {
    return (await records()).map((partition) => partition.flatMap(tasksOf));
  }

  return {
    s3,
    clock,
    buffered,
    levels,
    start,
    submit: (request, jobId) => putJob(preparingJob(request, jobId)),
    cancel: async () => {
      for (const job of jobs.values()) await putJob({ ...job, status: 'Cancelling' });
    },
    damage: async () => {
      const value = new Uint8Array([1, 2, 3]);
      await coordinator.log.send('control', [{ topic: jobsTopic, partition: 0, key: 'x', value }]);
    },
    mute: (next) => {
      isMuted = next;
    },
    verdict: () =>
      until(() => levels.find(({ kind }) => kind === 'prepared' || kind === 'unprepared')),
    heard: async (kind) => {
      await until(() => levels.find((level) => level.kind === kind));
    },
    tasks,
    ends: async () =>
      (await records()).map((partition) => {
        const last = partition.at(-1);
        const record = last?.value ? taskRecordCodec.decode(last.value) : null;
        return record?.kind === 'end' ? record.count : -1;
      }),
    rows: async () =>
      (await tasks()).flat().map(({ task }) => [task.bucket, task.key, task.versionId] as const),
  };
}

/** Each ingest has steps of its own, so that a killed one never calls again. */
function steppedRoles(roles: Roles, step: (label: string) => Promise<void>): Roles {
  const stepped = async <T>(label: string, ask: () => Promise<T>): Promise<T> => {
    await step(`s3 ${label} before`);
    const answer = await ask();
    await step(`s3 ${label} after`);
    return answer;
  };
  return {
    resolve: (roleArn) => {
      const storage = roles.resolve(roleArn);
      if (storage === undefined) return undefined;
      const { objects } = storage;
      return {
        ...storage,
        objects: {
          head: (...asked) => stepped('head', () => objects.head(...asked)),
          read: (...asked) => stepped('read', () => objects.read(...asked)),
          write: (...asked) => stepped('write', () => objects.write(...asked)),
          list: (...asked) => stepped('list', () => objects.list(...asked)),
          remove: (...asked) => stepped('remove', () => objects.remove(...asked)),
        },
      };
    },
  };
}

async function coordinate(
  handle: MemoryHandle,
  onLevel: (level: Level) => Promise<void>,
): Promise<void> {
  const { signal } = new AbortController();
  for await (const lane of handle.log.join('control', inboxTopic, 'coordinator', signal)) {
    for (;;) {
      for (const { value } of await lane.read(1_000_000, signal)) {
        if (value === null) continue;
        const message = messageCodec.decode(value);
        if ('turn' in message) await onLevel(message);
      }
    }
  }
}

function isEnd({ value }: StoredRecord): boolean {
  return value !== null && taskRecordCodec.decode(value).kind === 'end';
}

function tasksOf({ value }: StoredRecord): readonly OrdinalTask[] {
  const record = value === null ? null : taskRecordCodec.decode(value);
  if (record?.kind !== 'slice') return [];
  return record.tasks.map((task, index) => ({ ordinal: record.firstOrdinal + index, task }));
}

export function preparingJob(
  request: Partial<JobRequest> & { readonly manifest: Manifest },
  jobId: string = firstJobId,
): Job {
  const job = newJob(
    {
      kind: 'create',
      commandId: 'c',
      accountId: '123456789012',
      atMs: 0,
      jobId,
      requestHash: '',
      request: {
        accountId: '123456789012',
        roleArn: 'arn:aws:iam::123456789012:role/batch',
        priority: 10,
        description: null,
        confirmationRequired: false,
        clientRequestToken: 'token',
        operation: { name: 'S3DeleteObjectTagging', parameters: {} },
        report: { enabled: false },
        tags: [],
        topicArn: null,
        origin: { kind: 'api', accessKeyId: 'AKIAEXAMPLE' },
        bucketsAllowed: null,
        ...request,
      },
    },
    { partRowsMax: 1000, partBytesMax: 1_000_000, lineVersion: 1 },
    0,
  );
  return { ...job, status: 'Preparing' };
}

/** Seeds a CSV manifest and names it as a client does. */
export function csvManifest(
  s3: MemoryS3,
  bytes: Uint8Array | string,
  fields: Extract<Manifest, { fields: unknown }>['fields'] = ['Bucket', 'Key'],
): GivenManifest {
  const { etag } = s3.seed(manifestBucket, 'list.csv', bytes);
  const objectArn = `arn:aws:s3:::${manifestBucket}/list.csv`;
  const location = { objectArn, objectVersionId: null, etag: `"${etag}"` };
  return { format: 'S3BatchOperations_CSV_20180820', fields, location };
}

export interface DataFile {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** What manifest.json says, where it is not the truth. */
  readonly said?: { readonly size?: number; readonly MD5checksum?: string };
}

export function gzipFile(key: string, text: string): DataFile {
  return { key, bytes: gzipSync(text) };
}

/** Seeds an inventory delivery around data files, and names its manifest.json as a client does. */
export function inventoryManifest(
  s3: MemoryS3,
  fileSchema: string,
  files: readonly DataFile[],
  members: Readonly<Record<string, unknown>> = {},
): GivenManifest {
  for (const { key, bytes } of files) s3.seed(manifestBucket, key, bytes);
  const manifest = {
    sourceBucket: 'source',
    destinationBucket: `arn:aws:s3:::${manifestBucket}`,
    version: '2016-11-30',
    creationTimestamp: '1715043600000',
    fileFormat: 'CSV',
    fileSchema,
    files: files.map(({ key, bytes, said }) => ({
      key,
      size: bytes.length,
      MD5checksum: createHash('md5').update(bytes).digest('hex'),
      ...said,
    })),
    ...members,
  };
  return seedInventory(s3, JSON.stringify(manifest, null, 2));
}

export function seedInventory(s3: MemoryS3, text: string): GivenManifest {
  const { etag } = s3.seed(manifestBucket, 'inventory/manifest.json', text);
  const objectArn = `arn:aws:s3:::${manifestBucket}/inventory/manifest.json`;
  const location = { objectArn, objectVersionId: null, etag };
  return { format: 'S3InventoryReport_CSV_20161130', location };
}
