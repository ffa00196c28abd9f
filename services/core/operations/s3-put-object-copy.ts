// S3PutObjectCopy: copies every object with one CopyObject call to one bucket.
// Our choice where AWS says nothing: TargetKeyPrefix is a folder, so "a" and "a/" both make a/key.
// A copy that is repeated overwrites its own first result with the same bytes.
import { parseBucketArn } from '../arn.ts';
import type { Grant, ObjectMetadata, PutObjectCopyParameters } from '../operation.ts';
import type { CopyObjectInput, Tag } from '../s3-call.ts';
import { encodeRfc3986 } from '../sigv4.ts';
import type { Task } from '../task.ts';
import { granteeOf, grantProblem, isGrant } from './grants.ts';
import {
  isAnyOf,
  isCount,
  isEventHoldDuration,
  isFlag,
  isListOf,
  isShape,
  isTag,
  isText,
  isTextMap,
  type OperationFile,
  tagsProblem,
} from './operation-file.ts';

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
  AnnotationDirective: isAnyOf('COPY', 'EXCLUDE'),
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
  ObjectLockEventHold: isAnyOf('ON', 'OFF'),
  ObjectLockEventHoldDuration: isEventHoldDuration,
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
  if (parseBucketArn(TargetResource) === null && !isDirectoryBucket(TargetResource)) {
    return `TargetResource ${TargetResource} is not the ARN of a bucket (arn:aws:s3:::bucket).`;
  }
  return null;
}

function isDirectoryBucket(arn: string): boolean {
  return /^arn:[^:]+:s3express:[^:]+:\d{12}:bucket\/[a-z0-9.-]+--x-s3$/.test(arn);
}

/** The part of a copy that this version does not do; null if it does all of it. */
export function copyPartNotBuilt(parameters: PutObjectCopyParameters): string | null {
  if (isDirectoryBucket(parameters.TargetResource ?? '')) return 'to a directory bucket';
  const member = membersNotBuilt.find((name) => parameters[name] !== undefined);
  return member === undefined ? null : `with ${member}`;
}

const membersNotBuilt = [
  'AnnotationDirective',
  'ObjectLockEventHold',
  'ObjectLockEventHoldDuration',
] as const;

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
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockEventHold } = parameters;
  // While an event hold is on, its duration stands for the date.
  if (ObjectLockEventHold !== undefined) return null;
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
    const problem = grantProblem(grant);
    if (problem !== null) return problem;
    if (grant.Permission === 'WRITE') return 'CopyObject cannot grant WRITE on an object.';
  }
  return null;
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
