// What the adapter makes of servers that say no, lie, stall or go away. Each test scripts a server.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../services/adapters/process/clock.ts';
import { openRoles } from '../../../services/adapters/s3/roles.ts';
import type { Clock } from '../../../services/core/clock.ts';
import type { CallAnswer, RoleStorage } from '../../../services/core/storage.ts';
import { createBucket } from '../../../services/sandbox/bucket.ts';
import { openSandbox } from '../../../services/sandbox/open-sandbox.ts';

const never = new AbortController().signal;
const secretAccessKey = 'a-secret-that-must-not-appear';
const copy = {
  command: 'CopyObject',
  input: { Bucket: 'bucket', Key: 'k', CopySource: 'bucket/source' },
} as const;
const address = { bucket: 'bucket', key: 'k', versionId: null };

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function storageAt(endpoint: string, clock: Clock = systemClock): RoleStorage {
  const roles = openRoles({
    clock,
    limits: { connectMsMax: 2000 },
    profiles: [
      {
        pattern: '*',
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'key', secretAccessKey, sessionToken: null },
        forcePathStyle: true,
        subresourcesSafe: true,
      },
    ],
  });
  closers.push(() => roles.close());
  const storage = roles.resolve('arn:aws:iam::1:role/x');
  if (storage === undefined) throw new Error('the role does not resolve');
  return storage;
}

