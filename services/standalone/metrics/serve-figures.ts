// The figures of a service that runs alone, and whether it is alive. Control shows its own beside
// its API. No figure holds a secret, an object's name or an account, so nobody has to sign.
// Invariant: whoever connects and says nothing, or too much, is hung up on.
import { createServer, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';

const connectionsMax = 64;
const requestMsMax = 10_000;
const headerBytesMax = 8 * 1024;
const textType = 'text/plain; charset=utf-8';

export interface FigureServer {
  /** http://127.0.0.1:9464, with the port that was really taken. */
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects with the system's own error if the address cannot be listened on. */
export async function serveFigures(
  registry: Registry,
  listen: { readonly host: string; readonly port: number },
): Promise<FigureServer> {
  const server = createServer(
    { maxHeaderSize: headerBytesMax, requestTimeout: requestMsMax, headersTimeout: requestMsMax },
    (request, response) => {
      request.resume();
      void answer(request.method ?? '', pathOf(request.url ?? ''), registry, response);
    },
  );
  server.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return {
    url: `http://${host}:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function pathOf(target: string): string {
  return target.replace(/\?.*/, '');
}

async function answer(
  method: string,
  path: string,
  registry: Registry,
  response: ServerResponse,
): Promise<void> {
  const say = (status: number, body: string, type: string = textType) =>
    response
      .writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' })
      .end(body);
  if (method !== 'GET') return void say(405, 'only GET is answered here\n');
  switch (path) {
    case '/metrics':
      try {
        return void say(200, await registry.metrics(), registry.contentType);
      } catch {
        return void say(500, 'the figures cannot be read\n');
      }
    case '/health':
    // As control answers, so that one probe fits every service.
    case '/healthz':
      return void say(200, 'alive\n');
  }
  say(404, 'here are /metrics and /health\n');
}
