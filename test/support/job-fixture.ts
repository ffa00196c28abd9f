// A job as the coordinator would have written it, for tests of one service alone: its space, its
// record in `jobs` with whatever status the test wants, and tasks or results in its topics.
import { jobCodec, messageCodec, resultRecordCodec, taskRecordCodec } from '../../schemas/codec.ts';
import type { Job } from '../../services/core/job.ts';
import type { Log, NewRecord, Spaces, StoredRecord } from '../../services/core/log.ts';
import type { Level } from '../../services/core/message.ts';
import {
  controlTopics,
  inboxTopic,
  jobSpace,
  jobsTopic,
  jobTopics,
  resultsTopic,
  tasksTopic,
} from '../../services/core/names.ts';
import { emptyLane } from '../../services/core/progress.ts';
import { reportLineBytes } from '../../services/core/report-line.ts';
import { openSlices } from '../../services/core/slice.ts';
import type { ResultRecord, Task, TaskResult } from '../../services/core/task.ts';

export interface JobWishes {
  readonly id: string;
  readonly partitions?: number;
  readonly total?: number | null;
  readonly request?: Partial<Job['request']>;
  readonly frozen?: Partial<Job['frozen']>;
}

const activatedMs = Date.UTC(2026, 10, 21, 8, 0, 0);

export function activeJob(wishes: JobWishes): Job {
  const partitions = wishes.partitions ?? 1;
  return {
    id: wishes.id,
    request: {
      accountId: '123456789012',
      roleArn: 'arn:aws:iam::123456789012:role/batch',
      priority: 10,
      description: null,
      confirmationRequired: false,
      clientRequestToken: wishes.id,
      operation: {
        name: 'S3PutObjectTagging',
        parameters: { TagSet: [{ Key: 'colour', Value: 'green' }] },
      },
      manifest: {
        format: 'S3BatchOperations_CSV_20180820',
        fields: ['Bucket', 'Key'],
        location: { objectArn: 'arn:aws:s3:::lists/one.csv', objectVersionId: null, etag: 'e' },
      },
      report: {
        enabled: true,
        bucketArn: 'arn:aws:s3:::reports',
        prefix: 'done',
        scope: 'AllTasks',
        expectedBucketOwner: null,
      },
      tags: [],
      topicArn: null,
      origin: { kind: 'api', accessKeyId: 'AK' },
      bucketsAllowed: null,
      ...wishes.request,
    },
    requestHash: 'hash',
    frozen: {
      partRowsMax: 100_000,
      partBytesMax: 32 * 1024 * 1024,
      lineVersion: 1,
      ...wishes.frozen,
    },
    version: 5,
    turn: 1,
    status: 'Active',
    statusMs: activatedMs,
    priority: 10,
    tags: [],
    held: false,
    createdMs: activatedMs,
    suspendedMs: null,
    terminatedMs: null,
    activations: 1,
    activeMs: 0,
    statusReason: null,
    failures: [],
    space: 'open',
    partitions,
    total: wishes.total ?? null,
    preparation: null,
    lanes: Array.from({ length: partitions }, () => emptyLane),
    reported: null,
    endingMs: null,
  };
}

export interface JobTable {
  /** The topics of control and of this job. */
  open(job: Job): Promise<void>;
  /** Writes the job's record, as the coordinator does after a fact. */
  put(job: Job): Promise<void>;
  /** Slices of these tasks per partition, and End. */
  tasks(job: Job, lanes: readonly (readonly Task[])[], sliceTasks: number): Promise<void>;
  /** Slices of these results, and, if given, an end. */
  results(
    job: Job,
    partition: number,
    slices: readonly (readonly TaskResult[])[],
    end: ResultRecord | null,
  ): Promise<void>;
  /** Everything in results/partition. */
  readResults(job: Job): Promise<readonly (readonly ResultRecord[])[]>;
  /** What services said to the coordinator. */
  levels(): Promise<readonly Level[]>;
}

export function openJobTable(log: Log, spaces: Spaces): JobTable {
  async function all(space: Parameters<Log['follow']>[0], topic: string) {
    const records: StoredRecord[] = [];
    const signal = new AbortController().signal;
    const view = await log.follow(space, topic, (record) => records.push(record), signal);
    await view.caughtUp('now', signal);
    await view.release();
    return records;
  }
  return {
    open: async (job) => {
      await spaces.create('control', controlTopics);
      await spaces.create(jobSpace(job.id), jobTopics(job.partitions));
    },
    put: async (job) => {
      const value = jobCodec.encode(job);
      await log.send('control', [{ topic: jobsTopic, partition: 0, key: job.id, value }]);
    },
    tasks: async (job, lanes, sliceTasks) => {
      const records: NewRecord[] = [];
      for (const [partition, tasks] of lanes.entries()) {
        const slices = openSlices(lanes.map(() => 0));
        const put = (record: Parameters<typeof taskRecordCodec.encode>[0]) => {
          const value = taskRecordCodec.encode(record);
          records.push({ topic: tasksTopic, partition, key: '', value });
        };
        for (const [index, task] of tasks.entries()) {
          const closed = slices.add(partition, task);
          if (closed !== null) put(closed.record);
          if ((index + 1) % sliceTasks === 0) for (const { record } of slices.flush()) put(record);
        }
        for (const { record } of slices.flush()) put(record);
        put({ kind: 'end', count: tasks.length });
      }
      await log.send(jobSpace(job.id), records);
    },
    results: async (job, partition, slices, end) => {
      const records: NewRecord[] = slices.map((results) => ({
        topic: resultsTopic,
        partition,
        key: String(partition),
        value: resultRecordCodec.encode({
          kind: 'slice',
          succeeded: results.filter(({ status }) => status === 'succeeded').length,
          failed: results.filter(({ status }) => status === 'failed').length,
          csvBytes: results.reduce((sum, row) => sum + reportLineBytes(row), 0),
          results,
        }),
      }));
      if (end !== null) {
        const value = resultRecordCodec.encode(end);
        records.push({ topic: resultsTopic, partition, key: String(partition), value });
      }
      await log.send(jobSpace(job.id), records);
    },
    readResults: async (job) => {
      const lanes: ResultRecord[][] = Array.from({ length: job.partitions }, () => []);
      for (const { key, value } of await all(jobSpace(job.id), resultsTopic)) {
        if (value !== null) lanes[Number(key)]?.push(resultRecordCodec.decode(value));
      }
      return lanes;
    },
    levels: async () => {
      const levels: Level[] = [];
      for (const { value } of await all('control', inboxTopic)) {
        if (value === null) continue;
        const message = messageCodec.decode(value);
        if ('turn' in message) levels.push(message);
      }
      return levels;
    },
  };
}
