// Many requests at once from nobody in particular: what they may take of the process's memory.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { openFront } from '../../support/control-front.ts';

const megabyte = 1024 * 1024;
const head = `POST /v20180820/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: ${megabyte}\r\n\r\n`;

/** Announces a body of 1 MiB; resolves with what is answered before any of it was sent. */
async function announce(port: number, sockets: Socket[]): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(head));
  sockets.push(socket);
  socket.on('error', () => undefined);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

/** However it ends. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

test('bodies of more than 64 MiB in all are not taken in; what needs no body still answers', async () => {
  await using front = await openFront();
  const sockets: Socket[] = [];
  const answers = Array.from({ length: 65 }, () => announce(front.port, sockets));
  expect(await Promise.race(answers)).toMatch(/^HTTP\/1\.1 503 .*<Code>SlowDown</s);
  const meanwhile = await front.call('GET', '/v20180820/jobs');
  expect(meanwhile.status).toBe(200);
  const refused = await front.call('POST', '/v20180820/jobs', new Uint8Array(megabyte));
  expect([refused.status, refused.code]).toEqual([503, 'SlowDown']);

  for (const socket of sockets) socket.destroy();
  await expect
    .poll(async () => (await front.call('POST', '/v20180820/jobs', new Uint8Array(9))).code)
    .toBe('MalformedXML');
});

test('a connection that sends many requests before the first is answered is cut', async () => {
  await using front = await openFront();
  const socket = connect(front.port, '127.0.0.1', () =>
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000)),
  );
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (piece) => {
    received += String(piece);
  });
  await ended(socket);
  expect(received.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(8);
  expect((await front.call('GET', '/v20180820/jobs')).status).toBe(200);
});

test('a few requests behind one another are answered in order', async () => {
  await using front = await openFront();
  const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n`;
  const socket = connect(front.port, '127.0.0.1', () =>
    socket.write(`${one('/readyz')}\r\n${one('/healthz')}Connection: close\r\n\r\n`),
  );
  const pieces: string[] = [];
  socket.on('data', (piece) => pieces.push(String(piece)));
  await ended(socket);
  expect(pieces.join('')).toMatch(/ready\n.*alive\n/s);
});

test('what a connection held is given back when it ends, also behind an unanswered request', async () => {
  const never = (): Promise<undefined> => new Promise(() => undefined);
  await using world = await openFront();
  await using front = await openFront({ desk: { ...world.desk, find: never } });
  const body = 'x'.repeat(megabyte / 2);
  const post = `POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (let round = 0; round < 130; round += 1) {
    const socket = connect(front.port, '127.0.0.1', () =>
      socket.write(`GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n${post}`, () => socket.destroy()),
    );
    socket.on('error', () => undefined);
    await ended(socket);
  }
  await expect
    .poll(async () => (await front.call('POST', '/v20180820/jobs', new Uint8Array(9))).code)
    .toBe('MalformedXML');
});
