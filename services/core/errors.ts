// The one error table of refusals: what control answers when it does not do what was asked.
// A refusal is a value; the wire layer renders it. retryable: the same request may succeed later.
// Codes and statuses: S3 Control's service model and API reference; authentication as in S3.
// Invariant: docs/API.md lists exactly these codes.

export interface RefusalRow {
  readonly httpStatus: 400 | 403 | 404 | 405 | 411 | 500 | 503;
  readonly when: string;
  readonly retryable: boolean;
}

function never(httpStatus: RefusalRow['httpStatus'], when: string): RefusalRow {
  return { httpStatus, when, retryable: false };
}

function later(httpStatus: RefusalRow['httpStatus'], when: string): RefusalRow {
  return { httpStatus, when, retryable: true };
}

export const refusalTable = {
  BadRequestException: never(400, 'A member of the request is missing, malformed or not allowed.'),
  IdempotencyException: never(
    400,
    'The ClientRequestToken was already used with different parameters.',
  ),
  TooManyRequestsException: later(400, 'The account asks faster than this installation allows.'),
  InternalServiceException: later(500, 'Something failed here that the client cannot mend.'),
  NotFoundException: never(400, 'The account has no job with this id.'),
  JobStatusException: never(400, 'The job cannot leave its status in the requested way.'),
  InvalidRequestException: never(400, 'A parameter of ListJobs is malformed.'),
  InvalidNextTokenException: never(400, 'The NextToken was not issued by this installation.'),
  TooManyTagsException: never(400, 'More tags than a job may carry.'),
  AccessDenied: never(403, 'The key may not do this, or not for this account.'),
  SignatureDoesNotMatch: never(403, 'The signature is not the one computed from the request.'),
  InvalidAccessKeyId: never(403, 'The access key is not configured here.'),
  RequestTimeTooSkewed: never(
    403,
    'The request was signed more than 15 minutes from the time here.',
  ),
  MissingAuthenticationToken: never(403, 'The request is not signed.'),
  AuthorizationHeaderMalformed: never(
    400,
    'The Authorization header cannot be read, or names another region or service.',
  ),
  AuthorizationQueryParametersError: never(400, 'Presigned requests are not accepted.'),
  MissingSecurityHeader: never(400, 'A header that every signed request needs is missing.'),
  XAmzContentSHA256Mismatch: never(
    400,
    'x-amz-content-sha256 is not the SHA-256 of the body that arrived.',
  ),
  InvalidURI: never(400, 'No operation answers at this path.'),
  MethodNotAllowed: never(405, 'The path exists, but not for this method.'),
  MissingContentLength: never(411, 'The length of the body is not declared.'),
  EntityTooLarge: never(400, 'The body is larger than this operation accepts.'),
  MalformedXML: never(400, 'The body is not the XML document that this operation takes.'),
  SlowDown: later(503, 'This installation is overloaded or starting; ask again later.'),
} as const satisfies Readonly<Record<string, RefusalRow>>;

export type RefusalCode = keyof typeof refusalTable;

export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence that names the place and the remedy; at most 1,024 characters. */
  readonly message: string;
}

export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(refusalTable, code);
}
