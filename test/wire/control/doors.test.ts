// The other faces of control's listener: SNS topics, S3 events, health, readiness, metrics, and the
// page that says what this is. The services behind the doors are small objects written here.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventDoor, TopicService } from '../../../services/core/notify.ts';
import { type ControlFront, jobXml, openFront } from '../../support/control-front.ts';
import { sendRaw } from '../../support/signed-request.ts';

const token = 'a-token-of-enough-characters';
const posted: string[] = [];
const called: string[] = [];

const events: EventDoor = {
  accept(body) {
    posted.push(body);
    if (body === 'busy') return { kind: 'busy', message: 'later' };
    if (body === 'bad') return { kind: 'refused', message: 'no JSON' };
    return { kind: 'accepted', noticed: 1, ignored: 2 };
  },
};
const topics: TopicService = {
  handle(action, parameters, caller) {
    const prototype = Object.getPrototypeOf(parameters) === null ? 'null' : 'some';
    called.push(`${action} ${JSON.stringify(parameters)} ${caller.accountId} ${prototype}`);
    return Promise.resolve({ status: 200, contentType: 'text/xml', body: '<Done/>' });
  },
  get(path, query) {
    if (path !== '/certificate.pem' && query['Action'] !== 'Unsubscribe') {
      return Promise.resolve(undefined);
    }
    return Promise.resolve({ status: 200, contentType: 'text/plain', body: `${path} for all` });
  },
};

let front: ControlFront;
beforeAll(async () => {
  front = await openFront({ topics, events: { door: events, token } });
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const sns = { service: 'sns', headers: { ...form, 'x-amz-account-id': null } };

function plain(
  method: string,
  target: string,
  headers: readonly [string, string][] = [],
  body = '',
) {
  const bytes = new TextEncoder().encode(body);
  return sendRaw(front.port, method, target, [['host', 'x'], ...headers], bytes);
}

test('a signed form reaches the topics, decoded, with its caller', async () => {
  const body = 'Action=Publish&Message=a+b%20c%2B&__proto__=x&Message=second';
  const answer = await front.call('POST', '/', body, sns);
  expect([answer.status, answer.body]).toEqual([200, '<Done/>']);
  expect(answer.headers['x-amz-request-id']).toBeTruthy();
  expect(called.at(-1)).toBe('Publish {"Message":"a b c+","__proto__":"x"} 123456789012 null');
});

test('the SNS clients may leave out x-amz-content-sha256', async () => {
  const headers = { ...sns.headers, 'x-amz-content-sha256': null };
  const answer = await front.call('POST', '/', 'Action=ListTopics', { ...sns, headers });
  expect(answer.status).toBe(200);
});

test.each([
  [
    'unsigned',
    { ...sns, spoil: () => 'Basic x' },
    'Action=Publish',
    'AuthorizationHeaderMalformed',
  ],
  ['signed for s3', { ...sns, service: 's3' }, 'Action=Publish', 'AuthorizationHeaderMalformed'],
  ['wrong secret', { ...sns, secretAccessKey: 'x' }, 'Action=Publish', 'SignatureDoesNotMatch'],
  ['no action', sns, 'Message=x', 'BadRequestException'],
  ['bad escape', sns, 'Action=%zz', 'BadRequestException'],
  ['no form', { ...sns, headers: { 'content-type': 'text/xml' } }, '<a/>', 'BadRequestException'],
] as const)('a call of SNS is refused: %s', async (_what, options, body, code) => {
  const before = called.length;
  const answer = await front.call('POST', '/', body, options);
  expect(answer.code).toBe(code);
  expect(answer.body).toContain('http://sns.amazonaws.com/doc/2010-03-31/');
  expect(called.length).toBe(before);
});

test('the links that messages carry need no signature', async () => {
  expect((await plain('GET', '/certificate.pem')).body).toBe('/certificate.pem for all');
  expect((await plain('GET', '/?Action=Unsubscribe&Token=x')).body).toBe('/ for all');
});

test('S3 events are taken with a signature, a bearer token or x-s3batch-token', async () => {
  const signed = await front.call('POST', '/events', '{"Records":[]}', {
    headers: { 'x-amz-account-id': null },
  });
  const bearer = await plain('POST', '/events', [['authorization', `Bearer ${token}`]], '{}');
  const header = await plain('POST', '/events', [['x-s3batch-token', token]], '{"a":1}');
  for (const answer of [signed, bearer, header]) {
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { accepted: 1, ignored: 2 }]);
  }
  expect(posted).toEqual(['{"Records":[]}', '{}', '{"a":1}']);
});

