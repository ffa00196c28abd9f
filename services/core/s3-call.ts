// The data-plane calls a worker may send, as plain data with the SDK's own member names. The
// adapter turns one into bytes; a test proves that they equal what the SDK itself would send.

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface PutObjectTaggingInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  readonly Tagging: { readonly TagSet: readonly Tag[] };
}

export interface DeleteObjectTaggingInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

export interface CopyObjectInput {
  readonly Bucket: string;
  readonly Key: string;
  /** bucket/url-encoded-key[?versionId=…], encoded as S3 wants it. */
  readonly CopySource: string;
  readonly ACL?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly CacheControl?: string;
  readonly ChecksumAlgorithm?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  /** Epoch milliseconds here; the adapter makes a Date of it. */
  readonly CopySourceIfModifiedSince?: number;
  readonly CopySourceIfUnmodifiedSince?: number;
  readonly Expires?: number;
  readonly GrantFullControl?: string;
  readonly GrantRead?: string;
  readonly GrantReadACP?: string;
  readonly GrantWriteACP?: string;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly MetadataDirective?: string;
  readonly ObjectLockLegalHoldStatus?: string;
  readonly ObjectLockMode?: string;
  readonly ObjectLockRetainUntilDate?: number;
  readonly RequestPayer?: string;
  readonly ServerSideEncryption?: string;
  readonly SSEKMSKeyId?: string;
  readonly StorageClass?: string;
  readonly Tagging?: string;
  readonly TaggingDirective?: string;
  readonly WebsiteRedirectLocation?: string;
}

export type S3Call =
  | { readonly command: 'PutObjectTagging'; readonly input: PutObjectTaggingInput }
  | { readonly command: 'DeleteObjectTagging'; readonly input: DeleteObjectTaggingInput }
  | { readonly command: 'CopyObject'; readonly input: CopyObjectInput };
