// What an answer means for a task: done, failed, worth another attempt, or not the task's fault.
// The tables hold the decision per error code; a code they do not know is judged by its status.
// Source: S3 API reference, "Error responses"; the AWS SDKs' lists of retryable errors.
import { encodeKey } from './key.ts';
import type { CallAnswer } from './storage.ts';
import { resultMessageBytesMax, type Task, type TaskResult } from './task.ts';

export interface Outcome {
  readonly httpStatus: number;
  /** '' on success. */
  readonly errorCode: string;
  readonly message: string;
  readonly requestId: string;
}

export type Verdict =
  | ({ readonly kind: 'succeeded' } & Outcome)
  | ({ readonly kind: 'failed' } & Outcome)
  /** Worth another attempt; with none left, the task fails with this outcome. */
  | ({ readonly kind: 'retry' } & Outcome)
  /** The world's error: it opens the endpoint's breaker and spends no attempt. */
  | { readonly kind: 'world'; readonly reason: string };

/** Busy or broken for a moment, whatever the status that carries it. */
const retryCodes: ReadonlySet<string> = new Set([
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'RequestTimeout',
  'RequestTimeoutException',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'KMS.ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  // Another request on the same key was under way.
  'OperationAborted',
  'ConditionalRequestConflict',
  // The request was damaged on its way.
  'BadDigest',
  'IncompleteBody',
  'XAmzContentSHA256Mismatch',
]);

/** Wrong, expired or skewed credentials: every task of the role meets the same. */
const worldCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'AuthorizationHeaderMalformed',
]);

const retryStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Nobody listens, no such host, no route, no trust: the request never began. */
const neverBegan = new RegExp(
  [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'UND_ERR_CONNECT_TIMEOUT',
    'CERT',
    'no credentials',
  ].join('|'),
);

/** What S3 reports as ResultMessage of a success. */
export const successMessage = 'Successful';

/**
 * attempts: made so far, this one included. doneBefore: the operation's own word on whether a
 * refusal on a later attempt shows that an earlier one worked (operations/registry.ts).
 */
export function judge(
  answer: CallAnswer,
  attempts: number,
  doneBefore: (status: number, code: string) => boolean,
): Verdict {
  if (answer.kind === 'unreachable') return judgeSilence(answer.message);
  const { status, requestId } = answer;
  const success = { kind: 'succeeded', httpStatus: 200, errorCode: '', requestId } as const;
  if (answer.code === null && status < 300) {
    return { ...success, httpStatus: status, message: successMessage };
  }
  const code = answer.code ?? `HTTP${status}`;
  if (worldCodes.has(code)) return { kind: 'world', reason: `${code}: ${answer.message}` };
  if (attempts > 1 && doneBefore(status, code)) return { ...success, message: successMessage };
  const again = retryCodes.has(code) || retryStatuses.has(status);
  return {
    kind: again ? 'retry' : 'failed',
    httpStatus: status,
    errorCode: code,
    message: cutMessage(answer.message),
    requestId,
  };
}

function judgeSilence(message: string): Verdict {
  if (neverBegan.test(message)) return { kind: 'world', reason: message };
  return {
    kind: 'retry',
    httpStatus: 0,
    errorCode: 'Unreachable',
    message: cutMessage(message),
    requestId: '',
  };
}

/** A task whose row left the version empty fails without a call, as AWS has it; null: call. */
export function failedUncalled(task: Task): Outcome | null {
  if (task.versionId !== '') return null;
  return {
    httpStatus: 400,
    errorCode: 'InvalidRequest',
    message: 'Task failed due to missing VersionId',
    requestId: '',
  };
}

/**
 * The outcome of a task whose request the endpoint is not known to understand: a server that takes
 * `PUT ?tagging` for a PUT would have replaced the object.
 */
export function refusedUnsafe(operation: string, endpoint: string): Outcome {
  return {
    httpStatus: 501,
    errorCode: 'NotImplemented',
    message: cutMessage(
      `${operation} was not sent to ${endpoint}, which is not declared to understand object ` +
        'tagging: set S3BATCH_TAGGING_SAFE=true, or subresourcesSafe in the S3BATCH_ROLES file.',
    ),
    requestId: '',
  };
}

/** The outcome of a task inside which this program, not S3, went wrong. */
export function internalError(message: string): Outcome {
  return {
    httpStatus: 500,
    errorCode: 'InternalError',
    message: cutMessage(message),
    requestId: '',
  };
}

export interface TaskTimes {
  readonly attempts: number;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** The record of a task that has ended. */
export function resultOf(
  task: Task,
  ordinal: number,
  status: TaskResult['status'],
  outcome: Outcome,
  times: TaskTimes,
): TaskResult {
  return {
    ordinal,
    bucket: task.bucket,
    reportedKey: task.written ?? encodeKey(task.key),
    versionId: task.versionId ?? '',
    status,
    httpStatus: outcome.httpStatus,
    errorCode: outcome.errorCode,
    message: outcome.message,
    attempts: times.attempts,
    startedMs: Math.round(times.startedMs),
    endedMs: Math.round(times.endedMs),
    requestId: outcome.requestId,
  };
}

/** At most resultMessageBytesMax bytes of UTF-8, never half a character. */
function cutMessage(message: string): string {
  if (message.length * 3 <= resultMessageBytesMax) return message;
  const bytes = new Uint8Array(resultMessageBytesMax);
  const { written } = new TextEncoder().encodeInto(message, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
