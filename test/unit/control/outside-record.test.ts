// What a record of an outside producer means, and what the record of a rejected one holds.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keysOf } from '../../../services/control/auth/keys.ts';
import {
  keyIdHeader,
  outsideValueBytesMax,
  readOutsideRecord,
  signatureHeader,
} from '../../../services/control/outside/read-outside-record.ts';
import {
  rejectedRecord,
  rejectedValueBytesMax,
} from '../../../services/control/outside/rejected-record.ts';
import {
  openRejectionLog,
  rejectionLinesMax,
} from '../../../services/control/outside/rejection-log.ts';
import { jsonElement } from '../../../services/control/wire/json-element.ts';
import { parseXml } from '../../../services/control/wire/parse-xml.ts';
import { readShape } from '../../../services/control/wire/read-shape.ts';
import { createJobRequest } from '../../../services/control/wire/shapes.ts';
import { writeDocument } from '../../../services/control/wire/write-shape.ts';
import type { StoredRecord } from '../../../services/core/log.ts';
import { manualClock } from '../../support/manual-clock.ts';

const accountId = '111122223333';
const secret = 'a-secret-of-outside';
const keys = keysOf(new Map([['AKIDOUTSIDE', { secretAccessKey: secret, accountId }]]));
const open = { topic: 'events', accountId: null };
const owned = { topic: 'events.team-a', accountId };
const bytesOf = (text: string) => new TextEncoder().encode(text);

const request = {
  Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: 'yes' }] } },
  Manifest: {
    Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
    Location: { ObjectArn: 'arn:aws:s3:::lists/all.csv', ETag: 'e' },
  },
  Report: { Enabled: false },
  Priority: 10,
  RoleArn: `arn:aws:iam::${accountId}:role/batch`,
  ConfirmationRequired: false,
};
const envelope = { specVersion: '1.0', type: 'job', clientRequestToken: 'token-1', request };

function recordOf(value: unknown, headers?: Record<string, string>): StoredRecord {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return {
    offset: 7n,
    key: 'k',
    value: bytesOf(text),
    ...(headers === undefined ? {} : { headers }),
  };
}

function signed(value: unknown, withSecret = secret): StoredRecord {
  const text = JSON.stringify(value);
  const signature = createHmac('sha256', withSecret).update(text).digest('hex');
  return recordOf(text, { [keyIdHeader]: 'AKIDOUTSIDE', [signatureHeader]: signature });
}

function refusalOf(record: StoredRecord, topic: Parameters<typeof readOutsideRecord>[1] = owned) {
  const read = readOutsideRecord(record, topic, keys);
  return read.kind === 'rejected' ? `${read.refusal.code}: ${read.refusal.message}` : read.kind;
}

