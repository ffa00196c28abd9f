// The listener of a service that runs alone: figures, health, and nothing else.
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openProcessRegistry } from '../../../services/standalone/metrics/process-registry.ts';
import { serveFigures } from '../../../services/standalone/metrics/serve-figures.ts';

const listen = { host: '127.0.0.1', port: 0 };

async function open() {
  const server = await serveFigures(openProcessRegistry(), listen);
  onTestFinished(() => server.close());
  return server;
}

test('GET /metrics is what Prometheus reads, with the process itself', async () => {
  const { url } = await open();
  const answer = await fetch(`${url}/metrics?name=any`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
  }
});

test('GET /health and /healthz say that it runs; all else is refused', async () => {
  const { url } = await open();
  for (const path of ['/health', '/healthz']) {
    const answer = await fetch(url + path);
    expect([answer.status, await answer.text()]).toEqual([200, 'alive\n']);
  }
  expect((await fetch(`${url}/jobs`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a port in use is the system’s own error, and closing does not wait for a silent client', async () => {
  const first = await serveFigures(openProcessRegistry(), listen);
  const port = Number(new URL(first.url).port);
  await expect(serveFigures(openProcessRegistry(), { ...listen, port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  const silent = connect(port, listen.host);
  const closed = Promise.withResolvers<void>();
  silent.once('close', () => closed.resolve());
  await new Promise((resolve) => silent.once('connect', resolve));
  await first.close();
  await closed.promise;
});
