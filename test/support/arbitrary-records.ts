// Arbitrary values of every record that stands in a topic, for properties of the codecs.
import fc from 'fast-check';
import type { HistoryRecord } from '../../services/core/fact.ts';
import { type Job, type JobRequest, jobStatuses } from '../../services/core/job.ts';
import type { ManifestGenerator } from '../../services/core/manifest-generator.ts';
import type { Message, Reply } from '../../services/core/message.ts';
import type { Operation } from '../../services/core/operation.ts';
import type { PartRecord, ResultRecord, Task, TaskRecord } from '../../services/core/task.ts';

export const text = fc.string({ unit: 'binary', maxLength: 40 });
/** Avro reads whole numbers up to 2^53 - 2. */
const count = fc.maxSafeNat().map((number) => Math.floor(number / 2));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(value, { nil: null });
const status = fc.constantFrom(...jobStatuses);
const ended = fc.constantFrom('exhausted' as const, 'stopped' as const);
const tag = fc.record({ Key: text, Value: text });
const failure = fc.record({ code: text, reason: text });
const codes = fc.dictionary(fc.oneof(text, fc.constant('__proto__')), count, { maxKeys: 4 });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    name: fc.constant('S3PutObjectTagging' as const),
    parameters: fc.record({ TagSet: fc.array(tag, { maxLength: 3 }) }),
  }),
  fc.record({
    name: fc.constant('S3DeleteObjectTagging' as const),
    parameters: fc.constant({}),
  }),
  fc.record({
    name: fc.constant('S3PutObjectAcl' as const),
    parameters: fc.record({
      AccessControlPolicy: fc.record({
        AccessControlList: fc.record({
          Owner: fc.record({ ID: text }),
          Grants: fc.array(fc.record({ Permission: fc.constant('READ' as const) })),
        }),
      }),
    }),
  }),
  fc.record({
    name: fc.constant('S3PutObjectRetention' as const),
    parameters: fc.record({
      BypassGovernanceRetention: fc.boolean(),
      Retention: fc.record({ RetainUntilDate: text, EventHold: fc.constant('ON' as const) }),
    }),
  }),
  fc.record({
    name: fc.constant('LambdaInvoke' as const),
    parameters: fc.record({
      FunctionArn: text,
      UserArguments: fc.dictionary(text, text, { noNullPrototype: true }),
    }),
  }),
  fc.record({
    name: fc.constant('S3UpdateObjectEncryption' as const),
    parameters: fc.record({
      ObjectEncryption: fc.record({ 'SSE-KMS': fc.record({ KMSKeyArn: text }) }),
    }),
  }),
  fc.record({
    name: fc.constant('S3ReplicateObject' as const),
    parameters: fc.constant({}),
  }),
  fc.record({
    name: fc.constant('S3PutObjectCopy' as const),
    parameters: fc.record(
      {
        TargetResource: text,
        TargetKeyPrefix: text,
        ObjectLockEventHoldDuration: fc.record({ Days: fc.nat() }),
        RequesterPays: fc.boolean(),
        NewObjectTagging: fc.array(tag, { maxLength: 3 }),
        NewObjectMetadata: fc.record(
          { ContentType: text, UserMetadata: fc.dictionary(text, text, { noNullPrototype: true }) },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  }),
);

const location = fc.record({ objectArn: text, objectVersionId: optional(text), etag: text });

const generator: fc.Arbitrary<ManifestGenerator> = fc.record(
  {
    ExpectedBucketOwner: text,
    SourceBucket: text,
    ManifestOutputLocation: fc.record(
      {
        Bucket: text,
        ManifestPrefix: text,
        ManifestEncryption: fc.oneof(
          fc.constant({ 'SSE-S3': {} }),
          fc.record({ 'SSE-KMS': fc.record({ KeyId: text }) }),
        ),
        ManifestFormat: fc.constant('S3InventoryReport_CSV_20211130' as const),
      },
      { requiredKeys: ['Bucket', 'ManifestFormat'] },
    ),
    Filter: fc.record(
      {
        EligibleForReplication: fc.boolean(),
        CreatedAfter: text,
        KeyNameConstraint: fc.record({ MatchAnyPrefix: fc.array(text, { maxLength: 3 }) }),
        ObjectSizeLessThanBytes: fc.maxSafeInteger(),
        MatchAnyObjectEncryption: fc.constant([{ 'SSE-KMS': { BucketKeyEnabled: true } }]),
      },
      { requiredKeys: [] },
    ),
    EnableManifestOutput: fc.boolean(),
  },
  { requiredKeys: ['SourceBucket', 'EnableManifestOutput'] },
);

const request: fc.Arbitrary<JobRequest> = fc.record({
  accountId: text,
  roleArn: text,
  priority: fc.nat(),
  description: optional(text),
  confirmationRequired: fc.boolean(),
  clientRequestToken: text,
  operation,
  manifest: fc.oneof(
    fc.record({
      format: fc.constant('S3BatchOperations_CSV_20180820' as const),
      fields: fc.array(fc.constantFrom('Bucket', 'Key', 'VersionId', 'Ignore')),
      location,
    }),
    fc.record({ format: fc.constant('S3InventoryReport_CSV_20161130' as const), location }),
    fc.record({ format: fc.constant('generated' as const), generator }),
  ),
  report: fc.oneof(
    fc.record({ enabled: fc.constant(false as const) }),
    fc.record({
      enabled: fc.constant(true as const),
      bucketArn: text,
      prefix: optional(text),
      scope: fc.constantFrom('AllTasks' as const, 'FailedTasksOnly' as const),
      expectedBucketOwner: optional(text),
    }),
  ),
  tags: fc.array(tag, { maxLength: 3 }),
  topicArn: optional(text),
  origin: fc.oneof(
    fc.record({ kind: fc.constant('api' as const), accessKeyId: text }),
    fc.record({ kind: fc.constant('rule' as const), rule: text, delivery: text }),
  ),
  bucketsAllowed: optional(fc.array(text, { maxLength: 3 })),
});

const reported = fc.record({
  result: fc.constantFrom('written' as const, 'none' as const, 'failed' as const),
  manifestKey: text,
  succeeded: count,
  failed: count,
  reason: text,
});

export const anyJob: fc.Arbitrary<Job> = fc.record({
  id: text,
  request,
  requestHash: text,
  frozen: fc.record({
    partRowsMax: count,
    partBytesMax: count,
    lineVersion: fc.constant(1 as const),
  }),
  version: count,
  turn: count,
  status,
  statusMs: count,
  priority: fc.nat(),
  tags: fc.array(tag, { maxLength: 3 }),
  held: fc.boolean(),
  createdMs: count,
  suspendedMs: optional(count),
  terminatedMs: optional(count),
  activations: count,
  activeMs: count,
  statusReason: optional(text),
  failures: fc.array(failure, { maxLength: 3 }),
  space: fc.constantFrom('none' as const, 'open' as const, 'dropped' as const),
  partitions: fc.nat(32),
  total: optional(count),
  preparation: fc.oneof(
    fc.constant(null),
    fc.record({ kind: fc.constant('prepared' as const), total: count }),
    fc.record({ kind: fc.constant('failed' as const), failure }),
  ),
  lanes: fc.array(
    fc.record({
      read: count,
      succeeded: count,
      failed: count,
      retries: count,
      codes,
      ended: optional(ended),
      drainedTurn: fc.integer({ min: -1 }),
      waiting: optional(text),
    }),
    { maxLength: 3 },
  ),
  reported: optional(reported),
  endingMs: optional(count),
});

const commandBase = { commandId: text, accountId: text, atMs: count, jobId: text };
const levelBase = { jobId: text, turn: count };
const laneBase = { ...levelBase, partition: fc.nat(32) };
const only = <const Kind extends string>(kind: Kind) => fc.constant(kind);

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: only('create'), ...commandBase, request, requestHash: text }),
  fc.record({
    kind: only('status'),
    ...commandBase,
    requested: fc.constantFrom('Ready' as const, 'Cancelled' as const),
    reason: optional(text),
  }),
  fc.record({ kind: only('priority'), ...commandBase, priority: fc.nat() }),
  fc.record({ kind: only('tags'), ...commandBase, tags: fc.array(tag, { maxLength: 3 }) }),
  fc.record({ kind: only('hold'), ...commandBase }),
  fc.record({ kind: only('resume'), ...commandBase }),
  fc.record({ kind: only('measured'), ...levelBase, tasksEstimated: count }),
  fc.record({ kind: only('prepared'), ...levelBase, total: count }),
  fc.record({ kind: only('unprepared'), ...levelBase, failure }),
  fc.record({
    kind: only('progress'),
    ...laneBase,
    read: count,
    succeeded: count,
    failed: count,
    retries: count,
    codes,
    ended: optional(ended),
  }),
  fc.record({ kind: only('drained'), ...laneBase }),
  fc.record({ kind: only('waiting'), ...laneBase, reason: optional(text) }),
  fc.record({ kind: only('reported'), ...levelBase, reported }),
);

