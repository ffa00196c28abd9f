// ListSubscriptions and ListSubscriptionsByTopic: 100 a page; one that waits for its confirmation
// shows PendingConfirmation in place of its ARN.
import type { SubscriptionRecord } from '../record.ts';
import { refuse } from '../refusal.ts';
import type { XmlValue } from '../xml.ts';
import { type Action, answer, ownTopic, type Parameters, page } from './action.ts';

export const listSubscriptions: Action = async (ports, { parameters, caller }) => {
  if (caller === null) return refuse('AuthorizationError', 'the request is not signed');
  const own = ports.registry
    .subscriptions(ports.clock.wallMs())
    .filter(({ accountId }) => accountId === caller.accountId);
  return answer(render(own, parameters));
};

export const listSubscriptionsByTopic: Action = async (ports, call) => {
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic;
  const own = ports.registry
    .subscriptions(ports.clock.wallMs())
    .filter(({ topicArn }) => topicArn === topic.arn);
  return answer(render(own, call.parameters));
};

function render(all: readonly SubscriptionRecord[], parameters: Parameters): XmlValue {
  const { shown, next } = page(all, parameters);
  const members = shown.map((subscription) => ({
    SubscriptionArn: subscription.isConfirmed ? subscription.arn : 'PendingConfirmation',
    Owner: subscription.accountId,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
  }));
  return { Subscriptions: members, ...next };
}
