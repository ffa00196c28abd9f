import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Step } from '../../../services/core/decide.ts';
import type { HistoryRecord } from '../../../services/core/fact.ts';
import type { Job } from '../../../services/core/job.ts';
import { historyRecord, jobEventId, notificationOf } from '../../../services/core/job-event.ts';
import { sampleAccount, sampleJob, sampleLane, sampleRequest } from '../../support/job-samples.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const atMs = Date.UTC(2026, 0, 24, 15, 26, 42, 987);

function recordOf(step: Step): HistoryRecord {
  return historyRecord(step, atMs, hash);
}

const completed: Step = {
  fact: { name: 'ReportWritten' },
  from: 'Completing',
  job: sampleJob({ id: 'e849b567-5232-44be-9a0c-40988f14e80c', status: 'Complete', version: 7 }),
};

test('an event id is 32 hex digits, the same on every replay, another for each version', () => {
  const id = jobEventId(hash, 'job-1', 3);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(jobEventId(hash, 'job-1', 3)).toBe(id);
  expect(jobEventId(hash, 'job-1', 4)).not.toBe(id);
  expect(jobEventId(hash, 'job-13', 3)).not.toBe(jobEventId(hash, 'job-1', 33));
});

test('history tells who did it: the one who asked, the rule, or the service itself', () => {
  const job = sampleJob();
  const created = { fact: { name: 'Created' }, from: null, job } as const;
  expect(recordOf(created).by).toBe('AKIAEXAMPLE');
  const origin = { kind: 'rule', rule: 'nightly', delivery: 's3://in/x/manifest.json' } as const;
  const dropped = { ...created, job: sampleJob({ request: sampleRequest({ origin }) }) };
  expect(recordOf(dropped).by).toBe('rule nightly');
  const cancelled = { name: 'CancelRequested', by: 'me', reason: 'wrong list' } as const;
  expect(recordOf({ fact: cancelled, from: 'Active', job })).toMatchObject({
    by: 'me',
    reason: 'wrong list',
    from: 'Active',
    to: 'New',
    operation: 'S3PutObjectTagging',
    atMs,
  });
  expect(recordOf(completed)).toMatchObject({ by: 's3batch', reason: null });
  const failure = { code: 'Broken', reason: 'It broke.' };
  const failed: Step = { fact: { name: 'FailureDetected', failure }, from: 'Active', job };
  expect(recordOf(failed).reason).toBe('It broke.');
});

/** Read off events that AWS delivered in 2020 and 2026. */
const realMembers = [
  '/version',
  '/id',
  '/detail-type',
  '/source',
  '/account',
  '/time',
  '/region',
  '/resources',
  '/detail/eventVersion',
  '/detail/userIdentity/accountId',
  '/detail/userIdentity/invokedBy',
  '/detail/eventTime',
  '/detail/eventSource',
  '/detail/eventName',
  '/detail/awsRegion',
  '/detail/sourceIPAddress',
  '/detail/userAgent',
  '/detail/eventID',
  '/detail/readOnly',
  '/detail/eventType',
  '/detail/managementEvent',
  '/detail/recipientAccountId',
  '/detail/serviceEventDetails/jobId',
  '/detail/serviceEventDetails/jobArn',
  '/detail/serviceEventDetails/status',
  '/detail/serviceEventDetails/jobEventId',
  '/detail/serviceEventDetails/failureCodes',
  '/detail/serviceEventDetails/statusChangeReason',
];

/** The names of all members, nested ones with their path. */
function memberPaths(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, inner]) => memberPaths(inner, `${path}/${name}`));
}