export const anyReply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({
    kind: only('accepted'),
    commandId: text,
    jobId: text,
    version: count,
    status,
    priority: fc.nat(),
  }),
  fc.record({ kind: only('refused'), commandId: text, code: text, message: text }),
);

export const anyHistory: fc.Arbitrary<HistoryRecord> = fc.record({
  jobEventId: text,
  jobId: text,
  accountId: text,
  version: count,
  atMs: count,
  fact: fc.constantFrom(
    'Created' as const,
    'PreparationStarted' as const,
    'Prepared' as const,
    'ConfirmationAwaited' as const,
    'Confirmed' as const,
    'Activated' as const,
    'TasksExhausted' as const,
    'Outranked' as const,
    'Drained' as const,
    'CancelRequested' as const,
    'FailureDetected' as const,
    'ReportWritten' as const,
    'Settled' as const,
    'SpaceOpened' as const,
    'SpaceDropped' as const,
    'PriorityChanged' as const,
    'TagsReplaced' as const,
    'Held' as const,
    'Resumed' as const,
  ),
  by: text,
  from: optional(status),
  to: status,
  operation: text,
  failures: fc.array(failure, { maxLength: 3 }),
  reason: optional(text),
  topicArn: optional(text),
});

const longText = fc.string({ unit: 'binary', maxLength: 1024 });

