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
