// What the sandbox says no with: S3's own codes, each with its status, in one table.
// Source: Amazon S3 API reference, "Error responses".

export const refusalStatus = {
  AccessDenied: 403,
  BadDigest: 400,
  BadRequest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidTag: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;
export type RefusalCode = keyof typeof refusalStatus;

export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: RefusalCode;
  readonly message: string;
}

export type Answer<T> = { readonly kind: 'ok'; readonly value: T } | Refusal;

export function ok<T>(value: T): Answer<T> {
  return { kind: 'ok', value };
}

export function refuse(code: RefusalCode, message: string): Refusal {
  return { kind: 'refused', status: refusalStatus[code], code, message };
}
