// S3PutObjectCopy: copies every object with one CopyObject call to one bucket.
// Our choice where AWS says nothing: TargetKeyPrefix is a folder, so "a" and "a/" both make a/key.
// A copy that is repeated overwrites its own first result with the same bytes.
import { parseBucketArn } from '../arn.ts';
import type { Grant, ObjectMetadata, PutObjectCopyParameters } from '../operation.ts';
import type { CopyObjectInput, Tag } from '../s3-call.ts';
import { encodeRfc3986 } from '../sigv4.ts';
import type { Task } from '../task.ts';
import {
  isAnyOf,
  isCount,
  isFlag,
  isListOf,
  isShape,
  isTag,
  isText,
  isTextMap,
  type OperationFile,
  tagsProblem,
} from './operation-file.ts';

const isGrant = isShape({
  Grantee: isShape({
    TypeIdentifier: isAnyOf('id', 'emailAddress', 'uri'),
    Identifier: isText,
    DisplayName: isText,
  }),
  Permission: isAnyOf('FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'),
});

const isMetadata = isShape({
  CacheControl: isText,
  ContentDisposition: isText,
  ContentEncoding: isText,
  ContentLanguage: isText,
  UserMetadata: isTextMap,
  ContentLength: isCount,
  ContentMD5: isText,
  ContentType: isText,
  HttpExpiresDate: isText,
  RequesterCharged: isFlag,
  SSEAlgorithm: isAnyOf('AES256', 'KMS'),
});

const hasForm = isShape({
  TargetResource: isText,
  CannedAccessControlList: isText,
  AccessControlGrants: isListOf(isGrant),
  MetadataDirective: isAnyOf('COPY', 'REPLACE'),
  ModifiedSinceConstraint: isText,
  NewObjectMetadata: isMetadata,
  NewObjectTagging: isListOf(isTag),
  RedirectLocation: isText,
  RequesterPays: isFlag,
  StorageClass: isText,
  UnModifiedSinceConstraint: isText,
  SSEAwsKmsKeyId: isText,
  TargetKeyPrefix: isText,
  ObjectLockLegalHoldStatus: isAnyOf('OFF', 'ON'),
  ObjectLockMode: isAnyOf('COMPLIANCE', 'GOVERNANCE'),
  ObjectLockRetainUntilDate: isText,
  BucketKeyEnabled: isFlag,
  ChecksumAlgorithm: isText,
});

export const s3PutObjectCopy: OperationFile<'S3PutObjectCopy', PutObjectCopyParameters> = {
  name: 'S3PutObjectCopy',
  isParameters(value): value is PutObjectCopyParameters {
    return hasForm(value);
  },
  problem: (parameters) =>
    targetProblem(parameters) ??
    datesProblem(parameters) ??
    lockProblem(parameters) ??
    grantsProblem(parameters) ??
    tagsProblem(parameters.NewObjectTagging ?? []),
  prepare(parameters) {
    const bucket = parseBucketArn(String(parameters.TargetResource));
    if (bucket === null) throw new Error('S3PutObjectCopy was prepared without being checked.');
    const prefix = folderOf(parameters.TargetKeyPrefix ?? '');
    const settings = settingsOf(parameters);
    return (task) => ({
      command: 'CopyObject',
      input: {
        ...settings,
        Bucket: bucket,
        Key: prefix + task.key,
        CopySource: copySource(task),
      },
    });
  },
  doneBefore: () => false,
};

function targetProblem({ TargetResource }: PutObjectCopyParameters): string | null {
  if (TargetResource === undefined) return 'TargetResource is missing: the bucket to copy to.';
  if (TargetResource.split(':')[2] === 's3express') {
    return `TargetResource ${TargetResource} is a directory bucket, which is not supported yet.`;
  }
  if (parseBucketArn(TargetResource) === null) {
    return `TargetResource ${TargetResource} is not the ARN of a bucket (arn:aws:s3:::bucket).`;
  }
  return null;
}

function datesProblem(parameters: PutObjectCopyParameters): string | null {
  const dates = {
    ModifiedSinceConstraint: parameters.ModifiedSinceConstraint,
    UnModifiedSinceConstraint: parameters.UnModifiedSinceConstraint,
    ObjectLockRetainUntilDate: parameters.ObjectLockRetainUntilDate,
    'NewObjectMetadata.HttpExpiresDate': parameters.NewObjectMetadata?.HttpExpiresDate,
  };
  for (const [name, text] of Object.entries(dates)) {
    if (text !== undefined && Number.isNaN(Date.parse(text))) {
      return `${name} "${text}" is not a time such as 2026-01-02T03:04:05Z.`;
    }
  }
  return null;
}

function lockProblem(parameters: PutObjectCopyParameters): string | null {
  const { ObjectLockMode, ObjectLockRetainUntilDate } = parameters;
  return (ObjectLockMode === undefined) === (ObjectLockRetainUntilDate === undefined)
    ? null
    : 'ObjectLockMode and ObjectLockRetainUntilDate must be given together.';
}

