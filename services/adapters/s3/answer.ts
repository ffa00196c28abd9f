// What an S3 answer means: a success, or a refusal with S3's own code, found in the error document,
// in a 200 that turned into an error half-way, or, where there is no body (HEAD), in the status.
import { responseHeader, type S3Response } from './request.ts';

export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const statusOkMax = 299;
const errorDocumentBytesMax = 64 * 1024;
const messageCharactersMax = 1024;
const requestIdCharactersMax = 128;
const placeCharactersMax = 128;
/** What S3 and all servers like it answer; a code goes into rows, records and metric labels. */
const codeForm = /^[\w.:-]{1,64}$/;
const decoder = new TextDecoder();

/** null: it is a success. */
export function refusalOf(response: S3Response, isHead: boolean): RefusedAnswer | null {
  if (response.status <= statusOkMax) return null;
  const document = isHead ? '' : documentText(response);
  const code = codeIn(document) ?? codeOfStatus(response);
  const said = element(document, 'Message') ?? `HTTP status ${response.status} without a message`;
  const message = said.slice(0, messageCharactersMax) + whereItLives(response, document);
  return { kind: 'refused', status: response.status, code, message };
}

/**
 * CopyObject and its kin begin with 200 and may end in an error document; with nothing at all the
 * server gave up. null: the body is a success.
 */
export function refusalInside(response: S3Response, needsBody: boolean): RefusedAnswer | null {
  const { status } = response;
  const document = response.body.length === 0 ? '' : documentText(response);
  if (needsBody && document.trim() === '') {
    const message = 'The server ended the request without an answer.';
    return { kind: 'refused', status, code: 'InternalError', message };
  }
  if (!/^\s*(?:<\?xml[^>]*\?>)?\s*<Error[\s>]/.test(document)) {
    if (!needsBody || document.includes('<CopyObjectResult')) return null;
    // A proxy's page, say: nothing was copied.
    const message = 'The answer is not one to a copy. Check that the endpoint is an S3.';
    return { kind: 'refused', status, code: 'InternalError', message };
  }
  const code = codeIn(document) ?? 'InternalError';
  const message = (element(document, 'Message') ?? '').slice(0, messageCharactersMax);
  return { kind: 'refused', status, code, message };
}

export function requestIdOf(response: S3Response): string {
  const header = responseHeader(response, 'x-amz-request-id');
  const said = header ?? element(documentText(response), 'RequestId') ?? '';
  return said.slice(0, requestIdCharactersMax);
}

/** null: the document has none, or none that can be one. */
function codeIn(document: string): string | null {
  const said = element(document, 'Code');
  return said !== null && codeForm.test(said) ? said : null;
}

function documentText(response: S3Response): string {
  return decoder.decode(response.body.subarray(0, errorDocumentBytesMax));
}

/** The text of the first element of that name. */
function element(document: string, name: string): string | null {
  const start = document.indexOf(`<${name}>`);
  if (start < 0) return null;
  const from = start + name.length + 2;
  const end = document.indexOf(`</${name}>`, from);
  return end < 0 ? null : unescape(document.slice(from, end));
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function unescape(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w{2,4}));/g,
    (whole, hex, dec, name) => {
      if (name !== undefined) return entities[name] ?? whole;
      const point = hex === undefined ? Number(dec) : Number.parseInt(hex, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}

function codeOfStatus(response: S3Response): string {
  const code = codes[response.status];
  if (code !== undefined) return code;
  return response.status >= 500 ? 'InternalError' : `HTTP${response.status}`;
}

/** A HEAD that finds nothing does not say whether the key or the bucket is missing. */
const codes: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  307: 'TemporaryRedirect',
  400: 'BadRequest',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  405: 'MethodNotAllowed',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

/** Redirects are not followed: the operator must name the right region or endpoint. */
function whereItLives(response: S3Response, document: string): string {
  const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304;
  const region = responseHeader(response, 'x-amz-bucket-region') ?? element(document, 'Region');
  const endpoint = element(document, 'Endpoint');
  if (!isRedirect && element(document, 'Region') === null) return '';
  const place = [
    region === null ? null : `region ${region.slice(0, placeCharactersMax)}`,
    endpoint === null ? null : `endpoint ${endpoint.slice(0, placeCharactersMax)}`,
  ].filter((one) => one !== null);
  if (place.length === 0) return '';
  return ` The bucket lives at ${place.join(', ')}: set this in the role's profile.`;
}
