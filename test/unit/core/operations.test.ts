import { describe, expect, test } from 'vitest';
import type {
  Grant,
  LambdaInvokeParameters,
  Operation,
  PutObjectAclParameters,
  PutObjectCopyParameters,
  PutObjectRetentionParameters,
} from '../../../services/core/operation.ts';
import {
  needsSubresources,
  operationFor,
  operationNames,
  operationNamesNotBuilt,
  partNotBuilt,
  problemOf,
  readOperation,
} from '../../../services/core/operations/registry.ts';
import { s3PutObjectCopy } from '../../../services/core/operations/s3-put-object-copy.ts';
import type { Task } from '../../../services/core/task.ts';

const task: Task = { bucket: 'src', key: 'a b/ü+(1)', written: null, versionId: null };
const target = { TargetResource: 'arn:aws:s3:::dst' };

test('every operation of AWS is either built, or taken and not run', () => {
  expect([...operationNames, ...operationNamesNotBuilt].toSorted()).toEqual([
    'LambdaInvoke',
    'S3ComputeObjectChecksum',
    'S3DeleteObjectTagging',
    'S3InitiateRestoreObject',
    'S3PutObjectAcl',
    'S3PutObjectCopy',
    'S3PutObjectLegalHold',
    'S3PutObjectRetention',
    'S3PutObjectTagging',
    'S3ReplicateObject',
    'S3UpdateObjectEncryption',
  ]);
});

test.each([
  ['S3PutObjectTagging', { TagSet: [] }, true],
  ['S3PutObjectTagging', { TagSet: [{ Key: 'k', Value: 'v' }] }, true],
  ['S3PutObjectTagging', {}, false],
  ['S3PutObjectTagging', null, false],
  ['S3PutObjectTagging', { TagSet: {} }, false],
  ['S3PutObjectTagging', { TagSet: [{ Key: 'k' }] }, false],
  ['S3PutObjectTagging', { TagSet: [{ Key: 'k', Value: 1 }] }, false],
  ['S3PutObjectTagging', { TagSet: [], toString: 'x' }, false],
  ['S3DeleteObjectTagging', {}, true],
  ['S3DeleteObjectTagging', [], false],
  ['S3DeleteObjectTagging', { TagSet: [] }, false],
  ['S3PutObjectCopy', target, true],
  ['S3PutObjectCopy', {}, true],
  ['S3PutObjectCopy', { BucketKeyEnabled: 'true' }, false],
  ['S3PutObjectCopy', { NewObjectMetadata: { ContentLength: 0, UserMetadata: { a: 'b' } } }, true],
  ['S3PutObjectCopy', { NewObjectMetadata: { ContentLength: -1 } }, false],
  ['S3PutObjectCopy', { NewObjectMetadata: { UserMetadata: { a: 1 } } }, false],
  ['S3PutObjectCopy', { MetadataDirective: 'MOVE' }, false],
  ['S3PutObjectCopy', { ObjectLockEventHoldDuration: { Days: 1, Weeks: 1 } }, false],
  ['LambdaInvoke', {}, true],
  ['LambdaInvoke', { UserArguments: { a: 1 } }, false],
  ['S3PutObjectAcl', { AccessControlPolicy: { AccessControlList: { Owner: {} } } }, true],
  ['S3PutObjectAcl', { AccessControlPolicy: { AccessControlList: {} } }, false],
  ['S3InitiateRestoreObject', { ExpirationInDays: 0, GlacierJobTier: 'BULK' }, true],
  ['S3InitiateRestoreObject', { GlacierJobTier: 'EXPEDITED' }, false],
  ['S3PutObjectLegalHold', { LegalHold: { Status: 'ON' } }, true],
  ['S3PutObjectLegalHold', { LegalHold: {} }, false],
  ['S3PutObjectRetention', { Retention: {} }, true],
  ['S3PutObjectRetention', {}, false],
  ['S3ReplicateObject', {}, true],
  ['S3ReplicateObject', { Rule: 'a' }, false],
  ['S3ComputeObjectChecksum', { ChecksumType: 'COMPOSITE' }, true],
  ['S3ComputeObjectChecksum', { ChecksumType: 'HALF' }, false],
  ['S3UpdateObjectEncryption', { ObjectEncryption: { 'SSE-KMS': { KMSKeyArn: 'k' } } }, true],
  ['S3UpdateObjectEncryption', { ObjectEncryption: { 'SSE-KMS': {} } }, false],
  ['S3Explode', {}, false],
])('%s with %j has the form of its parameters: %s', (name, parameters, isGood) => {
  const expected = isGood ? { name, parameters } : null;
  expect(readOperation(name, parameters)).toEqual(expected);
});

