// DeleteTopic: the topic and its subscriptions go; deleting one that is gone succeeds.
import { type Action, answer, ownTopic } from './action.ts';

export const deleteTopic: Action = async (ports, call) => {
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic.code === 'NotFound' ? answer(null) : topic;
  const subscriptions = ports.registry
    .subscriptions(ports.clock.wallMs())
    .filter(({ topicArn }) => topicArn === topic.arn);
  await ports.registry.remove([...subscriptions.map(({ arn }) => arn), topic.arn], call.signal);
  return answer(null);
};
