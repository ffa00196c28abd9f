// Subscribe: an HTTP(S) subscriber gets a confirmation, and nothing else until it confirms. The
// address is checked here so that the person who subscribes learns what is wrong with it; it is
// checked again before each delivery.
import { randomBytes, randomUUID } from 'node:crypto';
import { appendMessage } from '../append-message.ts';
import { findTarget } from '../endpoint.ts';
import { type SubscriptionRecord, type TopicRecord } from '../record.ts';
import { invalid, refuse, type TopicRefusal } from '../refusal.ts';
import {
  type Action,
  type ActionAnswer,
  type ActionCall,
  type ActionPorts,
  answer,
  ownTopic,
  readEntries,
} from './action.ts';

/** Of the whole installation; the deliveries of each stand in the position of one lane. */
export const subscriptionsMax = 100;
const tokenBytes = 64;

export const subscribe: Action = async (ports, call) => {
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic;
  const asked = await readSubscription(ports, call, topic);
  if (asked.kind === 'refused') return asked;
  // Alone only from here: resolving a name may take its time.
  return ports.registry.alone(() => keep(ports, call, asked));
};

async function keep(
  ports: ActionPorts,
  call: ActionCall,
  asked: SubscriptionRecord,
): Promise<ActionAnswer> {
  if (ports.registry.topic(asked.topicArn) === undefined) {
    return refuse('NotFound', 'Topic does not exist');
  }
  const all = ports.registry.subscriptions(ports.clock.wallMs());
  const known = all.find(
    ({ topicArn, endpoint }) => topicArn === asked.topicArn && endpoint === asked.endpoint,
  );
  if (known !== undefined && known.isRaw !== asked.isRaw) {
    return invalid('Attributes', 'Subscription already exists with different attributes');
  }
  if (known === undefined && all.length >= subscriptionsMax) {
    return refuse(
      'SubscriptionLimitExceeded',
      `this installation keeps at most ${subscriptionsMax} subscriptions`,
    );
  }
  const subscription = known ?? asked;
  if (known === undefined) await ports.registry.put([asked], call.signal);
  if (!subscription.isConfirmed) await sendConfirmation(ports, subscription);
  const isArnWanted = call.parameters['ReturnSubscriptionArn'] === 'true';
  const isArnShown = subscription.isConfirmed || isArnWanted;
  return answer({ SubscriptionArn: isArnShown ? subscription.arn : 'pending confirmation' });
}

async function readSubscription(
  ports: ActionPorts,
  call: ActionCall,
  topic: TopicRecord,
): Promise<SubscriptionRecord | TopicRefusal> {
  const protocol = call.parameters['Protocol'];
  if (protocol !== 'http' && protocol !== 'https') {
    return invalid('Protocol', `local topics deliver over http and https, not ${protocol ?? "''"}`);
  }
  const endpoint = call.parameters['Endpoint'] ?? '';
  if (!endpoint.toLowerCase().startsWith(`${protocol}://`)) {
    return invalid('Endpoint', `Endpoint must match the specified protocol ${protocol}`);
  }
  const target = await findTarget(endpoint, ports.rules, ports.resolve);
  if (target.kind !== 'target') return invalid('Endpoint', target.message);
  const attributes = readEntries(call.parameters, 'Attributes', { key: 'key', value: 'value' });
  for (const [name, value] of attributes) {
    if (name !== 'RawMessageDelivery') {
      return invalid('Attributes', `${name} is not supported by local topics`);
    }
    if (value !== 'true' && value !== 'false') return invalid(name, 'must be true or false');
  }
  return {
    kind: 'subscription',
    arn: `${topic.arn}:${randomUUID()}`,
    topicArn: topic.arn,
    accountId: topic.accountId,
    protocol,
    endpoint,
    token: randomBytes(tokenBytes).toString('hex'),
    isConfirmed: false,
    isRaw: attributes.get('RawMessageDelivery') === 'true',
    isUnsubscribeAuthenticated: false,
    createdMs: ports.clock.wallMs(),
  };
}

async function sendConfirmation(
  ports: ActionPorts,
  subscription: SubscriptionRecord,
): Promise<void> {
  await appendMessage(ports.log, {
    kind: 'confirmation',
    messageId: randomUUID(),
    topicArn: subscription.topicArn,
    subscriptionArn: subscription.arn,
    token: subscription.token,
    publishedMs: ports.clock.wallMs(),
  });
}
