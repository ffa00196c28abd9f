// Signature Version 4 in the Authorization header, checked before a route sees the request; then
// the body against its announced hash. Presigned URLs are not supported.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import {
  type CredentialScope,
  type Hashing,
  scopeText,
  signature,
  signatureAlgorithm,
  signingKey,
} from '../core/sigv4.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface SandboxCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface UnverifiedRequest {
  readonly method: string;
  /** Raw, as in the request line. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the chunks of a signed streaming body continue from. */
export interface Verified {
  readonly kind: 'verified';
  readonly key: Uint8Array;
  readonly scope: CredentialScope;
  readonly amzDate: string;
  readonly signature: string;
}

export const hashing: Hashing = {
  sha256Hex: (data) => hash('sha256', data, 'hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};

const skewMsMax = 15 * 60_000;
const keysKeptMax = 100;
const authorizationForm = new RegExp(
  '^AWS4-HMAC-SHA256 +Credential=([^/,\\s]+)/(\\d{8})/([^/]+)/(\\w+)/aws4_request, *' +
    'SignedHeaders=([^,\\s]+), *Signature=([0-9a-f]{64})$',
);

export type Authenticate = (request: UnverifiedRequest) => Verified | Refusal;

export function openAuthenticator(
  credentials: readonly SandboxCredentials[],
  nowMs: () => number,
): Authenticate {
  const secrets = new Map(credentials.map((one) => [one.accessKeyId, one.secretAccessKey]));
  const keys = new Map<string, Uint8Array>();

  return (request) => {
    const { headers } = request;
    const parts = authorizationForm.exec(headers['authorization'] ?? '');
    const [, accessKeyId, date, region, service, signedNames, given] = parts ?? [];
    if (
      accessKeyId === undefined ||
      date === undefined ||
      region === undefined ||
      service === undefined ||
      signedNames === undefined ||
      given === undefined
    ) {
      const what = `sign it with ${signatureAlgorithm} in the Authorization header`;
      return refuse('AccessDenied', `This sandbox takes no anonymous request: ${what}.`);
    }
    const secret = secrets.get(accessKeyId);
    if (secret === undefined) {
      return refuse(
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
      );
    }
    const amzDate = headers['x-amz-date'] ?? '';
    const payloadHash = headers['x-amz-content-sha256'] ?? '';
    const signedHeaders = signedNames.split(';');
    if (!signedHeaders.includes('host') || payloadHash === '' || !amzDate.startsWith(date)) {
      return refuse('SignatureDoesNotMatch', 'host, x-amz-date and x-amz-content-sha256 are due.');
    }
    if (!(Math.abs(parseAmzDate(amzDate) - nowMs()) <= skewMsMax)) {
      return refuse(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
      );
    }
    const scope = { date, region, service };
    const keyName = `${accessKeyId}/${scopeText(scope)}`;
    const key = keys.get(keyName) ?? signingKey(hashing, secret, scope);
    if (keys.size >= keysKeptMax) keys.clear();
    keys.set(keyName, key);
    const wanted = signature(hashing, key, scope, amzDate, {
      ...request,
      signedHeaders,
      payloadHash,
    });
    if (!timingSafeEqual(Buffer.from(wanted), Buffer.from(given))) {
      return refuse(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided.',
      );
    }
    return { kind: 'verified', key, scope, amzDate, signature: given };
  };
}

/** yyyymmddThhmmssZ; NaN for anything else. */
function parseAmzDate(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
