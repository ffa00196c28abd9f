// Who may call: everything about a signature that can be wrong, one request each, over real TCP.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keysOf } from '../../../services/control/auth/keys.ts';
import { verifySignature } from '../../../services/control/auth/verify-signature.ts';
import {
  accountId,
  type ControlFront,
  openFront,
  otherAccount,
  otherAccountId,
} from '../../support/control-front.ts';
import { type SignOptions, sendRaw, signHeaders } from '../../support/signed-request.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const jobs = '/v20180820/jobs';
const minuteMs = 60_000;

interface Case {
  readonly what: string;
  readonly options: Partial<SignOptions>;
  readonly status: number;
  readonly code: string;
  readonly words?: string;
  readonly target?: string;
  readonly body?: string;
}

const cases: readonly Case[] = [
  {
    what: 'a wrong secret',
    options: { secretAccessKey: 'not-the-secret' },
    status: 403,
    code: 'SignatureDoesNotMatch',
  },
  {
    what: 'an unknown key',
    options: { accessKeyId: 'AKIDNOBODY' },
    status: 403,
    code: 'InvalidAccessKeyId',
  },
  {
    what: 'a key of another account',
    options: { accountId: otherAccountId },
    status: 403,
    code: 'AccessDenied',
  },
  {
    what: 'a host that names another account',
    options: { host: `${otherAccountId}.s3control.demo:8340` },
    status: 403,
    code: 'AccessDenied',
    words: 'host',
  },
  {
    what: 'no x-amz-account-id',
    options: { headers: { 'x-amz-account-id': null } },
    status: 400,
    code: 'BadRequestException',
    words: 'x-amz-account-id',
  },
  {
    what: 'a signature made 16 minutes ago',
    options: { nowMs: Date.now() - 16 * minuteMs },
    status: 403,
    code: 'RequestTimeTooSkewed',
  },
  {
    what: 'a signature made in 16 minutes',
    options: { nowMs: Date.now() + 16 * minuteMs },
    status: 403,
    code: 'RequestTimeTooSkewed',
  },
  {
    what: 'another region',
    options: { region: 'eu-west-1' },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    words: "expecting 'us-east-1'",
  },
  {
    what: 'another service',
    options: { service: 's3control' },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    words: "expecting 's3'",
  },
  {
    what: 'the hash of another body',
    options: { payloadHash: 'a'.repeat(64) },
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
  },
  {
    what: 'UNSIGNED-PAYLOAD',
    options: { payloadHash: 'UNSIGNED-PAYLOAD' },
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
    words: 'UNSIGNED-PAYLOAD',
  },
  {
    what: 'a streaming payload',
    options: { payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
  },
  {
    what: 'no x-amz-content-sha256',
    options: { headers: { 'x-amz-content-sha256': null } },
    status: 400,
    code: 'MissingSecurityHeader',
  },
  {
    what: 'no x-amz-date',
    options: { headers: { 'x-amz-date': null } },
    status: 400,
    code: 'MissingSecurityHeader',
  },
  {
    what: 'an x-amz- header that is not signed',
    options: { unsigned: [['x-amz-security-token', 'x']] },
    status: 403,
    code: 'AccessDenied',
    words: 'x-amz-security-token',
  },
  {
    what: 'an x-amz- header given twice',
    options: { unsigned: [['X-Amz-Account-Id', otherAccountId]] },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    words: 'twice',
  },
  {
    what: 'a signed header given twice',
    options: { headers: { 'user-agent': 'a' }, unsigned: [['User-Agent', 'b']] },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    words: 'twice',
  },
  {
    what: 'a host that is not signed',
    options: { spoil: (text) => text.replace('SignedHeaders=host;', 'SignedHeaders=') },
    status: 403,
    code: 'AccessDenied',
    words: 'host',
  },
  {
    what: 'signed headers out of order',
    options: { spoil: (text) => text.replace('host;x-amz-account-id', 'x-amz-account-id;host') },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'signed headers that were not sent',
    options: { spoil: (text) => text.replace('host;', 'expires;host;') },
    status: 400,
    code: 'MissingSecurityHeader',
    words: 'expires',
  },
  {
    what: 'the date of another day',
    options: { spoil: (text) => text.replace(/\/\d{8}\//, '/20200101/') },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'a signature too short',
    options: { spoil: (text) => text.slice(0, -1) },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'an upper-case signature',
    options: { spoil: (text) => text.replace(/=[0-9a-f]{64}$/, (found) => found.toUpperCase()) },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'two credentials',
    options: { spoil: (text) => text.replace('Credential=', 'Credential=a/b, Credential=') },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'another algorithm',
    options: { spoil: () => 'AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=' },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'basic authentication',
    options: { spoil: () => 'Basic dTpw' },
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'a presigned request',
    options: {},
    target: `${jobs}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${'0'.repeat(64)}`,
    status: 400,
    code: 'AuthorizationQueryParametersError',
  },
  {
    what: 'a query that is not percent-encoded UTF-8',
    options: {},
    target: `${jobs}?nextToken=%ff`,
    status: 400,
    code: 'InvalidURI',
  },
];

test.each(cases)('$what is refused with $code', async (wanted) => {
  const { target = jobs, options } = wanted;
  const answer = await front.call('GET', target, wanted.body ?? '', options);
  expect([answer.status, answer.code]).toEqual([wanted.status, wanted.code]);
  expect(answer.message).toContain(wanted.words ?? '');
  expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
  expect(answer.headers['x-amz-id-2']).toBeTruthy();
});

test('a request without a signature is refused', async () => {
  const headers = [['host', 'x']] as const;
  const answer = await sendRaw(front.port, 'GET', jobs, headers, new Uint8Array());
  expect([answer.status, answer.code]).toEqual([403, 'MissingAuthenticationToken']);
});

test.each([
  ['the path', (target: string) => `${target}/00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c`],
  ['the query', (target: string) => `${target}?maxResults=1`],
])('a signature does not carry over to another %s', async (_what, change) => {
  const headers = signHeaders('GET', jobs, new Uint8Array(), {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    accountId,
    region: 'us-east-1',
    service: 's3',
    nowMs: Date.now(),
    host: 'x',
  });
  const none = new Uint8Array();
  expect((await sendRaw(front.port, 'GET', jobs, headers, none)).status).toBe(200);
  expect((await sendRaw(front.port, 'GET', change(jobs), headers, none)).code).toBe(
    'SignatureDoesNotMatch',
  );
  expect((await sendRaw(front.port, 'POST', jobs, headers, none)).code).toBe(
    'SignatureDoesNotMatch',
  );
});

test('a signature is good within 15 minutes, for either account, with more headers', async () => {
  for (const options of [
    { nowMs: Date.now() - 14 * minuteMs },
    { nowMs: Date.now() + 14 * minuteMs },
    otherAccount,
    { host: `${accountId}.s3control.demo:8340` },
    { host: `${accountId}.127.0.0.1:8340` },
    { headers: { 'amz-sdk-request': 'attempt=1;  max=3 ', 'content-type': 'application/xml' } },
  ] satisfies readonly Partial<SignOptions>[]) {
    expect((await front.call('GET', jobs, '', options)).status).toBe(200);
  }
});

test('targets in absolute form are taken, if their host is the one that is signed', async () => {
  const host = `${accountId}.s3control.demo:8340`;
  const target = `${jobs}?maxResults=3&jobStatuses=Active&jobStatuses=Complete`;
  const headers = signHeaders('GET', target, new Uint8Array(), {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    accountId,
    region: 'us-east-1',
    service: 's3',
    nowMs: Date.now(),
    host,
  });
  const none = new Uint8Array();
  const absolute = await sendRaw(front.port, 'GET', `http://${host}${target}`, headers, none);
  expect(absolute.status).toBe(200);
  const other = await sendRaw(front.port, 'GET', `http://elsewhere${target}`, headers, none);
  expect([other.status, other.code]).toEqual([400, 'InvalidURI']);
});

test('a hostile Authorization header of 32 KiB costs no more time than a good one', () => {
  const hostile = [
    `AWS4-HMAC-SHA256${' '.repeat(20_000)}${'y'.repeat(12_000)}`,
    `AWS4-HMAC-SHA256 a=${' '.repeat(32_000)}x`,
    `AWS4-HMAC-SHA256 ${'a=b,'.repeat(8_000)}`,
    `AWS4-HMAC-SHA256 ${'='.repeat(32_000)}`,
    `AWS4-HMAC-SHA256 SignedHeaders=${'a;'.repeat(16_000)}`,
  ];
  const keys = keysOf(new Map());
  const startMs = performance.now();
  for (const written of hostile) {
    const headers = [{ name: 'authorization', value: written }];
    const body = new Uint8Array();
    const request = { method: 'GET', path: jobs, query: '', parameters: [], headers, body };
    const expected = { service: 's3', region: 'us-east-1', nowMs: 0, keys } as const;
    expect(verifySignature(request, expected)).toMatchObject({
      refusal: { code: 'AuthorizationHeaderMalformed' },
    });
  }
  // It was 400 ms for the first one alone.
  expect(performance.now() - startMs).toBeLessThan(200);
});

test('a body in chunks is refused: its length is not declared', async () => {
  const answer = await front.call('POST', jobs, '<a/>', {
    unsigned: [['transfer-encoding', 'chunked']],
  });
  expect([answer.status, answer.code]).toEqual([411, 'MissingContentLength']);
});

test('a body beyond 1 MiB is refused before it is read', async () => {
  const answer = await front.call('POST', jobs, new Uint8Array(1024 * 1024 + 1));
  expect([answer.status, answer.code]).toEqual([400, 'EntityTooLarge']);
  expect(answer.headers['x-amz-request-id']).toBeTruthy();
});

test('bytes that are no HTTP are answered 400, and the connection ends', async () => {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(front.port, '127.0.0.1', () => socket.write('NOT HTTP\r\n\r\n'));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('end', () => {
      socket.destroy();
      resolve(received);
    });
    socket.on('error', reject);
  });
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toMatch(/x-amz-request-id: [0-9A-F]{16}/);
});

test('neither secrets nor queries nor bodies are ever logged', async () => {
  await front.call('GET', `${jobs}?nextToken=hidden-token`, '', {
    secretAccessKey: 'hidden-secret',
  });
  await front.call('POST', jobs, '<hidden-body/>');
  const logged = front.lines.join('');
  expect(logged).toContain('"path":"/v20180820/jobs"');
  expect(logged).not.toMatch(/hidden|Credential|Signature=/);
});
