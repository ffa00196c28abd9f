// Five of the calls over real TCP (tagging.test.ts has the others): what is asked, what is answered, and what the job then is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  accountId,
  type ControlFront,
  jobXml,
  openFront,
  otherAccount,
  roleArn,
} from '../../support/control-front.ts';
import { contentOf, type WireAnswer } from '../../support/signed-request.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const jobs = '/v20180820/jobs';

async function create(parts: Parameters<typeof jobXml>[0] = {}): Promise<string> {
  const answer = await front.call('POST', jobs, jobXml(parts));
  expect(answer.body).toContain('<CreateJobResult xmlns=');
  return contentOf(answer.body, 'JobId');
}

function refused(answer: WireAnswer, code: string, words: string): void {
  expect([answer.status >= 400, answer.code]).toEqual([true, code]);
  expect(answer.message).toContain(words);
}

/** Asks until the job shows the status; each answer is a fact of its own. */
async function untilStatus(id: string, status: string): Promise<string> {
  for (;;) {
    const { body } = await front.call('GET', `${jobs}/${id}`);
    if (contentOf(body, 'Status') === status) return body;
  }
}

async function suspended(): Promise<string> {
  const id = await create({ confirmation: '' });
  await untilStatus(id, 'Preparing');
  await front.say({ kind: 'measured', jobId: id, turn: 0, tasksEstimated: 5 });
  await front.say({ kind: 'prepared', jobId: id, turn: 0, total: 5 });
  await untilStatus(id, 'Suspended');
  return id;
}

