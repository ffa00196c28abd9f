// One HTTP request as the rest of control sees it: the target split, the query decoded, headers as
// they came. Nothing is interpreted in another way than the signature covers it: '+' in a query is
// a plus sign, and a header that was sent twice stays visible as such.
import type { Refusal } from '../../core/errors.ts';

export interface WireRequest {
  readonly method: string;
  /** As sent, still encoded, without the query. */
  readonly path: string;
  /** As sent, without '?'. */
  readonly query: string;
  readonly parameters: readonly Parameter[];
  /** Lower-case names in the order of arrival. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export type WireRequestAnswer =
  | { readonly kind: 'request'; readonly request: WireRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface Target {
  /** null for a target in origin form. */
  readonly authority: string | null;
  readonly path: string;
  readonly query: string;
}

/** An HTTP proxy sends absolute-form targets (RFC 9112, 3.2.2); all others begin with a slash. */
export function splitTarget(target: string): Target {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  const rest = absolute === null ? target : (absolute[2] ?? '');
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return {
    authority: absolute?.[1] ?? null,
    path: path === '' ? '/' : path,
    query: mark < 0 ? '' : rest.slice(mark + 1),
  };
}

export function readWireRequest(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  body: Uint8Array,
): WireRequestAnswer {
  const { authority, path, query } = splitTarget(target);
  if (!path.startsWith('/') || target.includes('#')) {
    return refused('The request target must be a path such as /v20180820/jobs.');
  }
  const parameters = readParameters(query);
  if (parameters === undefined) {
    return refused('The query holds a percent sign that two hexadecimal digits do not follow.');
  }
  const headers = pairsOf(rawHeaders);
  const host = headers.find((header) => header.name === 'host')?.value ?? '';
  if (authority !== null && authority.toLowerCase() !== host.toLowerCase()) {
    return refused('The host of the request target and the Host header differ.');
  }
  return { kind: 'request', request: { method, path, query, parameters, headers, body } };
}

function refused(message: string): WireRequestAnswer {
  return { kind: 'refused', refusal: { code: 'InvalidURI', message } };
}

function pairsOf(rawHeaders: readonly string[]): readonly Header[] {
  const headers: Header[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push({
      name: (rawHeaders[index] ?? '').toLowerCase(),
      value: rawHeaders[index + 1] ?? '',
    });
  }
  return headers;
}

/** undefined if a percent sign is not followed by two hexadecimal digits of UTF-8. */
export function readParameters(query: string): readonly Parameter[] | undefined {
  try {
    return query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const mark = pair.indexOf('=');
        return {
          name: decodeURIComponent(mark < 0 ? pair : pair.slice(0, mark)),
          value: mark < 0 ? '' : decodeURIComponent(pair.slice(mark + 1)),
        };
      });
  } catch {
    return undefined;
  }
}

export function headerOf(request: WireRequest, name: string): string | undefined {
  return request.headers.find((header) => header.name === name)?.value;
}

export function parametersNamed(request: WireRequest, name: string): readonly string[] {
  return request.parameters.filter((entry) => entry.name === name).map((entry) => entry.value);
}
