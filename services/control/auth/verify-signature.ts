// Who sent this request? Signature Version 4 in the Authorization header, verified over what
// arrived. Stricter than S3 where S3 is lax: the body's hash is always checked, `host` and every
// `x-amz-` header sent must be signed, a header may not come twice, presigned and unsigned are
// refused.
// Invariant: 'verified' means that the holder of the key signed this very method, path, query,
// host and body for this region and service, within 15 minutes.
import type { Refusal, RefusalCode } from '../../core/errors.ts';
import {
  type CredentialScope,
  signature,
  signatureAlgorithm,
  signingKey,
} from '../../core/sigv4.ts';
import type { WireRequest } from '../front/wire-request.ts';
import { hashing, sameText } from './hashing.ts';
import type { Keys } from './keys.ts';

export interface Caller {
  readonly accountId: string;
  readonly accessKeyId: string;
}

export type Verification =
  | { readonly kind: 'verified'; readonly caller: Caller }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a signature must have been made for. */
export interface Expected {
  readonly service: 's3' | 'sns';
  readonly region: string;
  readonly nowMs: number;
  readonly keys: Keys;
}

export const clockSkewMsMax = 15 * 60_000;
/** Credential, SignedHeaders, Signature. */
const fieldsMax = 3;

interface Authorization {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

type Checked<T> =
  | { readonly kind: 'fine'; readonly value: T }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export function verifySignature(request: WireRequest, expected: Expected): Verification {
  const unsigned = refuseUnsigned(request);
  if (unsigned !== undefined) return unsigned;
  const read = readAuthorization(request, expected);
  if (read.kind === 'refused') return read;
  const authorization = read.value;

  const headers = readSignedHeaders(request, authorization);
  if (headers.kind === 'refused') return headers;
  const amzDate = headers.value['x-amz-date'] ?? '';
  const untimely = refuseUntimely(amzDate, authorization.scope, expected.nowMs);
  if (untimely !== undefined) return untimely;

  const key = expected.keys.find(authorization.accessKeyId);
  if (key === undefined) {
    return refuse('InvalidAccessKeyId', 'The access key ID does not exist in our records.');
  }
  const bodyHash = hashing.sha256Hex(request.body);
  // The SNS clients leave the header out and sign the hash of what they send.
  const payloadHash = headers.value['x-amz-content-sha256'] ?? bodyHash;
  const computed = signature(
    hashing,
    signingKey(hashing, key.secretAccessKey, authorization.scope),
    authorization.scope,
    amzDate,
    {
      method: request.method,
      path: request.path,
      query: request.query,
      headers: headers.value,
      signedHeaders: authorization.signedHeaders,
      payloadHash,
    },
  );
  if (!sameText(computed, authorization.signature)) {
    return refuse(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. ' +
        'Check your secret access key and that nothing between us changes the request.',
    );
  }
  const wrongHash = refuseWrongHash(payloadHash, bodyHash);
  if (wrongHash !== undefined) return wrongHash;
  return {
    kind: 'verified',
    caller: { accountId: key.accountId, accessKeyId: authorization.accessKeyId },
  };
}

function refuse(
  code: RefusalCode,
  message: string,
): { readonly kind: 'refused'; readonly refusal: Refusal } {
  return { kind: 'refused', refusal: { code, message } };
}

function refuseUnsigned(request: WireRequest) {
  const isPresigned = request.parameters.some(({ name }) =>
    /^(x-amz-(algorithm|credential|signature|signedheaders)|signature|awsaccesskeyid)$/i.test(name),
  );
  if (isPresigned) {
    return refuse(
      'AuthorizationQueryParametersError',
      'Presigned requests are not accepted; sign with the Authorization header.',
    );
  }
  const twice = twiceGiven(request, /^(authorization|host|content-length|x-amz-.*)$/);
  if (twice !== undefined) {
    return refuse('AuthorizationHeaderMalformed', `The header ${twice} is given twice.`);
  }
  if (request.headers.some((header) => header.name === 'transfer-encoding')) {
    return refuse('MissingContentLength', 'Send the body with a Content-Length, not in chunks.');
  }
  return undefined;
}

function twiceGiven(request: WireRequest, pattern: RegExp): string | undefined {
  const seen = new Set<string>();
  for (const { name } of request.headers) {
    if (seen.has(name) && pattern.test(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function readAuthorization(request: WireRequest, expected: Expected): Checked<Authorization> {
  const written = request.headers.find((header) => header.name === 'authorization')?.value;
  if (written === undefined) {
    return refuse(
      'MissingAuthenticationToken',
      'The request is not signed; give an access key that S3BATCH_KEYS names.',
    );
  }
  // Searched without patterns that can go back: whoever sends this is not known yet, and a header
  // of spaces must cost no more than any other.
  const [algorithm, ...rest] = written.split(' ', 2);
  if (algorithm !== signatureAlgorithm || rest.length === 0) {
    return refuse(
      'AuthorizationHeaderMalformed',
      `The Authorization header must begin with ${signatureAlgorithm}.`,
    );
  }
  const fields = new Map<string, string>();
  for (const field of written.slice(signatureAlgorithm.length).split(',', fieldsMax + 1)) {
    const [name = '', ...values] = field.split('=');
    if (values.length !== 1 || fields.has(name.trim()) || fields.size === fieldsMax) {
      return refuse(
        'AuthorizationHeaderMalformed',
        'The Authorization header needs Credential, SignedHeaders and Signature, each once.',
      );
    }
    fields.set(name.trim(), (values[0] ?? '').trim());
  }
  return readFields(fields, expected);
}

function readFields(
  fields: ReadonlyMap<string, string>,
  expected: Expected,
): Checked<Authorization> {
  const credential = /^([\w.-]{1,128})\/(\d{8})\/([^/]{1,64})\/([^/]{1,64})\/aws4_request$/.exec(
    fields.get('Credential') ?? '',
  );
  if (credential === null) {
    return refuse(
      'AuthorizationHeaderMalformed',
      'Credential must be <access key>/<yyyymmdd>/<region>/<service>/aws4_request.',
    );
  }
  const [, accessKeyId = '', date = '', region = '', service = ''] = credential;
  if (region !== expected.region) {
    return refuse(
      'AuthorizationHeaderMalformed',
      `The region '${region}' is wrong; expecting '${expected.region}'.`,
    );
  }
  if (service !== expected.service) {
    return refuse(
      'AuthorizationHeaderMalformed',
      `The service '${service}' is wrong; expecting '${expected.service}'.`,
    );
  }
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';');
  const inOrder = signedHeaders.every(
    (name, index) => /^[a-z0-9_.-]+$/.test(name) && (signedHeaders[index - 1] ?? '') < name,
  );
  if (!inOrder) {
    return refuse(
      'AuthorizationHeaderMalformed',
      'SignedHeaders must be lower-case names in order, each once, separated by semicolons.',
    );
  }
  const signed = fields.get('Signature') ?? '';
  if (!/^[0-9a-f]{64}$/.test(signed)) {
    return refuse(
      'AuthorizationHeaderMalformed',
      'Signature must be 64 lower-case hexadecimal digits.',
    );
  }
  return {
    kind: 'fine',
    value: { accessKeyId, scope: { date, region, service }, signedHeaders, signature: signed },
  };
}

/** The signed headers' values; refused if one that must be signed is not, or was not sent. */
function readSignedHeaders(
  request: WireRequest,
  authorization: Authorization,
): Checked<Readonly<Record<string, string>>> {
  const signed = new Set(authorization.signedHeaders);
  for (const { name } of request.headers) {
    if ((name === 'host' || name.startsWith('x-amz-')) && !signed.has(name)) {
      return refuse('AccessDenied', `There were headers present which were not signed: ${name}.`);
    }
  }
  const needed = authorization.scope.service === 's3' ? ['x-amz-content-sha256'] : [];
  const values: Record<string, string> = Object.create(null);
  for (const name of [...authorization.signedHeaders, 'host', 'x-amz-date', ...needed]) {
    const sent = request.headers.filter((header) => header.name === name);
    const [first] = sent;
    if (first === undefined) {
      return refuse('MissingSecurityHeader', `The header ${name} must be sent and signed.`);
    }
    if (sent.length > 1) {
      return refuse('AuthorizationHeaderMalformed', `The header ${name} is given twice.`);
    }
    values[name] = first.value;
  }
  return { kind: 'fine', value: values };
}

function refuseUntimely(amzDate: string, scope: CredentialScope, nowMs: number) {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(amzDate);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (parts ?? [])
    .slice(1)
    .map(Number);
  if (parts === null || !amzDate.startsWith(scope.date)) {
    return refuse(
      'AuthorizationHeaderMalformed',
      'x-amz-date must be yyyymmddThhmmssZ, of the day that Credential names.',
    );
  }
  const signedMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Math.abs(nowMs - signedMs) > clockSkewMsMax) {
    return refuse(
      'RequestTimeTooSkewed',
      'The difference between the request time and the time here is more than 15 minutes. ' +
        `It is ${new Date(nowMs).toISOString()} here.`,
    );
  }
  return undefined;
}

function refuseWrongHash(declared: string, actual: string) {
  if (declared === actual) return undefined;
  const isHash = /^[0-9a-f]{64}$/.test(declared);
  return refuse(
    'XAmzContentSHA256Mismatch',
    isHash
      ? 'x-amz-content-sha256 is not the SHA-256 of the body that arrived.'
      : 'x-amz-content-sha256 must be the SHA-256 of the body; ' +
          'UNSIGNED-PAYLOAD and streaming signatures are not accepted.',
  );
}