export const anyTask: fc.Arbitrary<Task> = fc.record({
  bucket: text,
  key: fc.oneof(text, longText),
  written: optional(text),
  versionId: optional(text),
});

export const anyTaskRecord: fc.Arbitrary<TaskRecord> = fc.oneof(
  fc.record({
    kind: only('slice'),
    firstOrdinal: count,
    tasks: fc.array(anyTask, { maxLength: 20 }),
  }),
  fc.record({ kind: only('end'), count }),
);

export const anyResultRecord: fc.Arbitrary<ResultRecord> = fc.oneof(
  fc
    .record({
      csvBytes: count,
      results: fc.array(
        fc.record({
          ordinal: count,
          bucket: text,
          reportedKey: text,
          versionId: text,
          status: fc.constantFrom('succeeded' as const, 'failed' as const),
          httpStatus: fc.nat(599),
          errorCode: text,
          message: text,
          attempts: fc.nat(6),
          startedMs: count,
          endedMs: count,
          requestId: text,
        }),
        { maxLength: 20 },
      ),
    })
    .map(({ csvBytes, results }) => {
      const succeeded = results.filter((result) => result.status === 'succeeded').length;
      const failed = results.length - succeeded;
      return { kind: 'slice' as const, succeeded, failed, csvBytes, results };
    }),
  fc.record({ kind: only('end'), reason: only('exhausted'), count }),
  fc.record({ kind: only('end'), reason: only('stopped') }),
);

export const anyPartRecord: fc.Arbitrary<PartRecord> = fc.oneof(
  fc.record({
    kind: only('part'),
    partition: fc.nat(32),
    status: fc.constantFrom('succeeded' as const, 'failed' as const),
    key: text,
    md5: text,
    rows: count,
    bytes: count,
  }),
  fc.record({
    kind: only('end'),
    partition: fc.nat(32),
    reason: ended,
    succeeded: count,
    failed: count,
    problem: optional(text),
  }),
);
