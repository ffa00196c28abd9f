// What a record means that an outside producer wrote: S3 events for the drop rules, a job request
// by somebody who may make it, or something to reject. Pure, and the only place that says so.
// Invariant: whatever bytes and headers are, the answer is one of the three, never an exception.
import { createHmac } from 'node:crypto';
import type { Refusal } from '../../core/errors.ts';
import type { EventsTopic } from '../../core/events-topics.ts';
import type { StoredRecord } from '../../core/log.ts';
import { sameText } from '../auth/hashing.ts';
import type { Keys } from '../auth/keys.ts';
import type { Caller } from '../auth/verify-signature.ts';
import type { WireJob } from '../calls/start-job.ts';
import { limits } from '../front/limits.ts';
import { jsonElement } from '../wire/json-element.ts';
import { readShape } from '../wire/read-shape.ts';
import { createJobRequest } from '../wire/shapes.ts';

export type Rejected = { readonly kind: 'rejected'; readonly refusal: Refusal };

export type OutsideRecord =
  /** document: S3 events as JSON text; the rules' door says what it thinks of them. */
  | { readonly kind: 'events'; readonly document: string }
  | {
      readonly kind: 'job';
      readonly wire: WireJob;
      readonly caller: Caller;
      /** Paths of members that this version does not know and that do no harm. */
      readonly ignored: readonly string[];
    }
  | Rejected;

export const specVersion = '1.0';
export const keyIdHeader = 's3batch-access-key-id';
export const signatureHeader = 's3batch-signature';

/** As much as one request over HTTP may have. */
export const outsideValueBytesMax = limits.bodyBytesMax;

const envelopeMembers = ['specVersion', 'type', 'clientRequestToken', 'accountId', 'request'];

type Fields = ReadonlyMap<string, unknown>;

export function readOutsideRecord(
  record: StoredRecord,
  topic: EventsTopic,
  keys: Keys,
): OutsideRecord {
  const { value } = record;
  if (value === null) return bad('The record has no value.');
  if (value.length > outsideValueBytesMax) {
    return rejected(
      'EntityTooLarge',
      `The value has ${value.length} bytes; at most ${outsideValueBytesMax} are read.`,
    );
  }
  const text = decodeUtf8(value);
  if (text === undefined) return bad('The value is not UTF-8.');
  const json = parseJson(text);
  if (json === undefined) return bad('The value is not JSON.');
  const fields = fieldsOf(json);
  if (!fields.has('specVersion') && !fields.has('type')) return { kind: 'events', document: text };
  return readRequest(fields, { record, value, topic, keys });
}

interface Sent {
  readonly record: StoredRecord;
  readonly value: Uint8Array;
  readonly topic: EventsTopic;
  readonly keys: Keys;
}

function readRequest(fields: Fields, sent: Sent): OutsideRecord {
  const version = fields.get('specVersion');
  if (version !== specVersion) {
    return bad(`specVersion must be "${specVersion}", not ${shown(version)}.`);
  }
  const type = fields.get('type');
  if (type === 'task') {
    return bad('Task requests are not supported by this version of s3batch yet.');
  }
  if (type !== 'job') return bad(`type must be "job", not ${shown(type)}.`);
  const unknown = [...fields.keys()].find((name) => !envelopeMembers.includes(name));
  if (unknown !== undefined) {
    return bad(`No member has the name ${shown(unknown)}; known: ${envelopeMembers.join(', ')}.`);
  }
  const who = callerOf(sent);
  if (who.kind === 'rejected') return who;
  return readJob(fields, who.caller);
}

type Who = { readonly kind: 'caller'; readonly caller: Caller } | Rejected;

/** Whoever may write to a topic that has an account, or whose key has signed the value. */
function callerOf({ record, value, topic, keys }: Sent): Who {
  if (topic.accountId !== null) {
    // In the job's origin it is seen that no key, but this topic, has asked.
    const caller = { accountId: topic.accountId, accessKeyId: `topic:${topic.topic}` };
    return { kind: 'caller', caller };
  }
  const accessKeyId = headerOf(record, keyIdHeader);
  const signature = headerOf(record, signatureHeader);
  if (accessKeyId === undefined || signature === undefined) {
    return rejected(
      'MissingAuthenticationToken',
      `A job request in the topic ${topic.topic}, which has no account, needs the headers ` +
        `${keyIdHeader} and ${signatureHeader}.`,
    );
  }
  const key = keys.find(accessKeyId);
  if (key === undefined) {
    return rejected('InvalidAccessKeyId', `The access key in ${keyIdHeader} is not known here.`);
  }
  const expected = createHmac('sha256', key.secretAccessKey).update(value).digest('hex');
  if (!sameText(signature.toLowerCase(), expected)) {
    return rejected(
      'SignatureDoesNotMatch',
      `${signatureHeader} must be the hex HMAC-SHA256 of the value, with the secret as key.`,
    );
  }
  return { kind: 'caller', caller: { accountId: key.accountId, accessKeyId } };
}

function readJob(fields: Fields, caller: Caller): OutsideRecord {
  const token = fields.get('clientRequestToken');
  if (typeof token !== 'string') return bad('clientRequestToken is required and must be text.');
  const request = fields.get('request');
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return bad('request must be an object: what an SDK is given for CreateJob.');
  }
  const { AccountId: inner, ...members } = { AccountId: undefined, ...request };
  const foreign = [fields.get('accountId'), inner].find(
    (named) => named !== undefined && named !== null && named !== caller.accountId,
  );
  if (foreign !== undefined) {
    return rejected(
      'AccessDenied',
      `The request names the account ${shown(foreign)}; whoever sent it acts for another one.`,
    );
  }
  const converted = jsonElement(
    createJobRequest,
    { ClientRequestToken: token, ...members },
    'CreateJobRequest',
  );
  if (converted.kind === 'problems') return bad(`request: ${converted.problems.join(' ')}`);
  const read = readShape(createJobRequest, converted.element, '');
  if (read.kind === 'problems') return bad(`request: ${read.problems.join(' ')}`);
  if (read.value.ClientRequestToken !== token) {
    return bad('request.ClientRequestToken must be clientRequestToken, or absent.');
  }
  return { kind: 'job', wire: read.value, caller, ignored: read.ignored };
}

function headerOf({ headers = {} }: StoredRecord, name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

function fieldsOf(json: unknown): Fields {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  return new Map(isObject ? Object.entries(json) : []);
}

const shownCharactersMax = 60;

/** Never the whole of it: a hostile one may be nested deeper than JSON.stringify can follow. */
function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return value === null ? 'null' : 'an object or list';
  return JSON.stringify(value.slice(0, shownCharactersMax).toWellFormed());
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bad(message: string): Rejected {
  return rejected('BadRequestException', message);
}

function rejected(code: Refusal['code'], message: string): Rejected {
  return { kind: 'rejected', refusal: { code, message } };
}