describe('S3PutObjectTagging', () => {
  const tags = [{ Key: 'colour', Value: 'blue' }];
  const tagging = (TagSet: readonly { readonly Key: string; readonly Value: string }[]) =>
    operationFor({ name: 'S3PutObjectTagging', parameters: { TagSet } });

  test('replaces the tags of one object or version', () => {
    expect(tagging(tags).name).toBe('S3PutObjectTagging');
    expect(tagging(tags).request(task)).toEqual({
      command: 'PutObjectTagging',
      input: { Bucket: 'src', Key: task.key, Tagging: { TagSet: tags } },
    });
    expect(tagging([]).request({ ...task, versionId: 'null' }).input).toMatchObject({
      VersionId: 'null',
    });
    expect(tagging(tags).doneBefore(409, 'OperationAborted')).toBe(false);
  });

  test.each([
    [
      Array.from({ length: 11 }, (_, at) => ({ Key: `${at}`, Value: '' })),
      'at most 10 tags, not 11',
    ],
    [[{ Key: '', Value: '' }], "A tag's key must have 1 to 128 characters, not 0."],
    [[{ Key: 'k'.repeat(129), Value: '' }], 'must have 1 to 128 characters, not 129.'],
    [[{ Key: 'k', Value: 'v'.repeat(257) }], 'The value of tag "k" has more than 256 characters.'],
    [[...tags, ...tags], 'Tag "colour" is given more than once.'],
  ])('refuses what S3 would refuse', (set, problem) => {
    const operation = { name: 'S3PutObjectTagging', parameters: { TagSet: set } } as const;
    expect(problemOf(operation)).toContain(problem);
    expect(() => tagging(set).request(task)).toThrow('S3PutObjectTagging cannot run');
  });

  test('takes what S3 takes', () => {
    const most = Array.from({ length: 10 }, (_, at) => ({
      Key: `${at}`.padEnd(128, 'k'),
      Value: 'v'.repeat(256),
    }));
    const operation = { name: 'S3PutObjectTagging', parameters: { TagSet: most } } as const;
    expect(problemOf(operation)).toBeNull();
    expect(tagging(most).request(task).input).toMatchObject({ Tagging: { TagSet: most } });
  });
});

describe('S3DeleteObjectTagging', () => {
  const deletion = operationFor({ name: 'S3DeleteObjectTagging', parameters: {} });

  test('removes the tags of one object or version', () => {
    expect(problemOf({ name: 'S3DeleteObjectTagging', parameters: {} })).toBeNull();
    expect(deletion.request(task)).toEqual({
      command: 'DeleteObjectTagging',
      input: { Bucket: 'src', Key: task.key },
    });
    expect(deletion.request({ ...task, versionId: 'v' }).input).toMatchObject({ VersionId: 'v' });
    expect(deletion.doneBefore(404, 'NoSuchKey')).toBe(false);
  });
});

