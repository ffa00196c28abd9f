// Control's HTTP front: one listener for the S3 Control API, local SNS topics, S3 events, health
// and metrics. Fastify only frames requests; which call is meant is decided over the target as
// sent, since that is what the client has signed.
// Invariant: every answer carries request ids, every refusal has a code of the error table, and no
// request, whatever its bytes, is answered 500 for its own sake.
import { randomBytes } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Refusal } from '../core/errors.ts';
import type { ControlPorts } from './control-ports.ts';
import { type Answer, type AnswerIds, refusalAnswer } from './front/answer.ts';
import { openGate } from './front/gate.ts';
import { limits } from './front/limits.ts';
import { readWireRequest, splitTarget } from './front/wire-request.ts';
import { answerRequest, isProbe, protocolOf } from './route.ts';

export interface Control {
  readonly app: FastifyInstance;
  /** http://127.0.0.1:8340, with the port that was really taken. */
  readonly address: string;
  close(): Promise<void>;
}

/** Rejects with the system's own error if the address cannot be listened on. */
export async function openControl(
  ports: ControlPorts,
  listen: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Control> {
  const app = buildFront(ports, signal);
  const address = await app.listen({ host: listen.host, port: listen.port });
  const close = async (): Promise<void> => {
    app.server.closeAllConnections();
    await app.close();
  };
  return { app, address, close };
}

function buildFront(ports: ControlPorts, signal: AbortSignal): FastifyInstance {
  const app = fastify({
    bodyLimit: limits.bodyBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.keepAliveMsMax,
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMsMax,
      connectionsCheckingInterval: limits.connectionCheckMs,
    },
    // Absolute targets and paths that the router cannot decode reach the one handler too.
    rewriteUrl: (request) => (splitTarget(request.url ?? '').path === '/' ? '/' : '/any'),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(malformedRequest());
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const gate = openGate();
  app.addHook('onRequest', async (request, reply) => {
    switch (gate(request.raw.socket, reply.raw, announcedBytes(request))) {
      case 'in':
        return;
      case 'cut':
        reply.hijack();
        return;
      case 'crowded': {
        const ids = newIds();
        reply.header('connection', 'close');
        await send(reply, ids, refusalAnswer(crowded, faceOf(request), ids));
      }
    }
  });

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const ids = newIds();
    const startMs = ports.clock.monotonicMs();
    const answer = await answerFrom(request, ids);
    await send(reply, ids, answer);
    const { path } = splitTarget(request.originalUrl);
    if (answer.status >= 400 && !isProbe(request.method, path)) {
      const tookMs = Math.round(ports.clock.monotonicMs() - startMs);
      const { status, code } = answer;
      const { requestId } = ids;
      const { method } = request;
      ports.log.info({ requestId, method, path, status, code, tookMs }, 'refused');
    }
  };

  const answerFrom = async (request: FastifyRequest, ids: AnswerIds): Promise<Answer> => {
    const read = readWireRequest(
      request.method,
      request.originalUrl,
      request.raw.rawHeaders,
      request.body instanceof Uint8Array ? request.body : new Uint8Array(),
    );
    if (read.kind === 'refused') return refusalAnswer(read.refusal, 's3control', ids);
    const waiting = AbortSignal.any([signal, AbortSignal.timeout(limits.answerMsMax)]);
    try {
      const answer = await answerRequest(read.request, ports, ids, waiting);
      // What was said while the time ran out may say too little: a job not found, a list too short.
      return waiting.aborted ? refusalAnswer(late, protocolOf(read.request), ids) : answer;
    } catch (error) {
      const { path } = read.request;
      ports.log.error({ err: error, requestId: ids.requestId, path }, 'request failed');
      const refusal = waiting.aborted ? late : failed;
      return refusalAnswer(refusal, protocolOf(read.request), ids);
    }
  };

  app.all('/', handle);
  app.all('/any', handle);
  // Methods that Fastify does not know by itself.
  app.setNotFoundHandler(handle);
  app.setErrorHandler(async (error, request, reply) => {
    const ids = newIds();
    const framed = framingRefusal(error);
    if (framed.code === 'InternalServiceException') {
      ports.log.error({ err: error, requestId: ids.requestId }, 'request failed');
    }
    await send(reply, ids, refusalAnswer(framed, faceOf(request), ids));
  });
  return app;
}

const late: Refusal = {
  code: 'SlowDown',
  message:
    'No answer came in time. The request may still take effect; with the same ClientRequestToken ' +
    'it is safe to ask again.',
};
const crowded: Refusal = {
  code: 'SlowDown',
  message: 'Too many requests are being read; ask again later.',
};
const failed: Refusal = {
  code: 'InternalServiceException',
  message: 'Something failed here; the log has it under this request id.',
};

/** At most what is read of it; a body in chunks may have any length. */
function announcedBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return limits.bodyBytesMax;
  return Math.min(Number(headers['content-length'] ?? 0), limits.bodyBytesMax);
}

function faceOf(request: FastifyRequest): 'json' | 's3control' {
  return splitTarget(request.originalUrl).path === '/events' ? 'json' : 's3control';
}

async function send(reply: FastifyReply, ids: AnswerIds, answer: Answer): Promise<void> {
  await reply
    .code(answer.status)
    .header('x-amz-request-id', ids.requestId)
    .header('x-amz-id-2', ids.hostId)
    .header('content-type', answer.contentType)
    .header('x-content-type-options', 'nosniff')
    .send(answer.body);
}

function newIds(): AnswerIds {
  return {
    requestId: randomBytes(8).toString('hex').toUpperCase(),
    hostId: randomBytes(48).toString('base64'),
  };
}

/** What Fastify found wrong with the framing of a request, in our words. */
function framingRefusal(error: unknown): Refusal {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return {
        code: 'EntityTooLarge',
        message: `The body is larger than ${limits.bodyBytesMax} bytes.`,
      };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'BadRequestException', message: 'Content-Length or Content-Type is wrong.' };
  }
  return failed;
}

/** For bytes that are no HTTP request at all; the connection ends with it. */
function malformedRequest(): string {
  const ids = newIds();
  const answer = refusalAnswer(
    { code: 'BadRequestException', message: 'This is not an HTTP/1.1 request s3batch can read.' },
    's3control',
    ids,
  );
  return [
    'HTTP/1.1 400 Bad Request',
    `x-amz-request-id: ${ids.requestId}`,
    `x-amz-id-2: ${ids.hostId}`,
    `content-type: ${answer.contentType}`,
    `content-length: ${Buffer.byteLength(answer.body)}`,
    'connection: close',
    '',
    answer.body,
  ].join('\r\n');
}
