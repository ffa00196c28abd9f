// The sender against real sockets: the pinned address, redirects, endless answers, dead ends.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { sendOverHttp } from '../../../services/adapters/sns/local/sender.ts';
import { forever } from '../../support/coordinator-world.ts';
import { openSubscriber } from '../../support/subscriber.ts';

const loopback = { address: '127.0.0.1', family: 4 } as const;

function postTo(url: URL | string, signal: AbortSignal = forever) {
  const post = { url: new URL(url), address: loopback, headers: { 'x-test': '1' }, body: 'grüße' };
  return sendOverHttp(post, signal);
}

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('connects to the address that was checked, under the name that was given', async () => {
  await using subscriber = await openSubscriber();
  const url = new URL(subscriber.url);
  url.hostname = 'no-such-host.invalid';
  expect(await postTo(url)).toEqual({ kind: 'answered', status: 200 });
  const [arrival] = subscriber.arrivals;
  expect(arrival?.text).toBe('grüße');
  expect(arrival?.headers).toMatchObject({ host: url.host, 'x-test': '1' });
});

test('a redirect is an answer and is not followed', async () => {
  await using inner = await openSubscriber();
  await using outer = await openSubscriber(() => ({ status: 302, location: inner.url }));
  expect(await postTo(outer.url)).toEqual({ kind: 'answered', status: 302 });
  expect(inner.arrivals).toEqual([]);
});

test('an endless answer is cut off and counts by its status', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(16 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  });
  expect(await postTo(server.url)).toEqual({ kind: 'answered', status: 200 });
});

test('nobody there, a connection cut before the answer, and an abort are no answer', async () => {
  expect((await postTo('http://127.0.0.1:1/')).kind).toBe('unreachable');
  await using cutting = await serve((request) => request.socket.destroy());
  expect((await postTo(cutting.url)).kind).toBe('unreachable');
  const stop = new AbortController();
  await using silent = await serve(() => stop.abort());
  expect((await postTo(silent.url, stop.signal)).kind).toBe('unreachable');
});
