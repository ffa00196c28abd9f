// ConfirmSubscription: whoever holds the token that was sent to the endpoint may confirm, signed or
// through the link in the message.
import { timingSafeEqual } from 'node:crypto';
import { invalid, refuse } from '../refusal.ts';
import { type Action, answer } from './action.ts';

export const confirmSubscription: Action = async (ports, { parameters, caller, signal }) => {
  const topicArn = parameters['TopicArn'] ?? '';
  const token = parameters['Token'] ?? '';
  if (ports.registry.topic(topicArn) === undefined) {
    return refuse('NotFound', 'Topic does not exist');
  }
  const subscription = ports.registry
    .subscriptions(ports.clock.wallMs())
    .find((known) => known.topicArn === topicArn && isSame(known.token, token));
  if (subscription === undefined) return invalid('Token', 'Invalid token');
  if (!subscription.isConfirmed) {
    const isUnsubscribeAuthenticated =
      caller !== null && parameters['AuthenticateOnUnsubscribe'] === 'true';
    await ports.registry.put(
      [{ ...subscription, isConfirmed: true, isUnsubscribeAuthenticated }],
      signal,
    );
  }
  return answer({ SubscriptionArn: subscription.arn });
};

function isSame(one: string, other: string): boolean {
  const [bytes, otherBytes] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  return bytes.length === otherBytes.length && timingSafeEqual(bytes, otherBytes);
}
