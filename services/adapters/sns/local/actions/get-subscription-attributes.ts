// GetSubscriptionAttributes: what AWS's tools read of a subscription.
import { entries } from '../xml.ts';
import { type Action, answer, ownSubscription } from './action.ts';

export const getSubscriptionAttributes: Action = async (ports, call) => {
  const subscription = ownSubscription(ports, call);
  if (subscription.kind === 'refused') return subscription;
  return answer({
    Attributes: entries({
      SubscriptionArn: subscription.arn,
      TopicArn: subscription.topicArn,
      Owner: subscription.accountId,
      Protocol: subscription.protocol,
      Endpoint: subscription.endpoint,
      PendingConfirmation: String(!subscription.isConfirmed),
      RawMessageDelivery: String(subscription.isRaw),
      ConfirmationWasAuthenticated: String(subscription.isUnsubscribeAuthenticated),
    }),
  });
};
