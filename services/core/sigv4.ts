// Signature Version 4 as pure text work: one canonical form for the side that signs (adapters/s3)
// and the sides that verify (control, sandbox). Hash functions come in as arguments.
// Source: AWS General Reference, "Create a signed AWS API request"; S3 signs the path as sent,
// without a second encoding and without normalising it.

export interface Hashing {
  sha256Hex(data: string | Uint8Array): string;
  hmacSha256(key: string | Uint8Array, data: string): Uint8Array;
}

export interface SignedRequest {
  readonly method: string;
  /** The encoded path as it stands in the request line, without the query. */
  readonly path: string;
  /** The raw query as sent, without '?'; '' if none. */
  readonly query: string;
  /** Lower-case names, values as sent; repeated headers joined with ','. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case, sorted. */
  readonly signedHeaders: readonly string[];
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string;
}

export interface CredentialScope {
  /** yyyymmdd */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const signatureAlgorithm = 'AWS4-HMAC-SHA256';

/** RFC 3986 unreserved characters stay, all other bytes become %XX in upper case. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = at < 0 ? pair : pair.slice(0, at);
      const value = at < 0 ? '' : pair.slice(at + 1);
      return [recode(name), recode(value)] as const;
    })
    .sort(([nameA, valueA], [nameB, valueB]) =>
      nameA === nameB ? compare(valueA, valueB) : compare(nameA, nameB),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Clients differ in what they leave unencoded; the canonical form does not. */
function recode(text: string): string {
  try {
    return encodeRfc3986(decodeURIComponent(text));
  } catch {
    return text;
  }
}

export function canonicalRequest(request: SignedRequest): string {
  const headers = request.signedHeaders
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ {2,}/g, ' ')}\n`)
    .join('');
  return [
    request.method,
    request.path === '' ? '/' : request.path,
    canonicalQuery(request.query),
    headers,
    request.signedHeaders.join(';'),
    request.payloadHash,
  ].join('\n');
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

export function signingKey(hashing: Hashing, secret: string, scope: CredentialScope): Uint8Array {
  const dateKey = hashing.hmacSha256(`AWS4${secret}`, scope.date);
  const regionKey = hashing.hmacSha256(dateKey, scope.region);
  const serviceKey = hashing.hmacSha256(regionKey, scope.service);
  return hashing.hmacSha256(serviceKey, 'aws4_request');
}

/** amzDate: yyyymmddThhmmssZ. Returns lower-case hex. */
export function signature(
  hashing: Hashing,
  key: Uint8Array,
  scope: CredentialScope,
  amzDate: string,
  request: SignedRequest,
): string {
  const text = [
    signatureAlgorithm,
    amzDate,
    scopeText(scope),
    hashing.sha256Hex(canonicalRequest(request)),
  ].join('\n');
  return hex(hashing.hmacSha256(key, text));
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexOfByte[byte];
  return text;
}
