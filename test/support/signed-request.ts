// A client that signs with the canonical form of core/sigv4.ts and sends over real TCP, one
// connection per request. Everything can be spoiled on purpose: headers, hash, date, scope,
// signature, target.
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { type Hashing, signature, signingKey } from '../../services/core/sigv4.ts';

export const hashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};

export interface SignOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
  /** What stands in the Host header. */
  readonly host: string;
  /** x-amz-content-sha256; absent: the hash of the body. */
  readonly payloadHash?: string;
  /** Sent and signed besides the usual ones; null: a usual one is neither sent nor signed. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Sent and not signed; may repeat a name. */
  readonly unsigned?: readonly (readonly [string, string])[];
  readonly spoil?: (authorization: string) => string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Of an error document; '' else. */
  readonly code: string;
  readonly message: string;
}

/** Header pairs for one request; target: path and query as they will stand in the request line. */
export function signHeaders(
  method: string,
  target: string,
  body: Uint8Array,
  options: SignOptions,
): readonly (readonly [string, string])[] {
  const amzDate = new Date(options.nowMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  const payloadHash = options.payloadHash ?? hashing.sha256Hex(body);
  const usual: Record<string, string | null> = {
    host: options.host,
    'x-amz-account-id': options.accountId,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': amzDate,
    ...options.headers,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(usual)) if (value !== null) headers[name] = value;
  const signedHeaders = Object.keys(headers).sort();
  const mark = target.indexOf('?');
  const scope = { date: amzDate.slice(0, 8), region: options.region, service: options.service };
  const key = signingKey(hashing, options.secretAccessKey, scope);
  const signed = signature(hashing, key, scope, amzDate, {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    signedHeaders,
    payloadHash,
  });
  const credential = `${options.accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${credential}/aws4_request, ` +
    `SignedHeaders=${signedHeaders.join(';')}, Signature=${signed}`;
  return [
    ...Object.entries(headers),
    ['authorization', options.spoil?.(authorization) ?? authorization],
    ...(options.unsigned ?? []),
  ];
}

/** Sends as given, to 127.0.0.1; Content-Length is added unless the headers frame the body. */
export function sendRaw(
  port: number,
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
): Promise<WireAnswer> {
  const isFramed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const lines = isFramed ? headers : [...headers, ['content-length', String(body.length)]];
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method, path: target, headers: lines.flat(), agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: text,
            code: contentOf(text, 'Code'),
            message: contentOf(text, 'Message'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The text of the first element of that name, references of our own writer resolved. */
export function contentOf(xml: string, element: string): string {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? '';
  return found
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
