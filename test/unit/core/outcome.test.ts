import { describe, expect, test } from 'vitest';
import {
  failedUncalled,
  internalError,
  judge,
  refusedUnsafe,
  resultOf,
  successMessage,
} from '../../../services/core/outcome.ts';
import { attemptsMax, deadlineMs, retryDelayMs } from '../../../services/core/retry.ts';
import { resultMessageBytesMax, type Task } from '../../../services/core/task.ts';

const never = () => false;
const answered = (status: number, code: string | null, message = 'm') =>
  ({ kind: 'answered', status, code, message, requestId: 'r' }) as const;

describe('the verdict on an answer', () => {
  test('a success is a success', () => {
    for (const status of [200, 204]) {
      expect(judge(answered(status, null), 1, never)).toEqual({
        kind: 'succeeded',
        httpStatus: status,
        errorCode: '',
        message: successMessage,
        requestId: 'r',
      });
    }
  });

  test.each([
    [503, 'SlowDown'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [429, 'TooManyRequests'],
    [400, 'RequestTimeout'],
    [408, 'AnythingElse'],
    [502, 'AnythingElse'],
    [504, 'AnythingElse'],
    [409, 'OperationAborted'],
    [409, 'ConditionalRequestConflict'],
    [400, 'BadDigest'],
    [200, 'InternalError'],
    [200, 'SlowDown'],
  ])('%d %s is worth another attempt', (status, code) => {
    expect(judge(answered(status, code), 1, never)).toEqual({
      kind: 'retry',
      httpStatus: status,
      errorCode: code,
      message: 'm',
      requestId: 'r',
    });
  });

  test.each([
    [404, 'NoSuchKey'],
    [404, 'NoSuchBucket'],
    [404, 'NoSuchVersion'],
    [403, 'AccessDenied'],
    [405, 'MethodNotAllowed'],
    [412, 'PreconditionFailed'],
    [400, 'InvalidTag'],
    [501, 'NotImplemented'],
    [301, 'PermanentRedirect'],
    [200, 'AnythingElse'],
  ])('%d %s is final', (status, code) => {
    expect(judge(answered(status, code), 1, never)).toMatchObject({
      kind: 'failed',
      httpStatus: status,
      errorCode: code,
    });
  });

  test.each([
    [400, 'ExpiredToken'],
    [403, 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch'],
    [403, 'RequestTimeTooSkewed'],
  ])("%d %s is the world's fault", (status, code) => {
    expect(judge(answered(status, code), 1, never)).toEqual({
      kind: 'world',
      reason: `${code}: m`,
    });
  });

  test.each([
    [404, 'failed', 'HTTP404'],
    [302, 'failed', 'HTTP302'],
    [503, 'retry', 'HTTP503'],
  ])('an answer %d without a code is judged by its status', (status, kind, errorCode) => {
    expect(judge(answered(status, null), 1, never)).toMatchObject({ kind, errorCode });
  });

  test('silence after a request is worth another attempt', () => {
    for (const said of ['ECONNRESET: read', 'UND_ERR_HEADERS_TIMEOUT: slow', 'aborted']) {
      const message = `http://127.0.0.1:9000: ${said}`;
      expect(judge({ kind: 'unreachable', message }, 1, never)).toEqual({
        kind: 'retry',
        httpStatus: 0,
        errorCode: 'Unreachable',
        message,
        requestId: '',
      });
    }
  });

  test("a request that never began is the world's fault", () => {
    for (const said of [
      'ECONNREFUSED: connect',
      'ENOTFOUND: getaddrinfo',
      'DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate',
      'UND_ERR_CONNECT_TIMEOUT: Connect Timeout Error',
      'no credentials for arn: none',
    ]) {
      const message = `https://s3.example.com: ${said}`;
      expect(judge({ kind: 'unreachable', message }, 1, never)).toEqual({
        kind: 'world',
        reason: message,
      });
    }
  });

  test('a refusal that proves an earlier attempt is a success, but not on the first attempt', () => {
    const done = (status: number, code: string) => status === 409 && code === 'AlreadyDone';
    expect(judge(answered(409, 'AlreadyDone'), 1, done)).toMatchObject({ kind: 'failed' });
    expect(judge(answered(409, 'AlreadyDone'), 2, done)).toEqual({
      kind: 'succeeded',
      httpStatus: 200,
      errorCode: '',
      message: successMessage,
      requestId: 'r',
    });
    expect(judge(answered(404, 'NoSuchKey'), 2, done)).toMatchObject({ kind: 'failed' });
  });

  test('a message is cut to its limit at a whole character', () => {
    const verdict = judge(answered(404, 'NoSuchKey', `a${'é'.repeat(2000)}`), 1, never);
    if (verdict.kind !== 'failed') throw new Error('not failed');
    expect(verdict.message).toBe(`a${'é'.repeat(1023)}`);
    expect(Buffer.byteLength(verdict.message)).toBeLessThanOrEqual(resultMessageBytesMax);
    expect(internalError('x'.repeat(5000)).message).toBe('x'.repeat(resultMessageBytesMax));
  });
});

describe('the result of a task', () => {
  const task: Task = { bucket: 'b', key: 'sp ace', written: null, versionId: null };
  const times = { attempts: 2, startedMs: 10.4, endedMs: 20.6 };

  test('a row that left the version empty fails without a call', () => {
    expect(failedUncalled(task)).toBeNull();
    expect(failedUncalled({ ...task, versionId: 'null' })).toBeNull();
    expect(failedUncalled({ ...task, versionId: '' })).toEqual({
      httpStatus: 400,
      errorCode: 'InvalidRequest',
      message: 'Task failed due to missing VersionId',
      requestId: '',
    });
  });

  test('carries the key as the manifest spelled it', () => {
    const outcome = internalError('lost its way');
    expect(resultOf(task, 7, 'failed', outcome, times)).toEqual({
      ordinal: 7,
      bucket: 'b',
      reportedKey: 'sp+ace',
      versionId: '',
      status: 'failed',
      httpStatus: 500,
      errorCode: 'InternalError',
      message: 'lost its way',
      attempts: 2,
      startedMs: 10,
      endedMs: 21,
      requestId: '',
    });
    const other = { ...task, written: 'sp%20ace', versionId: 'v' };
    expect(resultOf(other, 7, 'failed', outcome, times)).toMatchObject({
      reportedKey: 'sp%20ace',
      versionId: 'v',
    });
  });
});

test('a request that the endpoint may not understand is refused with the settings that allow it', () => {
  const outcome = refusedUnsafe('S3PutObjectTagging', 'http://127.0.0.1:9000');
  expect(outcome).toMatchObject({ httpStatus: 501, errorCode: 'NotImplemented', requestId: '' });
  expect(outcome.message).toContain('S3PutObjectTagging was not sent to http://127.0.0.1:9000');
  expect(outcome.message).toContain('S3BATCH_TAGGING_SAFE=true');
});

describe('attempts', () => {
  test('wait with full jitter, twice as long each time, up to 10 s', () => {
    const waits = Array.from({ length: attemptsMax + 2 }, (_, at) =>
      retryDelayMs(at + 1, () => 0.5),
    );
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(retryDelayMs(3, () => 0)).toBe(0);
  });

  test('have a deadline, a longer one where objects are copied', () => {
    expect(deadlineMs('S3PutObjectTagging')).toBe(60_000);
    expect(deadlineMs('S3DeleteObjectTagging')).toBe(60_000);
    expect(deadlineMs('S3PutObjectCopy')).toBe(900_000);
  });
});
