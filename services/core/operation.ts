// The operations a job can name, with AWS's own member names inside: one form is parsed, checked,
// stored, rendered and worked. Which of them this build can run stands in operations/registry.ts;
// the others are stored and shown, and their jobs fail in Preparing (not-built.ts).
import type { Tag } from './s3-call.ts';

export interface PutObjectTaggingParameters {
  readonly TagSet: readonly Tag[];
}

export interface Grant {
  readonly Grantee?: {
    readonly TypeIdentifier?: 'id' | 'emailAddress' | 'uri';
    readonly Identifier?: string;
    readonly DisplayName?: string;
  };
  readonly Permission?: 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';
}

export interface ObjectMetadata {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly UserMetadata?: Readonly<Record<string, string>>;
  readonly ContentLength?: number;
  readonly ContentMD5?: string;
  readonly ContentType?: string;
  /** ISO 8601, as every timestamp in a stored operation. */
  readonly HttpExpiresDate?: string;
  readonly RequesterCharged?: boolean;
  readonly SSEAlgorithm?: 'AES256' | 'KMS';
}

/** Exactly one of the two. */
export interface EventHoldDuration {
  readonly Days?: number;
  readonly Years?: number;
}

export type NoParameters = Readonly<Record<string, never>>;

export interface PutObjectCopyParameters {
  readonly TargetResource?: string;
  readonly CannedAccessControlList?: string;
  readonly AccessControlGrants?: readonly Grant[];
  readonly MetadataDirective?: 'COPY' | 'REPLACE';
  readonly AnnotationDirective?: 'COPY' | 'EXCLUDE';
  readonly ModifiedSinceConstraint?: string;
  readonly NewObjectMetadata?: ObjectMetadata;
  readonly NewObjectTagging?: readonly Tag[];
  readonly RedirectLocation?: string;
  readonly RequesterPays?: boolean;
  readonly StorageClass?: string;
  readonly UnModifiedSinceConstraint?: string;
  readonly SSEAwsKmsKeyId?: string;
  readonly TargetKeyPrefix?: string;
  readonly ObjectLockLegalHoldStatus?: 'OFF' | 'ON';
  readonly ObjectLockMode?: 'COMPLIANCE' | 'GOVERNANCE';
  readonly ObjectLockRetainUntilDate?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly ChecksumAlgorithm?: string;
  readonly ObjectLockEventHold?: 'ON' | 'OFF';
  readonly ObjectLockEventHoldDuration?: EventHoldDuration;
}

export interface PutObjectAclParameters {
  /** A list or a canned one, not both. */
  readonly AccessControlPolicy?: {
    readonly AccessControlList?: {
      readonly Owner: { readonly ID?: string; readonly DisplayName?: string };
      readonly Grants?: readonly Grant[];
    };
    readonly CannedAccessControlList?: string;
  };
}

export interface InitiateRestoreObjectParameters {
  readonly ExpirationInDays?: number;
  readonly GlacierJobTier?: 'BULK' | 'STANDARD';
}

export interface PutObjectLegalHoldParameters {
  readonly LegalHold: { readonly Status: 'OFF' | 'ON' };
}

export interface PutObjectRetentionParameters {
  readonly BypassGovernanceRetention?: boolean;
  /** Without members it takes the retention away. */
  readonly Retention: {
    readonly RetainUntilDate?: string;
    readonly Mode?: 'COMPLIANCE' | 'GOVERNANCE';
    readonly EventHold?: 'ON' | 'OFF';
    readonly EventHoldDuration?: EventHoldDuration;
  };
}

export interface ComputeObjectChecksumParameters {
  readonly ChecksumAlgorithm?: string;
  readonly ChecksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface UpdateObjectEncryptionParameters {
  readonly ObjectEncryption?: {
    readonly 'SSE-KMS'?: { readonly KMSKeyArn: string; readonly BucketKeyEnabled?: boolean };
  };
}

export interface LambdaInvokeParameters {
  readonly FunctionArn?: string;
  /** Absent: 1.0. */
  readonly InvocationSchemaVersion?: string;
  readonly UserArguments?: Readonly<Record<string, string>>;
}

export type BuiltOperation =
  | { readonly name: 'S3PutObjectTagging'; readonly parameters: PutObjectTaggingParameters }
  | { readonly name: 'S3DeleteObjectTagging'; readonly parameters: NoParameters }
  | { readonly name: 'S3PutObjectCopy'; readonly parameters: PutObjectCopyParameters };

export type Operation =
  | BuiltOperation
  | { readonly name: 'LambdaInvoke'; readonly parameters: LambdaInvokeParameters }
  | { readonly name: 'S3PutObjectAcl'; readonly parameters: PutObjectAclParameters }
  | {
      readonly name: 'S3InitiateRestoreObject';
      readonly parameters: InitiateRestoreObjectParameters;
    }
  | { readonly name: 'S3PutObjectLegalHold'; readonly parameters: PutObjectLegalHoldParameters }
  | { readonly name: 'S3PutObjectRetention'; readonly parameters: PutObjectRetentionParameters }
  | { readonly name: 'S3ReplicateObject'; readonly parameters: NoParameters }
  | {
      readonly name: 'S3ComputeObjectChecksum';
      readonly parameters: ComputeObjectChecksumParameters;
    }
  | {
      readonly name: 'S3UpdateObjectEncryption';
      readonly parameters: UpdateObjectEncryptionParameters;
    };

export type BuiltOperationName = BuiltOperation['name'];
export type OperationName = Operation['name'];