describe('S3PutObjectCopy', () => {
  const copy = (parameters: PutObjectCopyParameters) =>
    operationFor({ name: 'S3PutObjectCopy', parameters });
  const input = (parameters: PutObjectCopyParameters, of: Task = task) =>
    copy({ ...target, ...parameters }).request(of).input;
  const bare = { Bucket: 'dst', Key: task.key, CopySource: 'src/a%20b/%C3%BC%2B%281%29' };

  test('copies an object or a version to the target under its own key', () => {
    expect(copy(target).request(task)).toEqual({ command: 'CopyObject', input: bare });
    expect(input({}, { ...task, versionId: 'v/1' })).toEqual({
      ...bare,
      CopySource: `${bare.CopySource}?versionId=v%2F1`,
    });
    expect(input({}, { ...task, versionId: '' })).toEqual(bare);
    expect(copy(target).doneBefore(412, 'PreconditionFailed')).toBe(false);
  });

  test.each([
    ['Folder1', 'Folder1/'],
    ['Folder1/', 'Folder1/'],
    ['', ''],
  ])('TargetKeyPrefix %j is a folder: %j', (TargetKeyPrefix, folder) => {
    expect(input({ TargetKeyPrefix })).toEqual({ ...bare, Key: folder + task.key });
  });

  test('sends every setting under the name that CopyObject gives it', () => {
    expect(
      input({
        CannedAccessControlList: 'private',
        BucketKeyEnabled: true,
        ChecksumAlgorithm: 'SHA256',
        ModifiedSinceConstraint: '2026-01-02T03:04:05Z',
        UnModifiedSinceConstraint: '2026-01-02T03:04:06Z',
        ObjectLockLegalHoldStatus: 'ON',
        ObjectLockMode: 'GOVERNANCE',
        ObjectLockRetainUntilDate: '2027-01-02T03:04:05Z',
        RequesterPays: true,
        SSEAwsKmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/k',
        StorageClass: 'GLACIER_IR',
        RedirectLocation: '/elsewhere',
      }),
    ).toEqual({
      ...bare,
      ACL: 'private',
      BucketKeyEnabled: true,
      ChecksumAlgorithm: 'SHA256',
      CopySourceIfModifiedSince: Date.UTC(2026, 0, 2, 3, 4, 5),
      CopySourceIfUnmodifiedSince: Date.UTC(2026, 0, 2, 3, 4, 6),
      ObjectLockLegalHoldStatus: 'ON',
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: Date.UTC(2027, 0, 2, 3, 4, 5),
      RequestPayer: 'requester',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'arn:aws:kms:us-east-1:123456789012:key/k',
      StorageClass: 'GLACIER_IR',
      WebsiteRedirectLocation: '/elsewhere',
    });
    expect(input({ RequesterPays: false })).toEqual(bare);
  });

  test('new metadata replaces the old; encryption alone does not', () => {
    const NewObjectMetadata = {
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentEncoding: 'gzip',
      ContentLanguage: 'en',
      ContentType: 'text/plain',
      HttpExpiresDate: '2026-01-02T03:04:05Z',
      UserMetadata: { colour: 'blue' },
      ContentLength: 0,
      SSEAlgorithm: 'AES256',
    } as const;
    expect(input({ NewObjectMetadata })).toEqual({
      ...bare,
      MetadataDirective: 'REPLACE',
      ServerSideEncryption: 'AES256',
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentEncoding: 'gzip',
      ContentLanguage: 'en',
      ContentType: 'text/plain',
      Expires: Date.UTC(2026, 0, 2, 3, 4, 5),
      Metadata: { colour: 'blue' },
    });
    expect(input({ NewObjectMetadata: { SSEAlgorithm: 'KMS' } })).toEqual({
      ...bare,
      ServerSideEncryption: 'aws:kms',
    });
    expect(input({ NewObjectMetadata, MetadataDirective: 'COPY' })).toMatchObject({
      MetadataDirective: 'COPY',
    });
  });

  test('new tags replace the old; an empty list means none', () => {
    const NewObjectTagging = [
      { Key: 'a b', Value: 'c&d' },
      { Key: 'ü', Value: '' },
    ];
    expect(input({ NewObjectTagging })).toEqual({
      ...bare,
      Tagging: 'a%20b=c%26d&%C3%BC=',
      TaggingDirective: 'REPLACE',
    });
    expect(input({ NewObjectTagging: [] })).toEqual({
      ...bare,
      Tagging: '',
      TaggingDirective: 'REPLACE',
    });
  });

  test('grants stand in one header per permission', () => {
    const AccessControlGrants = [
      { Grantee: { TypeIdentifier: 'id', Identifier: '1' }, Permission: 'READ' },
      { Grantee: { TypeIdentifier: 'uri', Identifier: 'http://g' }, Permission: 'READ' },
      { Grantee: { TypeIdentifier: 'emailAddress', Identifier: 'a@b' }, Permission: 'READ_ACP' },
      { Grantee: { TypeIdentifier: 'id', Identifier: '2' }, Permission: 'WRITE_ACP' },
      { Grantee: { TypeIdentifier: 'id', Identifier: '3' }, Permission: 'FULL_CONTROL' },
    ] as const;
    expect(input({ AccessControlGrants })).toEqual({
      ...bare,
      GrantRead: 'id="1", uri="http://g"',
      GrantReadACP: 'emailAddress="a@b"',
      GrantWriteACP: 'id="2"',
      GrantFullControl: 'id="3"',
    });
  });

  test('what was not checked is not prepared', () => {
    expect(() => s3PutObjectCopy.prepare({})).toThrow('prepared without being checked');
  });

  const grantee = { TypeIdentifier: 'id', Identifier: '1' } as const;

  test.each<[PutObjectCopyParameters, string]>([
    [{}, 'TargetResource is missing'],
    [{ TargetResource: 'dst' }, 'TargetResource dst is not the ARN of a bucket'],
    [
      { TargetResource: 'arn:aws:s3express:us-east-1:123456789012:bucket/b' },
      'is not the ARN of a bucket',
    ],
    [
      { ...target, ModifiedSinceConstraint: 'soon' },
      'ModifiedSinceConstraint "soon" is not a time',
    ],
    [
      { ...target, NewObjectMetadata: { HttpExpiresDate: '' } },
      'NewObjectMetadata.HttpExpiresDate "" is not a time',
    ],
    [{ ...target, ObjectLockMode: 'COMPLIANCE' }, 'must be given together'],
    [
      {
        ...target,
        CannedAccessControlList: 'private',
        AccessControlGrants: [{ Grantee: grantee, Permission: 'READ' }],
      },
      'cannot both be given',
    ],
    [{ ...target, AccessControlGrants: [{ Permission: 'READ' }] }, 'Every grant needs a Grantee'],
    [
      {
        ...target,
        AccessControlGrants: [{ Grantee: { TypeIdentifier: 'id' }, Permission: 'READ' }],
      },
      'Every grant needs a Grantee',
    ],
    [
      { ...target, AccessControlGrants: [{ Grantee: grantee }] },
      'The grant to id="1" has no Permission',
    ],
    [
      { ...target, AccessControlGrants: [{ Grantee: grantee, Permission: 'WRITE' }] },
      'cannot grant WRITE',
    ],
    [{ ...target, NewObjectTagging: [{ Key: '', Value: '' }] }, "A tag's key must have"],
  ])('%j is refused', (parameters, problem) => {
    expect(problemOf({ name: 'S3PutObjectCopy', parameters })).toContain(problem);
  });
});

