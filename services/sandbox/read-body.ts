// From an incoming message to a verified request with its whole body: the signature is checked
// before a byte of the body is kept, then the body against the hash, chunks or trailer that it
// announced.
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Authenticate, Verified } from './authenticate.ts';
import { type Refusal, refuse } from './refusal.ts';
import { readStreamedBody } from './streaming-body.ts';

export type Reading =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly query: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  | Refusal;

export const bodyBytesMax = 256 * 1024 * 1024;
const noBody = Buffer.alloc(0);

/** done is called exactly once; without a body at once, in the same turn. */
export function readBody(
  incoming: IncomingMessage,
  authenticate: Authenticate,
  path: string,
  query: string,
  done: (reading: Reading) => void,
): void {
  const headers = textHeaders(incoming);
  const method = incoming.method ?? 'GET';
  const verified = authenticate({ method, path, query, headers });
  if (verified.kind === 'refused') {
    incoming.resume();
    return done(verified);
  }
  const finish = (raw: Buffer) => {
    const body = checkBody(raw, headers, verified);
    if (body.kind === 'refused') return done(body);
    done({
      kind: 'request',
      method,
      query,
      headers: { ...headers, ...body.trailers },
      body: body.bytes,
    });
  };
  const length = Number(headers['content-length'] ?? 0);
  if (length === 0 && headers['transfer-encoding'] === undefined) return finish(noBody);
  const pieces: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= bodyBytesMax) pieces.push(piece);
  });
  incoming.on('end', () => {
    if (bytes > bodyBytesMax) {
      const message = `The sandbox takes at most ${bodyBytesMax} bytes in one request.`;
      return done(refuse('EntityTooLarge', message));
    }
    finish(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
  });
}

interface CheckedBody {
  readonly kind: 'body';
  readonly bytes: Uint8Array;
  readonly trailers: Readonly<Record<string, string>>;
}

function checkBody(
  raw: Buffer,
  headers: Readonly<Record<string, string>>,
  verified: Verified,
): CheckedBody | Refusal {
  const payloadHash = headers['x-amz-content-sha256'] ?? '';
  if (payloadHash === 'UNSIGNED-PAYLOAD') return { kind: 'body', bytes: raw, trailers: {} };
  if (payloadHash.startsWith('STREAMING-')) {
    const body = readStreamedBody(raw, payloadHash, verified);
    if (body.kind === 'refused') return body;
    const announced = headers['x-amz-decoded-content-length'];
    if (announced !== undefined && Number(announced) !== body.bytes.length) {
      return refuse('IncompleteBody', 'x-amz-decoded-content-length is not the length sent.');
    }
    return body;
  }
  if (hash('sha256', raw, 'hex') !== payloadHash) {
    return refuse(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  return { kind: 'body', bytes: raw, trailers: {} };
}

/** Node hands out one character per byte; clients that send more than ASCII send UTF-8. */
function textHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in incoming.headers) {
    const value = incoming.headers[name];
    const text = typeof value === 'string' ? value : (value?.join(',') ?? '');
    headers[name] = hasHighCharacter(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
  }
  return headers;
}

function hasHighCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7e) return true;
  }
  return false;
}