function grantsProblem(parameters: PutObjectCopyParameters): string | null {
  const { AccessControlGrants: grants = [], CannedAccessControlList } = parameters;
  if (grants.length > 0 && CannedAccessControlList !== undefined) {
    return 'CannedAccessControlList and AccessControlGrants cannot both be given.';
  }
  for (const grant of grants) {
    const grantee = granteeOf(grant);
    if (grantee === null) return 'Every grant needs a Grantee with TypeIdentifier and Identifier.';
    if (grant.Permission === undefined) return `The grant to ${grantee} has no Permission.`;
    if (grant.Permission === 'WRITE') return 'CopyObject cannot grant WRITE on an object.';
  }
  return null;
}

/** As a grant header names it; null if it lacks a part. */
function granteeOf({ Grantee: grantee }: Grant): string | null {
  if (grantee?.TypeIdentifier === undefined || grantee.Identifier === undefined) return null;
  return `${grantee.TypeIdentifier}="${grantee.Identifier}"`;
}

function folderOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

/** Slashes stand between the parts of a key; all else but unreserved characters is escaped. */
function copySource(task: Task): string {
  const path = `${task.bucket}/${encodeRfc3986(task.key).replaceAll('%2F', '/')}`;
  if (task.versionId === null || task.versionId === '') return path;
  return `${path}?versionId=${encodeRfc3986(task.versionId)}`;
}

type Settings = Omit<CopyObjectInput, 'Bucket' | 'Key' | 'CopySource'>;

function settingsOf(parameters: PutObjectCopyParameters): Settings {
  return defined({
    ACL: parameters.CannedAccessControlList,
    BucketKeyEnabled: parameters.BucketKeyEnabled,
    ChecksumAlgorithm: parameters.ChecksumAlgorithm,
    CopySourceIfModifiedSince: timeMs(parameters.ModifiedSinceConstraint),
    CopySourceIfUnmodifiedSince: timeMs(parameters.UnModifiedSinceConstraint),
    ObjectLockLegalHoldStatus: parameters.ObjectLockLegalHoldStatus,
    ObjectLockMode: parameters.ObjectLockMode,
    ObjectLockRetainUntilDate: timeMs(parameters.ObjectLockRetainUntilDate),
    RequestPayer: parameters.RequesterPays === true ? 'requester' : undefined,
    SSEKMSKeyId: parameters.SSEAwsKmsKeyId,
    ServerSideEncryption: encryptionOf(parameters),
    StorageClass: parameters.StorageClass,
    WebsiteRedirectLocation: parameters.RedirectLocation,
    MetadataDirective: directiveOf(parameters),
    ...metadataOf(parameters.NewObjectMetadata ?? {}),
    ...taggingOf(parameters.NewObjectTagging),
    ...grantsOf(parameters.AccessControlGrants ?? []),
  });
}

/** Absent: the source's metadata is copied; present: it is replaced as a whole. */
function directiveOf(parameters: PutObjectCopyParameters): string | undefined {
  if (parameters.MetadataDirective !== undefined) return parameters.MetadataDirective;
  const given = Object.values(metadataOf(parameters.NewObjectMetadata ?? {})).some(isGiven);
  return given ? 'REPLACE' : undefined;
}

function encryptionOf(parameters: PutObjectCopyParameters): string | undefined {
  const algorithm = parameters.NewObjectMetadata?.SSEAlgorithm;
  if (parameters.SSEAwsKmsKeyId !== undefined || algorithm === 'KMS') return 'aws:kms';
  return algorithm;
}

function metadataOf(metadata: ObjectMetadata) {
  return {
    CacheControl: metadata.CacheControl,
    ContentDisposition: metadata.ContentDisposition,
    ContentEncoding: metadata.ContentEncoding,
    ContentLanguage: metadata.ContentLanguage,
    ContentType: metadata.ContentType,
    Expires: timeMs(metadata.HttpExpiresDate),
    Metadata: metadata.UserMetadata,
  };
}

/** Absent: the source's tags are copied; an empty list: no tags. */
function taggingOf(tags: readonly Tag[] | undefined) {
  if (tags === undefined) return {};
  const pairs = tags.map(({ Key, Value }) => `${encodeRfc3986(Key)}=${encodeRfc3986(Value)}`);
  return { Tagging: pairs.join('&'), TaggingDirective: 'REPLACE' };
}

function grantsOf(grants: readonly Grant[]) {
  const granted = (permission: Grant['Permission']): string | undefined => {
    const names = grants.filter((grant) => grant.Permission === permission).map(granteeOf);
    return names.length === 0 ? undefined : names.join(', ');
  };
  return {
    GrantFullControl: granted('FULL_CONTROL'),
    GrantRead: granted('READ'),
    GrantReadACP: granted('READ_ACP'),
    GrantWriteACP: granted('WRITE_ACP'),
  };
}

function timeMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** Without the members that are undefined. */
function defined<T extends object>(
  members: T,
): { readonly [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const given: { [Name in keyof T]?: Exclude<T[Name], undefined> } = {};
  for (const name in members) {
    const value = members[name];
    if (isGiven(value)) given[name] = value;
  }
  return given;
}

function isGiven<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}
