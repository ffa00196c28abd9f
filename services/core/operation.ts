// The operations a job can name, with AWS's own member names inside: one form is parsed, checked,
// stored, rendered and worked. Which of them this build can run stands in operations/registry.ts.
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

export interface PutObjectCopyParameters {
  readonly TargetResource?: string;
  readonly CannedAccessControlList?: string;
  readonly AccessControlGrants?: readonly Grant[];
  readonly MetadataDirective?: 'COPY' | 'REPLACE';
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
}

export type Operation =
  | { readonly name: 'S3PutObjectTagging'; readonly parameters: PutObjectTaggingParameters }
  | { readonly name: 'S3DeleteObjectTagging'; readonly parameters: Readonly<Record<string, never>> }
  | { readonly name: 'S3PutObjectCopy'; readonly parameters: PutObjectCopyParameters };

export type OperationName = Operation['name'];
