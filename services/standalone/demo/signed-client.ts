// A small signed HTTP client, as any user could write one: the demo asks control and the sandbox
// over TCP like everybody else. The path goes out byte for byte, so that `../x` stays a key.
import { createHash, createHmac } from 'node:crypto';
import { Pool } from 'undici';
import {
  type CredentialScope,
  encodeRfc3986,
  type Hashing,
  scopeText,
  signature,
  signatureAlgorithm,
  signingKey,
} from '../../core/sigv4.ts';

export interface DemoKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface DemoRequest {
  readonly method: string;
  /** Already encoded. */
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface DemoAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface SignedClient {
  request(request: DemoRequest): Promise<DemoAnswer>;
  close(): Promise<void>;
}

const connectionsMax = 32;

const hashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};

export function openSignedClient(
  origin: string,
  region: string,
  service: string,
  key: DemoKey,
): SignedClient {
  const pool = new Pool(origin, { connections: connectionsMax });
  const host = new URL(origin).host;
  return {
    request: async ({ method, path, query = '', headers = {}, body }) => {
      const amzDate = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
      const scope: CredentialScope = { date: amzDate.slice(0, 8), region, service };
      const payloadHash = hashing.sha256Hex(body ?? '');
      const signed: Record<string, string> = {
        ...headers,
        host,
        'x-amz-content-sha256': payloadHash,
        'x-amz-date': amzDate,
      };
      const signedHeaders = Object.keys(signed).toSorted();
      const proof = signature(
        hashing,
        signingKey(hashing, key.secretAccessKey, scope),
        scope,
        amzDate,
        { method, path, query, headers: signed, signedHeaders, payloadHash },
      );
      const authorization =
        `${signatureAlgorithm} Credential=${key.accessKeyId}/${scopeText(scope)}, ` +
        `SignedHeaders=${signedHeaders.join(';')}, Signature=${proof}`;
      const answer = await pool.request({
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...signed, authorization },
        body: body ?? null,
      });
      return { status: answer.statusCode, body: new Uint8Array(await answer.body.arrayBuffer()) };
    },
    close: () => pool.close(),
  };
}

/** /bucket/key with the slashes kept and everything else encoded. */
export function objectPath(bucket: string, key: string): string {
  return `/${bucket}/${key.split('/').map(encodeRfc3986).join('/')}`;
}
