// What a subscriber gets: the headers and the JSON body of AWS's HTTP deliveries, signed. A raw
// subscription gets the bare message instead, never for the confirmation.
import type { MessageRecord, SigningKeyRecord, SubscriptionRecord } from './record.ts';
import { type SignedFields, signFields } from './signature.ts';

export interface Envelope {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface EnvelopeSettings {
  /** Of this installation, without a trailing slash. */
  readonly baseUrl: string;
  readonly signingKey: SigningKeyRecord;
  readonly signatureVersion: '1' | '2';
}

const contentType = 'text/plain; charset=UTF-8';
const userAgent = 'Amazon Simple Notification Service Agent';

export function envelopeOf(
  message: MessageRecord,
  subscription: SubscriptionRecord,
  settings: EnvelopeSettings,
): Envelope {
  switch (message.kind) {
    case 'confirmation':
      return confirmation(message, subscription, settings);
    case 'notification':
      return notification(message, subscription, settings);
  }
}

function confirmation(
  message: Extract<MessageRecord, { kind: 'confirmation' }>,
  subscription: SubscriptionRecord,
  settings: EnvelopeSettings,
): Envelope {
  const fields = {
    Type: 'SubscriptionConfirmation',
    MessageId: message.messageId,
    Token: message.token,
    TopicArn: subscription.topicArn,
    Message:
      `You have chosen to subscribe to the topic ${subscription.topicArn}.\n` +
      'To confirm the subscription, visit the SubscribeURL included in this message.',
    SubscribeURL: confirmUrl(settings.baseUrl, subscription.topicArn, message.token),
    Timestamp: new Date(message.publishedMs).toISOString(),
  };
  const headers = headersOf(fields);
  return { headers, body: signedBody(fields, settings, {}) };
}

function notification(
  message: Extract<MessageRecord, { kind: 'notification' }>,
  subscription: SubscriptionRecord,
  settings: EnvelopeSettings,
): Envelope {
  const text = message.perProtocol[subscription.protocol] ?? message.message;
  const fields = {
    Type: 'Notification',
    MessageId: message.messageId,
    TopicArn: message.topicArn,
    ...(message.subject === null ? {} : { Subject: message.subject }),
    Message: text,
    Timestamp: new Date(message.publishedMs).toISOString(),
  };
  const headers = { ...headersOf(fields), 'x-amz-sns-subscription-arn': subscription.arn };
  if (subscription.isRaw) {
    return { headers: { ...headers, 'x-amz-sns-rawdelivery': 'true' }, body: text };
  }
  const attributes = message.attributes.map(
    ({ name, type, value }) => [name, { Type: type, Value: value }] as const,
  );
  const body = signedBody(fields, settings, {
    UnsubscribeURL: unsubscribeUrl(settings.baseUrl, subscription.arn),
    ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
  });
  return { headers, body };
}

function headersOf(fields: SignedFields): Readonly<Record<string, string>> {
  return {
    'x-amz-sns-message-type': fields.Type,
    'x-amz-sns-message-id': fields.MessageId,
    'x-amz-sns-topic-arn': fields.TopicArn,
    'Content-Type': contentType,
    'User-Agent': userAgent,
  };
}

function signedBody(fields: SignedFields, settings: EnvelopeSettings, extra: object): string {
  const { signingKey, signatureVersion, baseUrl } = settings;
  return JSON.stringify({
    ...fields,
    SignatureVersion: signatureVersion,
    Signature: signFields(fields, signatureVersion, signingKey.privateKeyPem),
    SigningCertURL: `${baseUrl}/${signingKey.name}`,
    ...extra,
  });
}

function confirmUrl(baseUrl: string, topicArn: string, token: string): string {
  const query = new URLSearchParams({
    Action: 'ConfirmSubscription',
    TopicArn: topicArn,
    Token: token,
  });
  return `${baseUrl}/?${query.toString()}`;
}

function unsubscribeUrl(baseUrl: string, subscriptionArn: string): string {
  const query = new URLSearchParams({ Action: 'Unsubscribe', SubscriptionArn: subscriptionArn });
  return `${baseUrl}/?${query.toString()}`;
}