test('tagging is a sub-resource call, a copy is none', () => {
  const tagging = { name: 'S3PutObjectTagging', parameters: { TagSet: [] } } as const;
  expect(needsSubresources(tagging)).toBe(true);
  expect(needsSubresources({ name: 'S3DeleteObjectTagging', parameters: {} })).toBe(true);
  expect(needsSubresources({ name: 'S3PutObjectCopy', parameters: {} })).toBe(false);
});

const express = 'arn:aws:s3express:us-east-1:123456789012:bucket/b--use1-az4--x-s3';
const copyOf = (parameters: PutObjectCopyParameters): Operation => ({
  name: 'S3PutObjectCopy',
  parameters,
});

test.each<[Operation, string | null]>([
  [{ name: 'S3PutObjectTagging', parameters: { TagSet: [] } }, null],
  [{ name: 'S3DeleteObjectTagging', parameters: {} }, null],
  [copyOf(target), null],
  [copyOf({ TargetResource: express }), 'S3PutObjectCopy to a directory bucket'],
  [copyOf({}), null],
  [
    copyOf({ ...target, AnnotationDirective: 'EXCLUDE' }),
    'S3PutObjectCopy with AnnotationDirective',
  ],
  [copyOf({ ...target, ObjectLockEventHold: 'ON' }), 'S3PutObjectCopy with ObjectLockEventHold'],
  [{ name: 'S3ReplicateObject', parameters: {} }, 'S3ReplicateObject'],
  [{ name: 'LambdaInvoke', parameters: {} }, 'LambdaInvoke'],
])('what is not built of %j: %s', (operation, part) => {
  expect(partNotBuilt(operation)).toBe(part);
  if (part === null) expect(operationFor(operation).name).toBe(operation.name);
  else expect(() => operationFor(operation)).toThrow(`This worker cannot run ${part}: upgrade it.`);
});

