// GetTopicAttributes: what AWS's tools read of a topic.
import { entries } from '../xml.ts';
import { type Action, answer, ownTopic } from './action.ts';

export const getTopicAttributes: Action = async (ports, call) => {
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic;
  const subscriptions = ports.registry
    .subscriptions(ports.clock.wallMs())
    .filter(({ topicArn }) => topicArn === topic.arn);
  const confirmed = subscriptions.filter(({ isConfirmed }) => isConfirmed).length;
  return answer({
    Attributes: entries({
      TopicArn: topic.arn,
      Owner: topic.accountId,
      DisplayName: topic.displayName,
      SignatureVersion: topic.signatureVersion,
      SubscriptionsConfirmed: String(confirmed),
      SubscriptionsPending: String(subscriptions.length - confirmed),
      SubscriptionsDeleted: '0',
    }),
  });
};