test('the notification has every member of a real event, and ours in one object', () => {
  const sent = notificationOf(recordOf(completed), completed.job, 'us-east-1');
  const ours: unknown = JSON.parse(sent?.message ?? '');
  const paths = memberPaths(ours).filter((path) => !path.startsWith('/detail/s3batch'));
  expect(paths.toSorted()).toEqual(realMembers.toSorted());
  expect(ours).toMatchObject({
    version: '0',
    'detail-type': 'AWS Service Event via CloudTrail',
    source: 'aws.s3',
    account: sampleAccount,
    time: '2026-01-24T15:26:42Z',
    detail: {
      eventName: 'JobStatusChanged',
      serviceEventDetails: {
        jobId: completed.job.id,
        jobArn: `arn:aws:s3:us-east-1:${sampleAccount}:job/${completed.job.id}`,
        status: 'Complete',
        jobEventId: recordOf(completed).jobEventId,
        failureCodes: [],
        statusChangeReason: [],
      },
    },
  });
});

function serviceOf(job: Job, step: Step): { serviceEventDetails: object; s3batch: object } {
  const sent = notificationOf(recordOf(step), job, 'us-east-1');
  return JSON.parse(sent?.message ?? '').detail;
}

test('counts and the report’s place are ours to add, where there are any', () => {
  const counted = {
    ...completed.job,
    total: 5,
    lanes: [sampleLane({ succeeded: 3, failed: 2 })],
    reported: {
      result: 'written',
      manifestKey: 'job-x/manifest.json',
      succeeded: 3,
      failed: 2,
      reason: '',
    },
  } as const;
  expect(serviceOf(counted, { ...completed, job: counted }).s3batch).toEqual({
    operation: 'S3PutObjectTagging',
    previousStatus: 'Completing',
    by: 's3batch',
    description: 'tag the photographs',
    counts: { total: 5, succeeded: 3, failed: 2 },
    report: 's3://reports/job-x/manifest.json',
  });
  const none = { ...counted, request: sampleRequest({ report: { enabled: false } }) };
  expect(serviceOf(none, completed).s3batch).toMatchObject({ report: null });
  expect(serviceOf(completed.job, completed).s3batch).toMatchObject({ report: null });
  const forgotten = notificationOf(recordOf(completed), undefined, 'us-east-1');
  expect(JSON.parse(forgotten?.message ?? '').detail.s3batch).toMatchObject({ counts: null });
});

test('failure codes and reasons, or the reason a user gave, stand where AWS puts them', () => {
  const failures = [{ code: 'InvalidManifestContent', reason: 'Row 3 has 1 column.' }];
  const job = sampleJob({ status: 'Failing', failures });
  const [failure] = failures;
  if (failure === undefined) throw new Error('no failure');
  const step: Step = { fact: { name: 'FailureDetected', failure }, from: 'Preparing', job };
  expect(serviceOf(job, step).serviceEventDetails).toMatchObject({
    failureCodes: ['InvalidManifestContent'],
    statusChangeReason: ['Row 3 has 1 column.'],
  });
  const cancelled = sampleJob({ status: 'Cancelling' });
  const fact = { name: 'CancelRequested', by: 'me', reason: 'wrong list' } as const;
  const cancel = serviceOf(cancelled, { fact, from: 'Active', job: cancelled });
  expect(cancel.serviceEventDetails).toMatchObject({ statusChangeReason: ['wrong list'] });
});

test('a new job is announced as created; what leaves the status is not announced', () => {
  const created = { fact: { name: 'Created' }, from: null, job: sampleJob() } as const;
  const sent = notificationOf(recordOf(created), created.job, 'us-east-1');
  expect(JSON.parse(sent?.message ?? '').detail.eventName).toBe('JobCreated');
  const held: Step = { fact: { name: 'Held', by: 'me' }, from: 'New', job: sampleJob() };
  expect(notificationOf(recordOf(held), held.job, 'us-east-1')).toBeNull();
});

test('subscribers can filter by status, job and operation without reading the message', () => {
  const sent = notificationOf(recordOf(completed), completed.job, 'us-east-1');
  expect(sent?.attributes).toEqual([
    { name: 'status', value: 'Complete' },
    { name: 'jobId', value: completed.job.id },
    { name: 'operation', value: 'S3PutObjectTagging' },
  ]);
  expect(sent?.subject.length).toBeLessThanOrEqual(100);
});
