// ListTopics: the caller's topics, 100 a page.
import { refuse } from '../refusal.ts';
import { type Action, answer, page } from './action.ts';

export const listTopics: Action = async (ports, { parameters, caller }) => {
  if (caller === null) return refuse('AuthorizationError', 'the request is not signed');
  const { shown, next } = page(ports.registry.topics(caller.accountId), parameters);
  return answer({ Topics: shown.map(({ arn }) => ({ TopicArn: arn })), ...next });
};