test('S3 events that may not or cannot be taken are refused in JSON', async () => {
  const before = posted.length;
  const answers = await Promise.all([
    plain('POST', '/events', [['authorization', 'Bearer wrong']], '{}'),
    plain('POST', '/events', [['x-s3batch-token', `${token}x`]], '{}'),
    plain('POST', '/events', [], '{}'),
    plain('POST', '/events', [['x-s3batch-token', token]], 'busy'),
    plain('POST', '/events', [['x-s3batch-token', token]], 'bad'),
  ]);
  expect(answers.map(({ status, body }) => [status, JSON.parse(body).code])).toEqual([
    [403, 'AccessDenied'],
    [403, 'AccessDenied'],
    [403, 'MissingAuthenticationToken'],
    [503, 'SlowDown'],
    [400, 'BadRequestException'],
  ]);
  expect(posted.length).toBe(before + 2);
});

test('without a configured token every token is refused', async () => {
  await using own = await openFront({ events: { door: events, token: null } });
  const headers = [
    ['host', 'x'],
    ['x-s3batch-token', ''],
  ] as const;
  const answer = await sendRaw(own.port, 'POST', '/events', headers, new Uint8Array());
  expect(answer.status).toBe(403);
});

test('the pages for people and probes answer without a signature', async () => {
  expect(await plain('GET', '/healthz')).toMatchObject({ status: 200, body: 'alive\n' });
  expect(await plain('GET', '/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
  expect(JSON.parse((await plain('GET', '/')).body).service).toBe('s3batch');
  expect(await plain('GET', '/nothing')).toMatchObject({ status: 400, code: 'InvalidURI' });
  const certificate = await openFront();
  const headers = [['host', 'x']] as const;
  const none = new Uint8Array();
  const missing = await sendRaw(certificate.port, 'GET', '/certificate.pem', headers, none);
  expect(missing.code).toBe('InvalidURI');
  await certificate[Symbol.asyncDispose]();
});

test('a method that we do not know is refused like any other request', async () => {
  const answer = await plain('PROPFIND', '/v20180820/jobs');
  expect([answer.status, answer.code]).toEqual([403, 'MissingAuthenticationToken']);
  expect(answer.headers['x-amz-request-id']).toBeTruthy();
  expect((await plain('HEAD', '/healthz')).headers['x-amz-request-id']).toBeTruthy();
});

test('readyz says no while the view of the jobs does not catch up', async () => {
  const { desk } = front;
  const waits = (signal: AbortSignal): Promise<undefined> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  await using slow = await openFront({
    desk: { ...desk, find: (_account, _id, signal) => waits(signal) },
  });
  const headers = [['host', 'x']] as const;
  const answer = await sendRaw(slow.port, 'GET', '/readyz', headers, new Uint8Array());
  expect([answer.status, answer.body]).toEqual([503, expect.stringContaining('not ready')]);
});

test('a failure behind the front is a 500 with a request id that the log has', async () => {
  const broken = (): never => {
    throw new Error('disk on fire');
  };
  await using own = await openFront({ desk: { ask: broken, find: broken, list: broken } });
  const answer = await own.call('GET', '/v20180820/jobs');
  expect([answer.status, answer.code]).toEqual([500, 'InternalServiceException']);
  expect(answer.body).not.toContain('fire');
  const id = answer.headers['x-amz-request-id'];
  expect(own.lines.some((line) => line.includes(String(id)) && line.includes('fire'))).toBe(true);
});

test('metrics count jobs by status', async () => {
  await front.call('POST', '/v20180820/jobs', jobXml());
  const { body, headers } = await plain('GET', '/metrics');
  expect(headers['content-type']).toContain('text/plain');
  expect(body).toMatch(/s3batch_jobs\{status="(New|Preparing)"\} 1/);
  for (const name of ['tasks_total', 'task_retries_total', 'tasks_per_second', 'tasks_lag']) {
    expect(body).toContain(`s3batch_${name}`);
  }
});
