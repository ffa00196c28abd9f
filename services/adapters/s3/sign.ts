// Signs a request with Signature Version 4: lean, since it runs once per task. The signing key is
// kept per day, region and credentials; the offset to the server's clock is learnt from its
// answers.
import { createHmac, hash } from 'node:crypto';
import {
  type CredentialScope,
  type Hashing,
  scopeText,
  signature,
  signatureAlgorithm,
  signingKey,
} from '../../core/sigv4.ts';
import type { Credentials } from './model.ts';
import type { S3Request } from './request.ts';

const hashing: Hashing = {
  sha256Hex: (data) => hash('sha256', data, 'hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};

const emptyBodyHash = hash('sha256', '', 'hex');
const keysKeptMax = 64;

export interface Signer {
  /** The headers to send, names and values in turn, Host and Authorization included. */
  sign(request: S3Request, credentials: Credentials, nowMs: number): string[];
}

export function openSigner(): Signer {
  const keys = new Map<string, Uint8Array>();
  let second = { number: Number.NaN, text: '' };

  /** Thousands of requests are signed within one second. */
  function dateOf(nowMs: number): string {
    const number = Math.floor(nowMs / 1000);
    if (number !== second.number) second = { number, text: amzDateOf(nowMs) };
    return second.text;
  }

  function keyOf(credentials: Credentials, scope: CredentialScope): Uint8Array {
    const name = `${credentials.accessKeyId}/${credentials.secretAccessKey}/${scopeText(scope)}`;
    const kept = keys.get(name);
    if (kept !== undefined) return kept;
    if (keys.size >= keysKeptMax) keys.clear();
    const key = signingKey(hashing, credentials.secretAccessKey, scope);
    keys.set(name, key);
    return key;
  }

  return {
    sign: (request, credentials, nowMs) => {
      const amzDate = dateOf(nowMs);
      const scope = { date: amzDate.slice(0, 8), region: request.region, service: 's3' };
      const payloadHash =
        request.body === null ? emptyBodyHash : hash('sha256', request.body, 'hex');
      const headers: Record<string, string> = {
        ...request.headers,
        host: request.host,
        'x-amz-content-sha256': payloadHash,
        'x-amz-date': amzDate,
      };
      if (credentials.sessionToken !== undefined) {
        headers['x-amz-security-token'] = credentials.sessionToken;
      }
      const signedHeaders = Object.keys(headers).sort();
      const key = keyOf(credentials, scope);
      const signed = signature(hashing, key, scope, amzDate, {
        ...request,
        headers,
        signedHeaders,
        payloadHash,
      });
      const lines: string[] = [];
      for (const name of signedHeaders) lines.push(name, wireValue(headers[name] ?? ''));
      lines.push(
        'authorization',
        `${signatureAlgorithm} Credential=${credentials.accessKeyId}/${scopeText(scope)}, ` +
          `SignedHeaders=${signedHeaders.join(';')}, Signature=${signed}`,
      );
      return lines;
    },
  };
}

/** What is signed is the text in UTF-8; the transport writes one byte per character. */
function wireValue(text: string): string {
  return isAscii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

const isAscii = /^[\u0020-\u007e\t]*$/;

/** yyyymmddThhmmssZ */
export function amzDateOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
