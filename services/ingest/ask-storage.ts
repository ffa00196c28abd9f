// Asks S3, and asks again while the trouble is the world's: no answer, a server error, throttling.
// That is borne for a bounded time in a row and then becomes the job's problem; whatever the server
// says about the request itself comes back at once, credentials included.
import type { Clock } from '../core/clock.ts';
import { retryDelayMs } from '../core/retry.ts';
import type { StorageAnswer } from '../core/storage.ts';
import type { IngestLimits } from './limits.ts';
import { problem, shown } from './problem.ts';

export interface Asking {
  readonly clock: Clock;
  readonly limits: Pick<IngestLimits, 'storagePatienceMs'>;
  /** Named in reasons. */
  readonly endpoint: string;
}

export type StorageRefusal = Extract<StorageAnswer<never>, { kind: 'refused' }>;
export type StorageVerdict<T> = { readonly kind: 'ok'; readonly value: T } | StorageRefusal;

/** No jitter: one request per file and job is no herd. */
const wholeDelay = () => 1;
const serverErrorStatus = 500;
/** Answers below 500 that a repetition cures. */
const passingCodes: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
]);
const tooManyRequestsStatus = 429;
/** Answers from 500 on that no repetition cures. */
const notImplementedStatus = 501;

/** what: the request as a person would name it, "GET arn:aws:s3:::bucket/key". */
export async function askStorage<T>(
  asking: Asking,
  what: string,
  ask: () => Promise<StorageAnswer<T>>,
  signal: AbortSignal,
): Promise<StorageVerdict<T>> {
  const { clock, endpoint, limits } = asking;
  const startedMs = clock.monotonicMs();
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    const answer = await ask();
    signal.throwIfAborted();
    if (answer.kind === 'ok') return answer;
    if (answer.kind === 'refused' && !isPassing(answer)) return answer;
    const delayMs = retryDelayMs(attempts, wholeDelay);
    if (clock.monotonicMs() - startedMs + delayMs > limits.storagePatienceMs) {
      throw givenUp(what, endpoint, answer, limits.storagePatienceMs);
    }
    await clock.sleep(delayMs, signal);
  }
}

function isPassing(refusal: StorageRefusal): boolean {
  if (refusal.status === notImplementedStatus) return false;
  return (
    refusal.status >= serverErrorStatus ||
    refusal.status === tooManyRequestsStatus ||
    passingCodes.has(refusal.code)
  );
}

function givenUp(
  what: string,
  endpoint: string,
  answer: Exclude<StorageAnswer<never>, { kind: 'ok' }>,
  patienceMs: number,
) {
  const seconds = Math.round(patienceMs / 1000);
  const last = `${shown(what)}, tried for ${seconds} s`;
  return answer.kind === 'unreachable'
    ? problem(
        'ServiceUnavailable',
        `${shown(endpoint)} did not answer ${last}: ${shown(answer.message)}. ` +
          'Check the endpoint and the network.',
      )
    : problem(
        answer.code,
        `${shown(endpoint)} answered ${answer.status} ${shown(answer.code)} to ${last}: ` +
          shown(answer.message),
      );
}
