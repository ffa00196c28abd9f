// The S3 ports. Objects is what ingest, reporter and rules need of a bucket; Calls is what a worker
// sends, one call per attempt. Both belong to a role: an endpoint and credentials that the operator
// configured. A failure is data: nothing here rejects but for a bug.
import type { S3Call } from './s3-call.ts';

export type StorageAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** The server answered, and said no. code is S3's own, e.g. NoSuchKey, AccessDenied. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string;
      readonly message: string;
    }
  /** No answer: refused connection, reset, time-out, DNS. */
  | { readonly kind: 'unreachable'; readonly message: string };

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
  /** null: the current version. */
  readonly versionId: string | null;
}

export interface ObjectHead {
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly versionId: string | null;
  readonly lastModifiedMs: number;
}

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface ListedObject {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly lastModifiedMs: number;
}

export interface Listing {
  readonly objects: readonly ListedObject[];
  readonly commonPrefixes: readonly string[];
  /** Pass as startAfter to go on; null at the end. */
  readonly next: string | null;
}

export interface WriteSettings {
  readonly contentType: string;
  /** The server refuses with 403 a bucket that is not this account's; null: any. */
  readonly expectedBucketOwner: string | null;
}

export interface Objects {
  head(at: ObjectAddress, signal: AbortSignal): Promise<StorageAnswer<ObjectHead>>;
  /** Ranged GET; with ifMatch a changed object is refused with 412 PreconditionFailed. */
  read(
    at: ObjectAddress,
    range: ByteRange,
    ifMatch: string | null,
    signal: AbortSignal,
  ): Promise<StorageAnswer<Uint8Array>>;
  /** Small puts (at most 64 MiB), with Content-MD5 or a checksum so that damage is refused. */
  write(
    at: ObjectAddress,
    bytes: Uint8Array,
    settings: WriteSettings,
    signal: AbortSignal,
  ): Promise<StorageAnswer<ObjectHead>>;
  /** One page (at most 1,000 entries) of ListObjectsV2. */
  list(
    bucket: string,
    page: { readonly prefix: string; readonly delimiter: string; readonly startAfter: string },
    signal: AbortSignal,
  ): Promise<StorageAnswer<Listing>>;
  remove(at: ObjectAddress, signal: AbortSignal): Promise<StorageAnswer<null>>;
}

/** What a server said to one attempt at a call. */
export type CallAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** null on success; S3's error code else, also for an error document inside a 200. */
      readonly code: string | null;
      readonly message: string;
      readonly requestId: string;
    }
  | { readonly kind: 'unreachable'; readonly message: string };

export interface Calls {
  call(call: S3Call, signal: AbortSignal): Promise<CallAnswer>;
}

/** Everything of one role. kind says what the operator vouches for at this endpoint. */
export interface RoleStorage {
  readonly endpoint: string;
  /** Sub-resource calls (tagging) are sent only where the server is known to understand them. */
  readonly subresourcesSafe: boolean;
  readonly objects: Objects;
  readonly calls: Calls;
}

/** Roles that the operator configured; undefined where a role ARN matches none. */
export interface Roles {
  resolve(roleArn: string): RoleStorage | undefined;
}