test('a created job is described with every field that was given', async () => {
  const id = await create({
    confirmation: '<ConfirmationRequired>true</ConfirmationRequired>',
    report:
      '<Report><Bucket>arn:aws:s3:::reports</Bucket><Format>Report_CSV_20180820</Format>' +
      '<Enabled>true</Enabled><ReportScope>AllTasks</ReportScope></Report>',
    extra: '<Description>a &lt;b&gt; &amp; c</Description>',
  });
  const { status, body, headers } = await front.call('GET', `${jobs}/${id}`);
  expect(status).toBe(200);
  expect(headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
  expect(headers['x-amz-id-2']).toBeTruthy();
  expect(headers['content-type']).toBe('application/xml');
  for (const part of [
    `<JobId>${id}</JobId><ConfirmationRequired>true</ConfirmationRequired>`,
    '<Description>a &lt;b&gt; &amp; c</Description>',
    `<JobArn>arn:aws:s3:us-east-1:${accountId}:job/${id}</JobArn>`,
    '<Fields><member>Bucket</member><member>Key</member></Fields>',
    '<ObjectArn>arn:aws:s3:::manifests/m.csv</ObjectArn><ETag>&quot;e&quot;</ETag>',
    '<TagSet><member><Key>a</Key><Value>b</Value></member></TagSet>',
    '<ProgressSummary><TotalNumberOfTasks>0</TotalNumberOfTasks>',
    '<Timers><ElapsedTimeInActiveSeconds>0</ElapsedTimeInActiveSeconds></Timers>',
    '<FailureReasons/>',
    '<Enabled>true</Enabled><ReportScope>AllTasks</ReportScope>',
    `<RoleArn>${roleArn}</RoleArn>`,
  ]) {
    expect(body).toContain(part);
  }
  expect(contentOf(body, 'CreationTime')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('absent ConfirmationRequired means true: the job waits for a confirmation', async () => {
  const id = await suspended();
  const body = await untilStatus(id, 'Suspended');
  expect(body).toContain('<SuspendedCause>AWAITING_CONFIRMATION</SuspendedCause>');
  expect(contentOf(body, 'SuspendedDate')).toMatch(/Z$/);
  expect(contentOf(body, 'TotalNumberOfTasks')).toBe('5');

  const confirmed = await front.call('POST', `${jobs}/${id}/status?requestedJobStatus=Ready`);
  expect(confirmed.status).toBe(200);
  expect(confirmed.body).toContain(`<JobId>${id}</JobId>`);
  const again = await front.call('POST', `${jobs}/${id}/status?requestedJobStatus=Ready`);
  refused(again, 'JobStatusException', '');
  expect(again.status).toBe(400);
});

test('a cancelled job keeps its reason, plus and percent in it included', async () => {
  const id = await suspended();
  const query = 'requestedJobStatus=Cancelled&statusUpdateReason=1+1%20%26%20%3Cx%3E%25';
  const target = `${jobs}/${id}/status?${query}`;
  const answer = await front.call('POST', target);
  expect(contentOf(answer.body, 'StatusUpdateReason')).toBe('1+1 & <x>%');
  expect(['Cancelling', 'Cancelled']).toContain(contentOf(answer.body, 'Status'));
  const body = (await front.call('GET', `${jobs}/${id}`)).body;
  expect(contentOf(body, 'StatusUpdateReason')).toBe('1+1 & <x>%');
});

test('the priority of a job can be changed, within 0 and 2147483647', async () => {
  const id = await create();
  const answer = await front.call('POST', `${jobs}/${id}/priority?priority=98`);
  expect(answer.body).toContain(`<JobId>${id}</JobId><Priority>98</Priority>`);
  expect(contentOf((await front.call('GET', `${jobs}/${id}`)).body, 'Priority')).toBe('98');
  for (const wrong of ['-1', '2147483648', 'ten', '', '1.5', '0x10', '1e3']) {
    const answered = await front.call('POST', `${jobs}/${id}/priority?priority=${wrong}`);
    refused(answered, 'BadRequestException', 'priority');
  }
  refused(
    await front.call('POST', `${jobs}/${id}/priority?priority=1&priority=2`),
    'BadRequestException',
    'once',
  );
});

test('a token used again gives the same job, or a refusal if the request differs', async () => {
  const token = 'an/object/key.csv';
  const first = await create({ token });
  expect(await create({ token })).toBe(first);
  const other = await front.call(
    'POST',
    jobs,
    jobXml({ token, priority: '<Priority>0</Priority>' }),
  );
  refused(other, 'IdempotencyException', '');
});

test('jobs of another account are neither found nor listed', async () => {
  const id = await create();
  for (const [method, target] of [
    ['GET', `${jobs}/${id}`],
    ['POST', `${jobs}/${id}/priority?priority=1`],
    ['POST', `${jobs}/${id}/status?requestedJobStatus=Cancelled`],
  ] as const) {
    refused(await front.call(method, target, '', otherAccount), 'NotFoundException', '');
  }
  const list = await front.call('GET', jobs, '', otherAccount);
  expect(list.body).toContain('<Jobs/>');
});

test('jobs are listed newest first, in pages whose tokens belong to their list', async () => {
  await using own = await openFront();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const answer = await own.call('POST', jobs, jobXml());
    ids.push(contentOf(answer.body, 'JobId'));
  }
  const seen: string[] = [];
  let token = '';
  do {
    const query = token === '' ? '' : `&nextToken=${encodeURIComponent(token)}`;
    const { body } = await own.call('GET', `${jobs}?maxResults=2${query}`);
    seen.push(...Array.from(body.matchAll(/<JobId>([^<]+)/g), (found) => found[1] ?? ''));
    token = contentOf(body, 'NextToken');
    expect(body).toContain('<Operation>S3PutObjectTagging</Operation>');
  } while (token !== '');
  expect(seen.toSorted()).toEqual(ids.toSorted());

  const { body } = await own.call('GET', `${jobs}?maxResults=2`);
  token = encodeURIComponent(contentOf(body, 'NextToken'));
  for (const target of [
    `${jobs}?nextToken=abc%3D%3D`,
    `${jobs}?nextToken=`,
    `${jobs}?nextToken=${token}&jobStatuses=Active`,
    `${jobs}?nextToken=${token.slice(0, -6)}`,
  ]) {
    refused(await own.call('GET', target), 'InvalidNextTokenException', '');
  }
  const foreign = await own.call('GET', `${jobs}?nextToken=${token}`, '', otherAccount);
  refused(foreign, 'InvalidNextTokenException', '');
  const none = await own.call('GET', `${jobs}?jobStatuses=Complete&jobStatuses=Failed`);
  expect(none.body).toContain('<Jobs/>');
  const some = await own.call('GET', `${jobs}?jobStatuses=New&jobStatuses=Preparing`);
  expect(some.body.match(/<member>/g)?.length).toBeGreaterThan(0);
  expect((await own.call('GET', `${jobs}?maxResults=0`)).body.match(/<member>/g)?.length).toBe(5);
});

test('a parameter of ListJobs that is malformed is an InvalidRequestException', async () => {
  for (const query of [
    'maxResults=1001',
    'maxResults=-1',
    'maxResults=x',
    'jobStatuses=Sleeping',
  ]) {
    refused(await front.call('GET', `${jobs}?${query}`), 'InvalidRequestException', '');
  }
});

test('unknown jobs, malformed ids, paths and methods are told apart', async () => {
  const unknown = '/v20180820/jobs/00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c';
  const missing = await front.call('GET', unknown);
  refused(missing, 'NotFoundException', 'does not exist');
  expect(missing.status).toBe(400);
  refused(await front.call('GET', `${jobs}/a%2Fb`), 'BadRequestException', 'JobId');
  refused(await front.call('GET', `${jobs}/abcd`), 'BadRequestException', 'JobId');
  refused(await front.call('GET', '/v20180820/bucket/x'), 'InvalidURI', '');
  const method = await front.call('DELETE', unknown);
  refused(method, 'MethodNotAllowed', 'GET');
  expect(method.status).toBe(405);
  const wrong = `${unknown}/status?requestedJobStatus=Paused`;
  refused(await front.call('POST', wrong), 'BadRequestException', 'Cancelled, Ready');
});
