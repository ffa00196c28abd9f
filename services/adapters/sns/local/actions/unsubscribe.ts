// Unsubscribe: by the owner's signed request, or by the link in a message unless the subscription
// was confirmed with AuthenticateOnUnsubscribe. Unsubscribing what is gone succeeds.
import { refuse } from '../refusal.ts';
import { type Action, answer, ownSubscription } from './action.ts';

export const unsubscribe: Action = async (ports, call) => {
  if (call.caller === null) {
    const arn = call.parameters['SubscriptionArn'] ?? '';
    const linked = ports.registry.subscription(arn, ports.clock.wallMs());
    if (linked === undefined) return answer(null);
    if (!linked.isConfirmed || linked.isUnsubscribeAuthenticated) {
      return refuse('AuthorizationError', 'this subscription ends by a signed request only');
    }
    await ports.registry.remove([arn], call.signal);
    return answer(null);
  }
  const subscription = ownSubscription(ports, call);
  if (subscription.kind === 'refused') {
    return subscription.code === 'NotFound' ? answer(null) : subscription;
  }
  await ports.registry.remove([subscription.arn], call.signal);
  return answer(null);
};