const owner = { ID: 'o' };
const acl = (AccessControlPolicy: PutObjectAclParameters['AccessControlPolicy']): Operation => ({
  name: 'S3PutObjectAcl',
  parameters: AccessControlPolicy === undefined ? {} : { AccessControlPolicy },
});
const grantTo = (Identifier: string): Grant => ({ Grantee: { TypeIdentifier: 'id', Identifier } });
const lambda = (parameters: LambdaInvokeParameters): Operation => ({
  name: 'LambdaInvoke',
  parameters,
});
const retention = (Retention: PutObjectRetentionParameters['Retention']): Operation => ({
  name: 'S3PutObjectRetention',
  parameters: { Retention },
});
const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/k';
const date = '2030-01-01T00:00:00Z';
const FunctionArn = 'f';

test.each<[Operation, string | null]>([
  [acl({ CannedAccessControlList: 'private' }), null],
  [acl({ AccessControlList: { Owner: owner } }), null],
  [
    acl({ AccessControlList: { Owner: owner, Grants: [{ ...grantTo('1'), Permission: 'READ' }] } }),
    null,
  ],
  [acl(undefined), 'exactly one of AccessControlList and CannedAccessControlList'],
  [acl({}), 'exactly one of'],
  [
    acl({ CannedAccessControlList: 'private', AccessControlList: { Owner: owner } }),
    'exactly one of',
  ],
  [acl({ AccessControlList: { Owner: owner, Grants: [{}] } }), 'Every grant needs a Grantee'],
  [acl({ AccessControlList: { Owner: owner, Grants: [grantTo('1')] } }), 'has no Permission'],
  [lambda({ FunctionArn }), null],
  [lambda({ FunctionArn, InvocationSchemaVersion: '1.0' }), null],
  [lambda({ FunctionArn, InvocationSchemaVersion: '2.0', UserArguments: { a: 'b' } }), null],
  [lambda({}), 'FunctionArn is missing'],
  [lambda({ FunctionArn, InvocationSchemaVersion: '3.0' }), "must be 1.0 or 2.0, not '3.0'"],
  [lambda({ FunctionArn, UserArguments: { a: 'b' } }), 'need InvocationSchemaVersion 2.0'],
  [retention({}), null],
  [retention({ Mode: 'GOVERNANCE', RetainUntilDate: date }), null],
  [retention({ Mode: 'GOVERNANCE', EventHold: 'ON', EventHoldDuration: { Days: 3 } }), null],
  [retention({ Mode: 'GOVERNANCE' }), 'must be given together'],
  [retention({ RetainUntilDate: date }), 'must be given together'],
  [copyOf({ ...target, ObjectLockMode: 'COMPLIANCE', ObjectLockEventHold: 'ON' }), null],
  [{ name: 'S3InitiateRestoreObject', parameters: {} }, null],
  [{ name: 'S3PutObjectLegalHold', parameters: { LegalHold: { Status: 'ON' } } }, null],
  [{ name: 'S3ReplicateObject', parameters: {} }, null],
  [{ name: 'S3ComputeObjectChecksum', parameters: {} }, null],
  [
    {
      name: 'S3UpdateObjectEncryption',
      parameters: { ObjectEncryption: { 'SSE-KMS': { KMSKeyArn: keyArn } } },
    },
    null,
  ],
  [
    { name: 'S3UpdateObjectEncryption', parameters: { ObjectEncryption: {} } },
    'ObjectEncryption must hold SSE-KMS',
  ],
  [{ name: 'S3UpdateObjectEncryption', parameters: {} }, 'ObjectEncryption must hold SSE-KMS'],
])('%j has this problem: %s', (operation, problem) => {
  if (problem === null) expect(problemOf(operation)).toBeNull();
  else expect(problemOf(operation)).toContain(problem);
});
