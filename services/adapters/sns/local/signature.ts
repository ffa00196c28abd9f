// How local topics sign a message: the string to sign of AWS ("Verifying the signatures of Amazon
// SNS messages"), RSA with SHA1 (version 1) or SHA256 (version 2).
import { sign } from 'node:crypto';

export interface SignedFields {
  readonly Message: string;
  readonly MessageId: string;
  readonly Timestamp: string;
  readonly TopicArn: string;
  readonly Type: string;
  readonly Subject?: string;
  readonly SubscribeURL?: string;
  readonly Token?: string;
}

const notificationNames = [
  'Message',
  'MessageId',
  'Subject',
  'Timestamp',
  'TopicArn',
  'Type',
] as const;
const confirmationNames = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
] as const;

/**
 * Name, line feed, value, line feed; names in byte order; a notification without subject skips it.
 */
export function stringToSign(fields: SignedFields): string {
  const names = fields.Type === 'Notification' ? notificationNames : confirmationNames;
  return names
    .map((name) => [name, fields[name]] as const)
    .map(([name, value]) => (value === undefined ? '' : `${name}\n${value}\n`))
    .join('');
}

export function signFields(
  fields: SignedFields,
  version: '1' | '2',
  privateKeyPem: string,
): string {
  const algorithm = version === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  return sign(algorithm, new TextEncoder().encode(stringToSign(fields)), privateKeyPem).toString(
    'base64',
  );
}