describe('a record of an outside producer', () => {
  test('without specVersion and type is for the drop rules, as it is', () => {
    const document = '{"Records": []}';
    expect(readOutsideRecord(recordOf(document), open, keys)).toEqual({ kind: 'events', document });
    expect(refusalOf(recordOf('[]'))).toBe('events');
  });

  test('of a topic with an account is a job request of that account', () => {
    const full = {
      ...envelope,
      accountId,
      request: {
        ...request,
        AccountId: accountId,
        ClientRequestToken: 'token-1',
        Description: null,
        Tags: [{ Key: 'team', Value: 'a' }],
        Newer: 1,
        Operation: {
          S3PutObjectCopy: {
            TargetResource: 'arn:aws:s3:::target',
            NewObjectMetadata: { UserMetadata: { ['__proto__']: 'x', colour: 'blue' } },
            ModifiedSinceConstraint: '2026-01-31T00:00:00Z',
          },
        },
      },
    };
    const read = readOutsideRecord(recordOf(full), owned, keys);
    expect(read).toMatchObject({
      kind: 'job',
      caller: { accountId, accessKeyId: 'topic:events.team-a' },
      ignored: ['Newer'],
      wire: {
        ...request,
        ClientRequestToken: 'token-1',
        Tags: [{ Key: 'team', Value: 'a' }],
        Operation: {
          S3PutObjectCopy: {
            TargetResource: 'arn:aws:s3:::target',
            ModifiedSinceConstraint: '2026-01-31T00:00:00.000Z',
          },
        },
      },
    });
  });

  test('of a topic without account is a job request of the key that has signed it', () => {
    expect(readOutsideRecord(signed(envelope), open, keys)).toMatchObject({
      kind: 'job',
      caller: { accountId, accessKeyId: 'AKIDOUTSIDE' },
    });
  });

  test.each<readonly [string, StoredRecord, string]>([
    ['without headers', recordOf(envelope), 'MissingAuthenticationToken'],
    [
      'with a key not known',
      recordOf(envelope, { [keyIdHeader]: 'nobody', [signatureHeader]: '00' }),
      'InvalidAccessKeyId',
    ],
    ['signed with another secret', signed(envelope, 'another'), 'SignatureDoesNotMatch'],
    [
      'that was changed after it was signed',
      { ...signed(envelope), value: bytesOf(`${JSON.stringify(envelope)} `) },
      'SignatureDoesNotMatch',
    ],
    ['for another account', signed({ ...envelope, accountId: '999999999999' }), 'AccessDenied'],
    [
      'whose request is for another account',
      signed({ ...envelope, request: { ...request, AccountId: '999999999999' } }),
      'AccessDenied',
    ],
  ])('of a topic without account %s is rejected', (_, record, code) => {
    expect(refusalOf(record, open)).toContain(`${code}: `);
  });

  const withRequest = (changes: Record<string, unknown>) => ({
    ...envelope,
    request: { ...request, ...changes },
  });
  const deep = `{"specVersion":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  test.each<readonly [string, StoredRecord, string]>([
    ['a null value', { offset: 0n, key: '', value: null }, 'no value'],
    ['a value too large', recordOf(' '.repeat(outsideValueBytesMax + 1)), 'EntityTooLarge'],
    ['bytes that are no UTF-8', { offset: 0n, key: '', value: new Uint8Array([0xff]) }, 'UTF-8'],
    ['text that is no JSON', recordOf('{'), 'not JSON'],
    ['an unknown version', recordOf({ ...envelope, specVersion: '2.0' }), '"1.0", not "2.0"'],
    ['a version nested without end', recordOf(deep), 'not an object or list'],
    ['a missing version', recordOf({ type: 'job' }), 'not absent'],
    ['an unknown type', recordOf({ ...envelope, type: 'dance' }), 'not "dance"'],
    ['a type that is a number', recordOf({ ...envelope, type: 1 }), 'not 1'],
    ['a type that is null', recordOf({ ...envelope, type: null }), 'not null'],
    ['a task request', recordOf({ ...envelope, type: 'task' }), 'not supported by this version'],
    ['a mistyped member', recordOf({ ...envelope, acountId: '1' }), '"acountId"'],
    ['no token', recordOf({ ...envelope, clientRequestToken: undefined }), 'clientRequestToken'],
    ['an empty token', recordOf({ ...envelope, clientRequestToken: '' }), 'ClientRequestToken'],
    ['two tokens', recordOf(withRequest({ ClientRequestToken: 'other' })), 'clientRequestToken'],
    ['no request', recordOf({ ...envelope, request: undefined }), 'request must be an object'],
    ['a list as request', recordOf({ ...envelope, request: [] }), 'request must be an object'],
    ['no role', recordOf(withRequest({ RoleArn: undefined })), 'RoleArn is required'],
    ['a priority in text', recordOf(withRequest({ Priority: '1' })), 'Priority must be a number'],
    ['a priority below zero', recordOf(withRequest({ Priority: -1 })), 'Priority'],
    ['a flag in text', recordOf(withRequest({ ConfirmationRequired: 'no' })), 'true or false'],
    ['a role that is a list', recordOf(withRequest({ RoleArn: [] })), 'RoleArn must be text'],
    ['tags that are an object', recordOf(withRequest({ Tags: {} })), 'Tags must be a list'],
    ['a report that is text', recordOf(withRequest({ Report: 'x' })), 'Report must be an object'],
    ['a control character', recordOf(withRequest({ Description: '\u0000' })), 'control'],
    ['half a character', recordOf(withRequest({ Description: '\ud800' })), 'control'],
    [
      'an unknown member of an operation',
      recordOf(withRequest({ Operation: { S3PutObjectTagging: { Merge: { a: [1] } } } })),
      'Operation.S3PutObjectTagging.Merge is not supported',
    ],
  ])('with %s is rejected with its reason', (_, record, reason) => {
    expect(refusalOf(record)).toContain(reason);
  });

  test('never makes the reader throw, whatever its bytes and headers are', () => {
    const headers = fc.dictionary(
      fc.oneof(fc.constantFrom(keyIdHeader, signatureHeader, '__proto__'), fc.string()),
      fc.string({ unit: 'binary' }),
    );
    const texts = fc.oneof(
      fc.json(),
      fc.jsonValue().map((inside) => JSON.stringify({ ...envelope, request: inside })),
      fc
        .tuple(fc.constantFrom(...Object.keys(request)), fc.jsonValue())
        .map(([name, inside]) => JSON.stringify(withRequest({ [name]: inside }))),
      fc
        .dictionary(fc.constantFrom('specVersion', 'type', 'Records'), fc.jsonValue())
        .map((fields) => JSON.stringify(fields)),
    );
    const values = fc.oneof(fc.uint8Array(), texts.map(bytesOf), fc.constant(null));
    fc.assert(
      fc.property(values, headers, fc.string(), fc.boolean(), (value, given, key, isOwned) => {
        const record = { offset: 1n, key, value, headers: given };
        const topic = isOwned ? owned : open;
        const read = readOutsideRecord(record, topic, keys);
        expect(['events', 'job', 'rejected']).toContain(read.kind);
        const refusal = { code: 'BadRequestException', message: key } as const;
        const rejected = rejectedRecord(record, { topic: 'events', partition: 0 }, refusal);
        expect(JSON.parse(new TextDecoder().decode(rejected.value ?? undefined))).toMatchObject({
          code: 'BadRequestException',
          offset: '1',
        });
      }),
    );
  });
});

test('a request in JSON reads as the same request in XML does', () => {
  const wire = {
    ...request,
    ClientRequestToken: 't & t',
    Description: '<all> of it',
    Tags: [{ Key: 'team', Value: '' }],
    Operation: {
      S3PutObjectCopy: {
        TargetResource: 'arn:aws:s3:::target',
        NewObjectMetadata: {
          UserMetadata: { colour: 'blue', 'a b': 'ü' },
          HttpExpiresDate: '2026-01-31T00:00:00.000Z',
          ContentLength: 0,
        },
        NewObjectTagging: [],
        RequesterPays: true,
      },
    },
  } as const;
  const document = writeDocument('CreateJobRequest', createJobRequest, wire);
  const parsed = parseXml(bytesOf(document));
  const converted = jsonElement(createJobRequest, JSON.parse(JSON.stringify(wire)), 'any');
  if (parsed.kind !== 'element' || converted.kind !== 'element') throw new Error('no element');
  const byXml = readShape(createJobRequest, parsed.element, '');
  expect(byXml).toMatchObject({ kind: 'value', value: wire });
  expect(readShape(createJobRequest, converted.element, '')).toEqual(byXml);
});

describe('the record of a rejected one', () => {
  const whence = { topic: 'events', partition: 3 };
  const refusal = { code: 'BadRequestException', message: 'why' } as const;
  function documentOf(record: Partial<StoredRecord>) {
    const made = rejectedRecord({ offset: 9n, key: 'k', value: null, ...record }, whence, refusal);
    expect(made).toMatchObject({ topic: 'events.rejected', partition: 0, key: 'events/3/9' });
    expect(made.value?.length).toBeLessThan(1_000_000);
    const document: unknown = JSON.parse(new TextDecoder().decode(made.value ?? undefined));
    return document;
  }

  test('says why, where it stood and what it was', () => {
    expect(documentOf({ value: bytesOf('ü'), headers: { a: 'b' } })).toEqual({
      reason: 'why',
      code: 'BadRequestException',
      topic: 'events',
      partition: 3,
      offset: '9',
      key: 'k',
      value: 'ü',
      encoding: 'utf8',
      valueBytes: 2,
      isCut: false,
      headers: { a: 'b' },
    });
  });

  test('holds bytes that are no text as base64, and none as null', () => {
    expect(documentOf({ value: new Uint8Array([0xff]) })).toMatchObject({
      value: '/w==',
      encoding: 'base64',
    });
    expect(documentOf({})).toMatchObject({ value: null, encoding: null, valueBytes: 0 });
  });

  test('has a bound, and says what was cut', () => {
    const value = bytesOf(`a${'ü'.repeat(rejectedValueBytesMax)}`);
    const headers = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`h${index}`, 'x'.repeat(10_000)]),
    );
    expect(documentOf({ value, headers, key: 'k'.repeat(100_000) })).toMatchObject({
      value: `a${'ü'.repeat(rejectedValueBytesMax / 2 - 1)}`,
      encoding: 'utf8',
      valueBytes: value.length,
      isCut: true,
    });
    documentOf({ value: new Uint8Array(rejectedValueBytesMax * 4).fill(1) });
  });
});

test('a flood of rejections is told in some lines and then counted', async () => {
  const clock = manualClock();
  const lines: unknown[] = [];
  const log = openRejectionLog({
    clock,
    logger: { warn: (fields: unknown) => lines.push(fields) },
  });
  const tell = () =>
    log.tell(
      { topic: 'events', partition: 0, offset: '1' },
      { code: 'AccessDenied', message: 'm' },
    );
  for (let told = 0; told < rejectionLinesMax + 5; told += 1) tell();
  expect(lines).toHaveLength(rejectionLinesMax);
  await clock.advance(60_000);
  tell();
  expect(lines.at(-1)).toMatchObject({ untoldBefore: 5, reason: 'm' });
});
