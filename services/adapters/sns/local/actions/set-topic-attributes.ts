// SetTopicAttributes: DisplayName and SignatureVersion.
import { type Action, answer, ownTopic } from './action.ts';
import { applyAttribute } from './topic-attributes.ts';

export const setTopicAttributes: Action = async (ports, call) => {
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic;
  const name = call.parameters['AttributeName'] ?? '';
  const { displayName, signatureVersion } = topic;
  const value = call.parameters['AttributeValue'] ?? '';
  const applied = applyAttribute({ displayName, signatureVersion }, name, value);
  if ('kind' in applied) return applied;
  await ports.registry.put([{ ...topic, ...applied }], call.signal);
  return answer(null);
};
