// A request as the sandbox's routes see it, and what they answer: plain data, so that routes are
// functions of the store.

import type { Refusal } from './refusal.ts';
import { element } from './xml.ts';

export interface SandboxRequest {
  readonly method: string;
  /** '' for the list of buckets. */
  readonly bucket: string;
  /** Decoded; '' for a call on the bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** Lower-case names; values as UTF-8 text. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SandboxAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** What happened to objects, for event posts. */
  readonly events?: readonly ObjectEvent[];
  /** The length that a HEAD announces without sending a body. */
  readonly contentLength?: number;
}

export interface ObjectEvent {
  /** As S3 spells it, e.g. ObjectCreated:Put. */
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly versionId: string | null;
}

export const xmlHeaders = { 'content-type': 'application/xml' };

export function xmlAnswer(body: string): SandboxAnswer {
  return { status: 200, headers: xmlHeaders, body };
}

export function emptyAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): SandboxAnswer {
  return { status, headers, body: '' };
}

export function refusalAnswer(
  refusal: Refusal,
  resource: string,
  requestId: string,
): SandboxAnswer {
  const inside =
    element('Code', refusal.code) +
    element('Message', refusal.message) +
    element('Resource', resource) +
    element('RequestId', requestId);
  return {
    status: refusal.status,
    headers: xmlHeaders,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inside}</Error>`,
  };
}
