// The attributes of a topic that can be set here, and how they are checked. Others are refused by
// name: an attribute that is accepted and does nothing would be a lie.
import { invalid, type TopicRefusal } from '../refusal.ts';

export interface TopicAttributes {
  readonly displayName: string;
  readonly signatureVersion: '1' | '2';
}

const displayNameCharactersMax = 100;

export function applyAttribute(
  attributes: TopicAttributes,
  name: string,
  value: string,
): TopicAttributes | TopicRefusal {
  switch (name) {
    case 'DisplayName':
      return value.length <= displayNameCharactersMax
        ? { ...attributes, displayName: value }
        : invalid('DisplayName', `at most ${displayNameCharactersMax} characters`);
    case 'SignatureVersion':
      return value === '1' || value === '2'
        ? { ...attributes, signatureVersion: value }
        : invalid('SignatureVersion', 'must be 1 or 2');
    default:
      return invalid(
        'AttributeName',
        `${name} is not supported by local topics; DisplayName and SignatureVersion are`,
      );
  }
}
