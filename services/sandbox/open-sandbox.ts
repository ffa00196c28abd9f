// The sandbox: a local S3 for the demo and the tests, in memory, on loopback only. Not for
// production: README.md says what it does and what it leaves out.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Authenticate, openAuthenticator, type SandboxCredentials } from './authenticate.ts';
import { type EventPoster, type EventSettings, openEventPoster } from './event-poster.ts';
import { refusalAnswer, type SandboxAnswer, type SandboxRequest } from './message.ts';
import { type Reading, readBody } from './read-body.ts';
import { type Refusal, type RefusalCode, refuse } from './refusal.ts';
import { findRoute } from './route.ts';
import { openStore, type Store } from './store.ts';
import { parseTarget } from './target.ts';

/** What a test wants to happen instead of, or around, a call. */
export type Interception =
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: 'delay'; readonly durationMs: number }
  /** The connection breaks before the call has an effect. */
  | { readonly kind: 'drop' }
  /** The connection breaks after it. */
  | { readonly kind: 'lose' };

export interface SandboxOptions {
  /** A loopback address or localhost; others are refused. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly region?: string;
  readonly credentials: readonly SandboxCredentials[];
  /** Owner of every bucket, for x-amz-expected-bucket-owner. Default 123456789012. */
  readonly accountId?: string;
  readonly events?: EventSettings;
  /** Sees every authenticated call; null lets it through. */
  readonly intercept?: (request: SandboxRequest) => Interception | null;
  readonly nowMs?: () => number;
}

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  /** For seeding and reading back without HTTP. */
  readonly store: Store;
  readonly events: EventPoster | null;
  readonly counts: { readonly requests: number };
  close(): Promise<void>;
}

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;
const accountIdDefault = '123456789012';
const requestIdDigits = 16;
const headerBytesMax = 64 * 1024;
const keepAliveMs = 60_000;

export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  if (!loopback.test(host)) {
    throw new Error(`the sandbox listens on loopback only, not on ${host}: use 127.0.0.1`);
  }
  const region = options.region ?? 'us-east-1';
  const nowMs = options.nowMs ?? Date.now;
  const room: Room = {
    store: openStore(nowMs),
    authenticate: openAuthenticator(options.credentials, nowMs),
    events: options.events === undefined ? null : openEventPoster(options.events, region),
    accountId: options.accountId ?? accountIdDefault,
    intercept: options.intercept ?? (() => null),
    nowMs,
    counts: { requests: 0 },
  };
  const server = createServer(
    { maxHeaderSize: headerBytesMax, keepAliveTimeout: keepAliveMs, noDelay: true },
    (incoming, outgoing) => receive(room, incoming, outgoing),
  );
  // Clients that ask before a large body get their go-ahead from the same handler.
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.writeContinue();
    receive(room, incoming, outgoing);
  });
  const address = await listen(server, host, options.port ?? 0);
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shownHost}:${address.port}`,
    port: address.port,
    store: room.store,
    events: room.events,
    counts: room.counts,
    close: async () => {
      await room.events?.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Room {
  readonly store: Store;
  readonly authenticate: Authenticate;
  readonly events: EventPoster | null;
  readonly accountId: string;
  readonly intercept: (request: SandboxRequest) => Interception | null;
  readonly nowMs: () => number;
  readonly counts: { requests: number };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no TCP address');
      resolve(address);
    });
  });
}

/** Whatever goes wrong in here is answered, never thrown into the server. */
function receive(room: Room, incoming: IncomingMessage, outgoing: ServerResponse): void {
  room.counts.requests += 1;
  const requestId = room.counts.requests.toString(16).toUpperCase().padStart(requestIdDigits, '0');
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const reply = (answer: SandboxAnswer) =>
    send(outgoing, answer, requestId, incoming.method === 'HEAD');
  readBody(incoming, room.authenticate, path, mark < 0 ? '' : url.slice(mark + 1), (reading) => {
    try {
      respond(room, reading, path, requestId, outgoing, reply);
    } catch {
      reply(refusalAnswer(refuse('InternalError', 'The sandbox failed.'), path, requestId));
    }
  });
}

function respond(
  room: Room,
  reading: Reading,
  path: string,
  requestId: string,
  outgoing: ServerResponse,
  reply: (answer: SandboxAnswer) => void,
): void {
  const refuseWith = (refusal: Refusal) => reply(refusalAnswer(refusal, path, requestId));
  if (reading.kind === 'refused') return refuseWith(reading);
  const target = parseTarget(path, reading.query, reading.headers['host'] ?? '');
  if (target.kind === 'refused') return refuseWith(target);
  const { method, headers, body } = reading;
  const request: SandboxRequest = { method, headers, body, ...target.value };
  const expectedOwner = headers['x-amz-expected-bucket-owner'];
  if (expectedOwner !== undefined && expectedOwner !== room.accountId) {
    return refuseWith(refuse('AccessDenied', 'The bucket belongs to another account.'));
  }
  const interception = room.intercept(request);
  if (interception?.kind === 'refuse') {
    return refuseWith(refuse(interception.code, interception.message));
  }
  if (interception?.kind === 'drop') {
    outgoing.destroy();
    return;
  }
  const work = () => {
    const route = findRoute(request);
    const answer = typeof route === 'function' ? route(room.store, request) : route;
    if ('kind' in answer) return refuseWith(answer);
    for (const event of answer.events ?? []) room.events?.post(event, room.nowMs(), requestId);
    if (interception?.kind === 'lose') outgoing.destroy();
    else reply(answer);
  };
  if (interception?.kind === 'delay') setTimeout(work, interception.durationMs);
  else work();
}

function send(
  outgoing: ServerResponse,
  answer: SandboxAnswer,
  requestId: string,
  isHead: boolean,
): void {
  if (outgoing.destroyed) return;
  const { body } = answer;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const headers: Record<string, string | number> = {
    'x-amz-request-id': requestId,
    'x-amz-id-2': 'sandbox',
    server: 's3batch-sandbox',
  };
  for (const name in answer.headers) headers[name] = wireValue(answer.headers[name] ?? '');
  const hasNoBody = answer.status === 204 || answer.status === 304;
  if (!hasNoBody) headers['content-length'] = answer.contentLength ?? length;
  outgoing.writeHead(answer.status, headers);
  if (isHead || length === 0) outgoing.end();
  else outgoing.end(body);
}

/** Node writes one byte per character; header values are kept as UTF-8 text. */
function wireValue(text: string): string {
  const bytes = Buffer.byteLength(text);
  return bytes === text.length ? text : Buffer.from(text, 'utf8').toString('latin1');
}
