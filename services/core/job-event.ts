// Job events: the history record of a fact, and the notification that carries it. The envelope is
// the EventBridge one that AWS sends for batch jobs ("AWS Service Event via CloudTrail", User Guide
// "Tracking an S3 Batch Operations job in Amazon EventBridge"); what AWS does not say stands in one
// extra object, detail.s3batch.
// Invariant: the same fact has the same id on every replay, so that receivers can tell repeats.
import type { Step } from './decide.ts';
import type { Fact, HistoryRecord } from './fact.ts';
import type { Failure, Job } from './job.ts';
import type { MessageAttribute } from './notify.ts';
import { totalsOf } from './progress.ts';

/** Lower-case hex of at least 32 digits. */
export type HashHex = (text: string) => string;

const eventIdDigits = 32;

export function jobEventId(hash: HashHex, jobId: string, version: number): string {
  return hash(`${jobId}\u0000${version}`).slice(0, eventIdDigits);
}

/** Who is named for what nobody asked for. */
const byItself = 's3batch';

export function historyRecord(step: Step, atMs: number, hash: HashHex): HistoryRecord {
  const { job, fact } = step;
  return {
    jobEventId: jobEventId(hash, job.id, job.version),
    jobId: job.id,
    accountId: job.request.accountId,
    version: job.version,
    atMs,
    fact: fact.name,
    by: doerOf(job, fact),
    from: step.from,
    to: job.status,
    operation: job.request.operation.name,
    failures: job.failures,
    reason: reasonOf(fact),
    topicArn: job.request.topicArn,
  };
}

function doerOf(job: Job, fact: Fact): string {
  if ('by' in fact) return fact.by;
  if (fact.name !== 'Created') return byItself;
  const { origin } = job.request;
  return origin.kind === 'api' ? origin.accessKeyId : `rule ${origin.rule}`;
}

function reasonOf(fact: Fact): string | null {
  if (fact.name === 'FailureDetected') return fact.failure.reason;
  return 'reason' in fact ? fact.reason : null;
}

export interface Notification {
  /** At most 100 characters. */
  readonly subject: string;
  /** JSON. */
  readonly message: string;
  readonly attributes: readonly MessageAttribute[];
}

/** null for facts that leave the status as it is: AWS tells of status changes only. */
export function notificationOf(
  record: HistoryRecord,
  job: Job | undefined,
  region: string,
): Notification | null {
  if (record.from === record.to) return null;
  return {
    subject: `S3 Batch Operations job ${record.jobId} is ${record.to}`,
    message: JSON.stringify(envelope(record, job, region)),
    attributes: [
      { name: 'status', value: record.to },
      { name: 'jobId', value: record.jobId },
      { name: 'operation', value: record.operation },
    ],
  };
}

function envelope(record: HistoryRecord, job: Job | undefined, region: string): object {
  const time = `${new Date(record.atMs).toISOString().slice(0, 19)}Z`;
  const id = uuidOf(record.jobEventId);
  return {
    version: '0',
    id,
    'detail-type': 'AWS Service Event via CloudTrail',
    source: 'aws.s3',
    account: record.accountId,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: '1.08',
      userIdentity: { accountId: record.accountId, invokedBy: 's3.amazonaws.com' },
      eventTime: time,
      eventSource: 's3.amazonaws.com',
      eventName: record.from === null ? 'JobCreated' : 'JobStatusChanged',
      awsRegion: region,
      sourceIPAddress: 's3.amazonaws.com',
      userAgent: 's3.amazonaws.com',
      eventID: id,
      readOnly: false,
      eventType: 'AwsServiceEvent',
      managementEvent: true,
      recipientAccountId: record.accountId,
      serviceEventDetails: {
        jobId: record.jobId,
        jobArn: `arn:aws:s3:${region}:${record.accountId}:job/${record.jobId}`,
        status: record.to,
        jobEventId: record.jobEventId,
        failureCodes: record.failures.map((failure) => failure.code),
        statusChangeReason: reasonsOf(record.failures, record.reason),
      },
      s3batch: extras(record, job),
    },
  };
}

function reasonsOf(failures: readonly Failure[], reason: string | null): readonly string[] {
  if (failures.length > 0) return failures.map((failure) => failure.reason);
  return reason === null ? [] : [reason];
}

/** Ours alone. Counts are those of the moment it was sent; null once the job is forgotten. */
function extras(record: HistoryRecord, job: Job | undefined): object {
  const named = { operation: record.operation, previousStatus: record.from, by: record.by };
  if (job === undefined) return { ...named, description: null, counts: null, report: null };
  const { succeeded, failed } = totalsOf(job.lanes);
  return {
    ...named,
    description: job.request.description,
    counts: { total: job.total, succeeded, failed },
    report: reportLocation(job),
  };
}

function reportLocation(job: Job): string | null {
  const { report } = job.request;
  if (!report.enabled || job.reported?.result !== 'written') return null;
  const bucket = report.bucketArn.slice(report.bucketArn.lastIndexOf(':') + 1);
  return `s3://${bucket}/${job.reported.manifestKey}`;
}

/** The 32 digits in the grouping of a UUID, which is what EventBridge ids look like. */
function uuidOf(hex32: string): string {
  return [
    hex32.slice(0, 8),
    hex32.slice(8, 12),
    hex32.slice(12, 16),
    hex32.slice(16, 20),
    hex32.slice(20),
  ].join('-');
}
