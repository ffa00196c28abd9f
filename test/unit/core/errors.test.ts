import { expect, test } from 'vitest';
import { isRefusalCode, refusalTable } from '../../../services/core/errors.ts';

test('every error of the S3 Control service model has its code and HTTP status', () => {
  const model = {
    BadRequestException: 400,
    IdempotencyException: 400,
    TooManyRequestsException: 400,
    InternalServiceException: 500,
    NotFoundException: 400,
    JobStatusException: 400,
    InvalidRequestException: 400,
    InvalidNextTokenException: 400,
    TooManyTagsException: 400,
    AccessDenied: 403,
    SignatureDoesNotMatch: 403,
    InvalidAccessKeyId: 403,
    RequestTimeTooSkewed: 403,
    SlowDown: 503,
  };
  for (const [code, httpStatus] of Object.entries(model)) {
    if (!isRefusalCode(code)) throw new Error(`${code} is not in the table`);
    expect(refusalTable[code].httpStatus, code).toBe(httpStatus);
  }
});

test('only what may pass by itself is retryable', () => {
  const retryable = Object.entries(refusalTable).filter(([, row]) => row.retryable);
  expect(retryable.map(([code]) => code)).toEqual([
    'TooManyRequestsException',
    'InternalServiceException',
    'SlowDown',
  ]);
});

test('a code outside the table is no refusal code, inherited names included', () => {
  expect(isRefusalCode('NoSuchJob')).toBe(false);
  expect(isRefusalCode('toString')).toBe(false);
});
