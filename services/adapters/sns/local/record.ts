// The records of local SNS in the log, as JSON: topics, subscriptions and the signing key in the
// compacted sns-topics (key = recordKey), messages in sns-messages. New members must be optional,
// so that an older record still reads.
import { z } from 'zod';

const topicRecord = z.object({
  kind: z.literal('topic'),
  arn: z.string(),
  accountId: z.string(),
  displayName: z.string(),
  /** 1: SHA1, 2: SHA256. */
  signatureVersion: z.enum(['1', '2']),
  createdMs: z.number(),
});

const subscriptionRecord = z.object({
  kind: z.literal('subscription'),
  arn: z.string(),
  topicArn: z.string(),
  accountId: z.string(),
  protocol: z.enum(['http', 'https']),
  endpoint: z.string(),
  token: z.string(),
  isConfirmed: z.boolean(),
  isRaw: z.boolean(),
  /** Then the Unsubscribe link works only for a signed request of the owner. */
  isUnsubscribeAuthenticated: z.boolean(),
  createdMs: z.number(),
});

const signingKeyRecord = z.object({
  kind: z.literal('signing-key'),
  /** The last part of the certificate's address. */
  name: z.string(),
  certificatePem: z.string(),
  privateKeyPem: z.string(),
});

const messageAttribute = z.object({
  name: z.string(),
  type: z.string(),
  /** Base 64 if the type is Binary. */
  value: z.string(),
});

const messageRecord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('notification'),
    messageId: z.string(),
    topicArn: z.string(),
    subject: z.string().nullable(),
    message: z.string(),
    /** With MessageStructure=json: what the subscribers of a protocol get instead of message. */
    perProtocol: z.object({ http: z.string().optional(), https: z.string().optional() }),
    attributes: z.array(messageAttribute),
    publishedMs: z.number(),
  }),
  z.object({
    kind: z.literal('confirmation'),
    messageId: z.string(),
    topicArn: z.string(),
    subscriptionArn: z.string(),
    token: z.string(),
    publishedMs: z.number(),
  }),
]);

const settingsRecord = z.discriminatedUnion('kind', [
  topicRecord,
  subscriptionRecord,
  signingKeyRecord,
]);

export type TopicRecord = z.infer<typeof topicRecord>;
export type SubscriptionRecord = z.infer<typeof subscriptionRecord>;
export type SigningKeyRecord = z.infer<typeof signingKeyRecord>;
export type SettingsRecord = z.infer<typeof settingsRecord>;
export type TypedAttribute = z.infer<typeof messageAttribute>;
export type MessageRecord = z.infer<typeof messageRecord>;

export const signingKeyKey = 'signing-key';

export function recordKey(record: SettingsRecord): string {
  switch (record.kind) {
    case 'topic':
      return record.arn;
    case 'subscription':
      return record.arn;
    case 'signing-key':
      return signingKeyKey;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeRecord(record: SettingsRecord | MessageRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

export function decodeSettings(bytes: Uint8Array): SettingsRecord {
  return settingsRecord.parse(JSON.parse(decoder.decode(bytes)));
}

export function decodeMessage(bytes: Uint8Array): MessageRecord {
  return messageRecord.parse(JSON.parse(decoder.decode(bytes)));
}