async function scripted(
  script: (request: IncomingMessage, response: ServerResponse) => void,
  clock: Clock = systemClock,
): Promise<RoleStorage> {
  const server = createServer((request, response) => {
    request.resume();
    script(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const where = server.address();
  const { port }: Pick<AddressInfo, 'port'> =
    typeof where === 'object' && where !== null ? where : { port: 0 };
  return storageAt(`http://127.0.0.1:${port}`, clock);
}

function errorDocument(code: string, message: string, more = ''): string {
  const inside = `<Code>${code}</Code><Message>${message}</Message>${more}`;
  const prolog = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return `${prolog}<Error>${inside}<RequestId>R1</RequestId></Error>`;
}

function expectAnswered(answer: CallAnswer) {
  if (answer.kind !== 'answered') throw new Error(answer.message);
  return answer;
}

describe('refusals', () => {
  it('carries code, message and request id of an error document, entities resolved', async () => {
    const { calls } = await scripted((_, response) => {
      response
        .writeHead(403)
        .end(errorDocument('AccessDenied', 'no &lt;you&gt; &#34;may&#34; not'));
    });
    expect(await calls.call(copy, never)).toEqual({
      kind: 'answered',
      status: 403,
      code: 'AccessDenied',
      message: 'no <you> "may" not',
      requestId: 'R1',
    });
  });

  it('finds the error inside a 200, also behind leading white space', async () => {
    const { calls } = await scripted((_, response) => {
      const document = errorDocument('InternalError', 'We failed').replace('?>', '?>\n  \n ');
      response.writeHead(200, { 'x-amz-request-id': 'H1' }).end(document);
    });
    expect(await calls.call(copy, never)).toEqual({
      kind: 'answered',
      status: 200,
      code: 'InternalError',
      message: 'We failed',
      requestId: 'H1',
    });
  });

  it('takes a copy that ends in nothing for an InternalError', async () => {
    const { calls } = await scripted((_, response) => {
      response.writeHead(200, { 'x-amz-request-id': 'H1' }).end();
    });
    expect(expectAnswered(await calls.call(copy, never)).code).toBe('InternalError');
  });

  it('names the code by the status where there is no document', async () => {
    const { calls, objects } = await scripted((_, response) => {
      response.writeHead(503, { 'x-amz-request-id': 'H1' }).end('<html>busy</html>');
    });
    expect(expectAnswered(await calls.call(copy, never)).code).toBe('ServiceUnavailable');
    expect(await objects.head(address, never)).toMatchObject({ status: 503 });
  });

  it('does not follow a redirect, and names region and endpoint', async () => {
    let requests = 0;
    const { objects } = await scripted((_, response) => {
      requests += 1;
      const more = '<Endpoint>bucket.s3.eu-west-1.amazonaws.com</Endpoint>';
      response
        .writeHead(301, { location: '/other', 'x-amz-bucket-region': 'eu-west-1' })
        .end(errorDocument('PermanentRedirect', 'Elsewhere.', more));
    });
    const read = await objects.read(address, { start: 0, end: 1 }, null, never);
    expect(read).toMatchObject({ kind: 'refused', status: 301, code: 'PermanentRedirect' });
    expect(read.kind === 'refused' ? read.message : '').toMatch(
      /region eu-west-1.*bucket\.s3\.eu-west-1\.amazonaws\.com/,
    );
    expect(requests).toBe(1);
  });

  it('refuses without sending what no header can carry', async () => {
    let requests = 0;
    const { calls } = await scripted((_, response) => {
      requests += 1;
      response.end();
    });
    const input = { ...copy.input, MetadataDirective: 'REPLACE', Metadata: { a: 'b\r\nc: d' } };
    const answer = expectAnswered(await calls.call({ command: 'CopyObject', input }, never));
    expect(answer).toMatchObject({ status: 400, code: 'InvalidRequest' });
    expect(requests).toBe(0);
  });
});

describe('no answer', () => {
  it('says where it could not connect', async () => {
    const { calls } = storageAt('http://127.0.0.1:1');
    const answer = await calls.call(copy, never);
    expect(answer.kind).toBe('unreachable');
    expect(answer.message).toContain('127.0.0.1:1');
    expect(answer.message).toContain('ECONNREFUSED');
  });

  it('is unreachable when the connection breaks half-way', async () => {
    const { calls, objects } = await scripted((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('<Copy', () => response.destroy());
    });
    expect((await calls.call(copy, never)).kind).toBe('unreachable');
    const read = await objects.read(address, { start: 0, end: 100 }, null, never);
    expect(read.kind).toBe('unreachable');
  });

  it('ends at once when its signal is aborted while the server is silent', async () => {
    const stop = new AbortController();
    const { calls } = await scripted(() => stop.abort());
    expect((await calls.call(copy, stop.signal)).kind).toBe('unreachable');
  });

  it('gives up on an answer longer than what was asked for', async () => {
    const { objects } = await scripted((_, response) => {
      response.writeHead(206);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) continue;
        response.once('drain', more);
      };
      response.on('error', () => undefined);
      more();
    });
    const read = await objects.read(address, { start: 0, end: 10 }, null, never);
    expect(read.kind).toBe('unreachable');
    expect(read.kind === 'unreachable' ? read.message : '').toContain('longer than');
  });
});

describe('a hostile answer', () => {
  const refused = (document: string, headers: Readonly<Record<string, string>> = {}) =>
    scripted((_, response) => {
      response.writeHead(400, headers);
      response.end(`<Error>${document}</Error>`);
    });

  it('has no code but one of the form that codes have', async () => {
    for (const code of ['C'.repeat(65), 'a\r\nb', '=cmd()', '&#0;', '']) {
      const { calls } = await refused(`<Code>${code}</Code>`);
      expect(expectAnswered(await calls.call(copy, never)).code).toBe('BadRequest');
    }
  });

  it('has no message, place or request id of more than some hundred bytes', async () => {
    const long = 'x'.repeat(60_000);
    const byHeader = await refused(`<Code>X</Code><Region>${long}</Region>`, {
      'x-amz-request-id': 'x'.repeat(12_000),
    });
    const byBody = await refused(`<RequestId>${long}</RequestId>`);
    for (const { calls } of [byHeader, byBody]) {
      const { message, requestId } = expectAnswered(await calls.call(copy, never));
      expect(message.length).toBeLessThan(1_500);
      expect(requestId).toHaveLength(128);
    }
  });

  it('of 200 is no copy unless it says so', async () => {
    const { calls } = await scripted((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><body>Please log in.</body></html>');
    });
    const answer = expectAnswered(await calls.call(copy, never));
    expect(answer).toMatchObject({ status: 200, code: 'InternalError' });
  });

  it('cannot move the clock to where nothing can be signed', async () => {
    let wallMs = systemClock.wallMs();
    const ticking = { ...systemClock, wallMs: () => (wallMs += 1_000) };
    const { objects } = await scripted((_, response) => {
      response.writeHead(403, { date: 'Sat, 13 Sep 275760 00:00:00 GMT' });
      response.end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
    }, ticking);
    for (const _ of [1, 2, 3]) {
      const read = await objects.read(address, { start: 0, end: 1 }, null, never);
      expect(read).toMatchObject({ kind: 'refused', code: 'RequestTimeTooSkewed' });
    }
  });

  it('has no time of change if it cannot be read', async () => {
    const { objects } = await scripted((_, response) => {
      response.writeHead(200, { 'last-modified': 'yesterday' });
      response.end();
    });
    const head = await objects.head(address, never);
    expect(head).toMatchObject({ kind: 'ok', value: { lastModifiedMs: 0 } });
  });
});

describe('the owner that is expected', () => {
  it('is told to the server, which refuses a bucket of somebody else', async () => {
    const credentials = { accessKeyId: 'key', secretAccessKey };
    const sandbox = await openSandbox({ credentials: [credentials], accountId: '111122223333' });
    closers.push(() => sandbox.close());
    const { objects } = storageAt(sandbox.url);
    expect(createBucket(sandbox.store, address.bucket).kind).toBe('ok');
    const write = (expectedBucketOwner: string | null) =>
      objects.write(
        address,
        new Uint8Array(1),
        { contentType: 'text/plain', expectedBucketOwner },
        never,
      );
    expect(await write('444455556666')).toMatchObject({ kind: 'refused', code: 'AccessDenied' });
    expect(await write('111122223333')).toMatchObject({ kind: 'ok' });
    expect(await write(null)).toMatchObject({ kind: 'ok' });
  });
});

describe('the server knows better', () => {
  it('learns the offset to the clock of the server, and keeps it', async () => {
    const credentials = { accessKeyId: 'key', secretAccessKey };
    const aheadMs = 3 * 3_600_000;
    let requests = 0;
    const sandbox = await openSandbox({
      credentials: [credentials],
      // The Date header is the real time: here our own clock is the one that is wrong.
      intercept: () => {
        requests += 1;
        return null;
      },
    });
    closers.push(() => sandbox.close());
    const wrongClock = { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs };
    const { objects } = storageAt(sandbox.url, wrongClock);
    const missing = await objects.read(address, { start: 0, end: 1 }, null, never);
    expect(missing).toMatchObject({ kind: 'refused', code: 'NoSuchBucket' });
    expect(sandbox.counts.requests).toBe(2);
    await objects.read(address, { start: 0, end: 1 }, null, never);
    expect(sandbox.counts.requests).toBe(3);
    expect(requests).toBe(2);
  });

  it('learns it from a HEAD as well, whose answer has no code', async () => {
    const sandbox = await openSandbox({ credentials: [{ accessKeyId: 'key', secretAccessKey }] });
    closers.push(() => sandbox.close());
    const hourMs = 3_600_000;
    const slow = { ...systemClock, wallMs: () => systemClock.wallMs() - hourMs };
    const head = await storageAt(sandbox.url, slow).objects.head(address, never);
    expect(head).toMatchObject({ kind: 'refused', status: 404 });
  });

  it('never puts the secret into a message', async () => {
    const sandbox = await openSandbox({
      credentials: [{ accessKeyId: 'key', secretAccessKey: 'other' }],
    });
    closers.push(() => sandbox.close());
    const answer = await storageAt(sandbox.url).calls.call(copy, never);
    expect(expectAnswered(answer).code).toBe('SignatureDoesNotMatch');
    expect(JSON.stringify(answer)).not.toContain(secretAccessKey);
  });
});

describe('header values beyond ASCII', () => {
  it('travel as UTF-8 and are signed as such', async () => {
    const sandbox = await openSandbox({ credentials: [{ accessKeyId: 'key', secretAccessKey }] });
    closers.push(() => sandbox.close());
    createBucket(sandbox.store, 'bucket');
    const { calls, objects } = storageAt(sandbox.url);
    const source = { ...address, key: 'source' };
    await objects.write(
      source,
      new Uint8Array(1),
      { contentType: 'text/plain', expectedBucketOwner: null },
      never,
    );
    const input = { ...copy.input, MetadataDirective: 'REPLACE', Metadata: { a: 'é 日本 😀' } };
    const answer = await calls.call({ command: 'CopyObject', input }, never);
    expect(expectAnswered(answer).code).toBeNull();
    const { metadata } = sandbox.store.buckets.get('bucket')?.objects.get('k')?.[0] ?? {};
    expect(metadata).toEqual({ a: 'é 日本 😀' });
  });
});

describe('a header that HTTP cannot send', () => {
  it.each([
    ['a b', 'v'],
    ['ü', 'v'],
    ['a:b', 'v'],
    ['a', 'v\r\nX-Evil: 1'],
  ])('%j = %j is refused and never tried', async (name, value) => {
    let requests = 0;
    const { calls } = await scripted(() => {
      requests += 1;
    });
    const input = { ...copy.input, MetadataDirective: 'REPLACE', Metadata: { [name]: value } };
    const answer = await calls.call({ command: 'CopyObject', input }, never);
    expect(expectAnswered(answer)).toMatchObject({ status: 400, code: 'InvalidRequest' });
    expect(requests).toBe(0);
  });
});
