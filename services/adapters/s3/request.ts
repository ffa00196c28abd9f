// An HTTP request as plain data, between the model that makes it, the signer and the transport.

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** http://host:port, without a path. */
  readonly origin: string;
  /** The Host header. */
  readonly host: string;
  /** As it goes into the request line: byte for byte, never normalised. */
  readonly path: string;
  /** Without '?'; '' if none. */
  readonly query: string;
  /** Lower-case names; without host, authorization, x-amz-date and x-amz-content-sha256. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** The region that the credentials sign for. */
  readonly region: string;
}

export interface S3Response {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export function responseHeader(response: S3Response, name: string): string | null {
  const value = response.headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : (value[0] ?? null);
}
