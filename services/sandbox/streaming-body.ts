// Bodies in AWS's chunked framing (aws-chunked): what the CLI and the SDKs send for PutObject by
// default. Each chunk may be signed, continuing from the signature of the headers; a trailer may
// carry the checksum. Source: S3 API reference, "Signature calculations: multiple chunks".
import { createHmac } from 'node:crypto';
import { scopeText } from '../core/sigv4.ts';
import { hashing, type Verified } from './authenticate.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface StreamedBody {
  readonly kind: 'body';
  readonly bytes: Uint8Array;
  /** Lower-case names. */
  readonly trailers: Readonly<Record<string, string>>;
}

const emptyHash = hashing.sha256Hex('');
const lineBytesMax = 1024;

export function readStreamedBody(
  framed: Buffer,
  payloadHash: string,
  verified: Verified,
): StreamedBody | Refusal {
  const isSigned = payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const hasTrailer = payloadHash.endsWith('-TRAILER');
  const pieces: Buffer[] = [];
  let previous = verified.signature;
  let at = 0;
  for (;;) {
    const line = lineAt(framed, at);
    if (line === null) return incomplete();
    at = line.next;
    const [sizeText = '', ...extensions] = line.text.split(';');
    if (!/^[0-9a-fA-F]{1,8}$/.test(sizeText)) return incomplete();
    const size = Number.parseInt(sizeText, 16);
    const chunk = framed.subarray(at, at + size);
    if (chunk.length < size) return incomplete();
    if (isSigned) {
      const given = extensions
        .find((one) => one.startsWith('chunk-signature='))
        ?.slice('chunk-signature='.length);
      previous = sign(verified, 'PAYLOAD', [previous, emptyHash, hashing.sha256Hex(chunk)]);
      if (given !== previous) return mismatch();
    }
    at += size;
    if (size === 0) break;
    pieces.push(chunk);
    if (framed.toString('latin1', at, at + 2) !== '\r\n') return incomplete();
    at += 2;
  }
  const trailers = hasTrailer ? readTrailers(framed, at) : {};
  if (trailers === null) return incomplete();
  if (isSigned && hasTrailer) {
    const { 'x-amz-trailer-signature': given, ...signed } = trailers;
    const text = Object.entries(signed)
      .map(([name, value]) => `${name}:${value}\n`)
      .join('');
    const wanted = sign(verified, 'TRAILER', [previous, hashing.sha256Hex(text)]);
    if (given !== wanted) return mismatch();
  }
  return { kind: 'body', bytes: Buffer.concat(pieces), trailers };
}

function sign(verified: Verified, what: string, lines: readonly string[]): string {
  const { amzDate, scope, key } = verified;
  const text = [`AWS4-HMAC-SHA256-${what}`, amzDate, scopeText(scope), ...lines].join('\n');
  return createHmac('sha256', key).update(text).digest('hex');
}

function lineAt(framed: Buffer, at: number): { text: string; next: number } | null {
  const end = framed.indexOf('\r\n', at);
  if (end < 0 || end - at > lineBytesMax) return null;
  return { text: framed.toString('latin1', at, end), next: end + 2 };
}

function readTrailers(framed: Buffer, from: number): Record<string, string> | null {
  const trailers: Record<string, string> = {};
  let at = from;
  while (at < framed.length) {
    const line = lineAt(framed, at);
    if (line === null) return null;
    at = line.next;
    if (line.text === '') break;
    const colon = line.text.indexOf(':');
    if (colon < 0) return null;
    trailers[line.text.slice(0, colon).toLowerCase()] = line.text.slice(colon + 1).trim();
  }
  return trailers;
}

function incomplete(): Refusal {
  return refuse('IncompleteBody', 'The request body is not framed as its headers say.');
}

function mismatch(): Refusal {
  return refuse('SignatureDoesNotMatch', 'The signature of a chunk does not match.');
}
