// The real clients, unchanged: the AWS CLI through HTTP_PROXY and boto3 through its proxies
// setting, from CreateJob to a cancelled job. Absent: skipped loudly; with CI=true a failure.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, hasBoto3, hasCli, python } from '../../support/clients.ts';
import {
  accessKeyId,
  accountId,
  type ControlFront,
  openFront,
  roleArn,
  secretAccessKey,
} from '../../support/control-front.ts';

const run = promisify(execFile);
let front: ControlFront;
let home: string;
beforeAll(async () => {
  front = await openFront();
  home = mkdtempSync(join(tmpdir(), 's3batch-clients-'));
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await front[Symbol.asyncDispose]();
});

function environment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
    HTTP_PROXY: `http://127.0.0.1:${front.port}`,
    http_proxy: `http://127.0.0.1:${front.port}`,
  };
}

const endpoint = 'http://s3control.demo:8340';
const request = {
  Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'k ü', Value: '' }] } },
  Report: {
    Enabled: true,
    Bucket: 'arn:aws:s3:::reports',
    Format: 'Report_CSV_20180820',
    ReportScope: 'AllTasks',
  },
  Manifest: {
    Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
    Location: { ObjectArn: 'arn:aws:s3:::manifests/m.csv', ETag: '"quoted"' },
  },
};

async function cli(
  call: string,
  options: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<unknown> {
  const all = { ...options, 'account-id': accountId, 'endpoint-url': endpoint };
  const named = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const { stdout } = await run(awsCli, ['s3control', call, ...named, ...flags], {
    env: environment(),
  });
  return stdout === '' ? {} : JSON.parse(stdout);
}

test.skipIf(!hasCli)(
  'the AWS CLI creates, lists, describes, changes and cancels a job',
  async () => {
    const created = await cli(
      'create-job',
      {
        operation: JSON.stringify(request.Operation),
        report: JSON.stringify(request.Report),
        manifest: JSON.stringify(request.Manifest),
        priority: '10',
        'role-arn': roleArn,
      },
      '--no-confirmation-required',
    );
    expect(created).toMatchObject({ JobId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const { JobId: id } = Object(created);
    const listed = await cli('list-jobs', {}, '--job-statuses', 'New', 'Preparing');
    expect(listed).toMatchObject({ Jobs: [{ JobId: id, Operation: 'S3PutObjectTagging' }] });
    await cli('update-job-priority', { 'job-id': id, priority: '0' });
    expect(await cli('describe-job', { 'job-id': id })).toMatchObject({
      Job: { JobId: id, Priority: 0, ConfirmationRequired: false, FailureReasons: [], ...request },
    });
    const first = [{ Key: 'a', Value: 'b' }];
    await cli('put-job-tagging', { 'job-id': id, tags: JSON.stringify(first) });
    expect(await cli('get-job-tagging', { 'job-id': id })).toEqual({ Tags: first });
    await cli('delete-job-tagging', { 'job-id': id });
    expect(await cli('get-job-tagging', { 'job-id': id })).toEqual({ Tags: [] });
    const reason = 'No longer needed & more';
    const cancelled = await cli('update-job-status', {
      'job-id': id,
      'requested-job-status': 'Cancelled',
      'status-update-reason': reason,
    });
    expect(cancelled).toMatchObject({ JobId: id, StatusUpdateReason: reason });
    const missing = cli('describe-job', { 'job-id': 'no-such-job' });
    await expect(missing).rejects.toThrow('NotFoundException');
  },
);

const script = `
import boto3, json, sys
from botocore.config import Config
endpoint, proxy, account, role, request = sys.argv[1:6]
client = boto3.client('s3control', endpoint_url=endpoint,
                      config=Config(proxies={'http': proxy}, retries={'total_max_attempts': 1}))
request = json.loads(request)
job = client.create_job(AccountId=account, Priority=7, RoleArn=role,
                        Description='<&>', ConfirmationRequired=False,
                        Tags=[{'Key': 'a', 'Value': 'b'}], **request)['JobId']
described = client.describe_job(AccountId=account, JobId=job)['Job']
assert described['Description'] == '<&>', described
for name, value in request.items():
    assert described[name] == value, described
assert described['FailureReasons'] == [], described
assert described['CreationTime'].tzinfo is not None
assert job in [entry['JobId'] for entry in client.list_jobs(AccountId=account)['Jobs']]
assert client.list_jobs(AccountId=account, JobStatuses=['Complete'])['Jobs'] == []
assert client.get_job_tagging(AccountId=account, JobId=job)['Tags'] == [{'Key': 'a', 'Value': 'b'}]
tags = [{'Key': 'c', 'Value': ''}, {'Key': 'A', 'Value': 'B'}]
client.put_job_tagging(AccountId=account, JobId=job, Tags=tags)
assert client.get_job_tagging(AccountId=account, JobId=job)['Tags'] == tags
try:
    many = [{'Key': str(i), 'Value': ''} for i in range(51)]
    client.put_job_tagging(AccountId=account, JobId=job, Tags=many)
    raise AssertionError('too many')
except client.exceptions.TooManyTagsException:
    pass
client.delete_job_tagging(AccountId=account, JobId=job)
assert client.get_job_tagging(AccountId=account, JobId=job)['Tags'] == []
client.update_job_priority(AccountId=account, JobId=job, Priority=3)
client.update_job_status(AccountId=account, JobId=job, RequestedJobStatus='Cancelled')
try:
    client.describe_job(AccountId=account, JobId='no-such-job')
except client.exceptions.NotFoundException as error:
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 400
    assert error.response['ResponseMetadata']['RequestId']
else:
    raise AssertionError('found')
try:
    client.update_job_status(AccountId=account, JobId=job, RequestedJobStatus='Ready')
except client.exceptions.JobStatusException:
    print('done')
`;

test.skipIf(!hasBoto3)('boto3 does the same and gets typed exceptions', async () => {
  const proxy = `http://127.0.0.1:${front.port}`;
  const given = [endpoint, proxy, accountId, roleArn, JSON.stringify(request)];
  const { stdout } = await run(python, ['-c', script, ...given], { env: environment() });
  expect(stdout.trim()).toBe('done');
});
