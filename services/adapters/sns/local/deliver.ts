// The delivery lane of local topics: every message goes to each subscription of its topic, at least
// once, in order per subscription, with the same MessageId on every try. A subscriber that is down
// holds up nobody else. Before a subscription is confirmed it gets its confirmation and nothing
// else.
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock, Random } from '../../../core/clock.ts';
import { ignoreGone, isLogError, type Log } from '../../../core/log.ts';
import { snsDeliveryGroup, snsMessagesTopic } from '../../../core/names.ts';
import { type OutboxPlan, type OutboxVerdict, runOutbox } from '../../../core/outbox.ts';
import { outboxName } from '../../../core/outbox-ledger.ts';
import type { AddressRules } from './address.ts';
import { findTarget, type Resolve } from './endpoint.ts';
import { envelopeOf } from './envelope.ts';
import { decodeMessage, type MessageRecord, type SigningKeyRecord } from './record.ts';
import { openTopicRegistry, type TopicRegistry } from './registry.ts';
import { retryAfterMs } from './retry-policy.ts';
import type { PostAnswer, Sender } from './sender.ts';
import { ensureSigningKey } from './signing-key.ts';

export interface DeliveryPorts {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: AddressRules;
  readonly resolve: Resolve;
  readonly send: Sender;
  /** Of this installation, without a trailing slash. */
  readonly baseUrl: () => string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Ends when the signal is aborted or the control space is gone; rejects when the log is lost. */
export async function runDeliveries(ports: DeliveryPorts, signal: AbortSignal): Promise<void> {
  try {
    const registry = await openTopicRegistry(ports.log, signal);
    const signingKey = await ensureSigningKey({ ...ports, registry }, signal);
    const place = { ...ports, registry, signingKey };
    const lanes = ports.log.join('control', snsMessagesTopic, snsDeliveryGroup, signal);
    for await (const lane of lanes) {
      try {
        await runOutbox(
          lane,
          {
            clock: ports.clock,
            prepare: (stop) => registry.caughtUp(stop),
            plan: ({ value }) => (value === null ? null : planOf(place, decodeMessage(value))),
            attempt: (subscriptionArn, message, attempt, stop) =>
              deliver(place, { subscriptionArn, message, attempt }, stop),
            name: (subscriptionArn) => outboxName(sha256Hex(subscriptionArn)),
          },
          signal,
        );
      } catch (error) {
        // Another process has the lane now; this one waits for its next.
        if (!isLogError(error) || error.failure !== 'fenced') throw error;
      }
    }
  } catch (error) {
    ignoreGone(error);
  }
}

interface Place extends DeliveryPorts {
  readonly registry: TopicRegistry;
  readonly signingKey: SigningKeyRecord;
}

/** The subscriptions that exist and are confirmed when the message is read. */
function planOf(place: Place, message: MessageRecord): OutboxPlan<MessageRecord> | null {
  const destinations =
    message.kind === 'confirmation'
      ? [message.subscriptionArn]
      : place.registry
          .subscriptions(place.clock.wallMs())
          .filter(({ topicArn, isConfirmed }) => isConfirmed && topicArn === message.topicArn)
          .map(({ arn }) => arn);
  return destinations.length === 0 ? null : { destinations, item: message };
}

interface Attempt {
  readonly subscriptionArn: string;
  readonly message: MessageRecord;
  readonly attempt: number;
}

async function deliver(
  place: Place,
  { subscriptionArn, message, attempt }: Attempt,
  signal: AbortSignal,
): Promise<OutboxVerdict> {
  await place.registry.caughtUp(signal);
  const nowMs = place.clock.wallMs();
  const subscription = place.registry.subscription(subscriptionArn, nowMs);
  const topic = place.registry.topic(message.topicArn);
  if (subscription === undefined || topic === undefined) return { kind: 'finished' };
  if (message.kind === 'confirmation' && subscription.isConfirmed) return { kind: 'finished' };

  const { endpoint } = subscription;
  const result = await attemptPost(place, endpoint, signal, () =>
    envelopeOf(message, subscription, {
      baseUrl: place.baseUrl(),
      signingKey: place.signingKey,
      signatureVersion: topic.signatureVersion,
    }),
  );
  const { messageId } = message;
  const where = { topicArn: topic.arn, endpoint: bareUrl(endpoint), messageId, attempt };
  switch (result.kind) {
    case 'delivered':
      return { kind: 'finished' };
    case 'refused':
      place.logger.error({ ...where, reason: result.reason }, 'delivery given up: refused');
      return { kind: 'finished' };
    case 'failed': {
      if (signal.aborted) return { kind: 'later', afterMs: 0 };
      const afterMs = retryAfterMs(attempt, nowMs - message.publishedMs, place.random);
      if (afterMs === null) {
        place.logger.error(
          { ...where, reason: result.reason },
          'delivery given up: too many tries',
        );
        return { kind: 'finished' };
      }
      if (attempt === 1) place.logger.warn({ ...where, reason: result.reason }, 'delivery delayed');
      return { kind: 'later', afterMs };
    }
  }
}

type PostResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

async function attemptPost(
  place: Place,
  endpoint: string,
  signal: AbortSignal,
  envelope: () => { readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Promise<PostResult> {
  const target = await findTarget(endpoint, place.rules, place.resolve);
  switch (target.kind) {
    case 'refused':
      return { kind: 'refused', reason: target.message };
    case 'unresolved':
      return { kind: 'failed', reason: target.message };
    case 'target': {
      const { url, address } = target;
      return judge(await place.send({ url, address, ...envelope() }, signal));
    }
  }
}

/** AWS tries again after no answer, 429 and 5xx; any other answer but success is final. */
function judge(answer: PostAnswer): PostResult {
  if (answer.kind === 'unreachable') return { kind: 'failed', reason: answer.message };
  const { status } = answer;
  const reason = `the subscriber answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 429 || status >= 500 || status < 200) return { kind: 'failed', reason };
  return { kind: 'refused', reason };
}

/** Without its query, where people put secrets. */
function bareUrl(endpoint: string): string {
  return endpoint.split('?')[0] ?? '';
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
