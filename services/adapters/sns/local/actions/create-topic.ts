// CreateTopic: idempotent by name, as AWS's; the same name with other attributes is refused.
import type { TopicRecord } from '../record.ts';
import { invalid, refuse } from '../refusal.ts';
import { type Action, answer, readEntries } from './action.ts';
import { applyAttribute, type TopicAttributes } from './topic-attributes.ts';

const topicsMax = 1_000;
const fresh: TopicAttributes = { displayName: '', signatureVersion: '1' };

export const createTopic: Action = async (ports, { parameters, caller, signal }) => {
  if (caller === null) return refuse('AuthorizationError', 'the request is not signed');
  const name = parameters['Name'] ?? '';
  if (name.endsWith('.fifo')) return invalid('Name', 'FIFO topics are not supported here');
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
    return invalid('Name', 'Topic Name: 1 to 256 letters, digits, hyphens and underscores');
  }
  if (parameters['Tags.member.1.Key'] !== undefined) {
    return invalid('Tags', 'local topics carry no tags');
  }
  const arn = `arn:aws:sns:${ports.region}:${caller.accountId}:${name}`;
  const known = ports.registry.topic(arn);
  let attributes: TopicAttributes =
    known === undefined
      ? fresh
      : { displayName: known.displayName, signatureVersion: known.signatureVersion };
  const asked = readEntries(parameters, 'Attributes', { key: 'key', value: 'value' });
  for (const [attribute, value] of asked) {
    const applied = applyAttribute(attributes, attribute, value);
    if ('kind' in applied) return applied;
    attributes = applied;
  }
  if (known !== undefined) {
    const isSame =
      known.displayName === attributes.displayName &&
      known.signatureVersion === attributes.signatureVersion;
    if (isSame) return answer({ TopicArn: arn });
    return invalid('Attributes', 'Topic already exists with different attributes');
  }
  if (ports.registry.topics(caller.accountId).length >= topicsMax) {
    return refuse('TopicLimitExceeded', `this installation keeps at most ${topicsMax} topics`);
  }
  const { displayName, signatureVersion } = attributes;
  const topic: TopicRecord = {
    kind: 'topic',
    arn,
    accountId: caller.accountId,
    displayName,
    signatureVersion,
    createdMs: ports.clock.wallMs(),
  };
  await ports.registry.put([topic], signal);
  return answer({ TopicArn: arn });
};
