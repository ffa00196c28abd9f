// SNS for people without AWS: the actions of the query protocol that topics with HTTP(S)
// subscribers need, and the public links that messages carry. Control mounts it; deliver.ts does
// the sending.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Log } from '../../../core/log.ts';
import type { TopicAnswer, TopicService } from '../../../core/notify.ts';
import type { Action, ActionCall, ActionPorts } from './actions/action.ts';
import { confirmSubscription } from './actions/confirm-subscription.ts';
import { createTopic } from './actions/create-topic.ts';
import { deleteTopic } from './actions/delete-topic.ts';
import { getSubscriptionAttributes } from './actions/get-subscription-attributes.ts';
import { getTopicAttributes } from './actions/get-topic-attributes.ts';
import { listSubscriptions, listSubscriptionsByTopic } from './actions/list-subscriptions.ts';
import { listTopics } from './actions/list-topics.ts';
import { publish } from './actions/publish.ts';
import { setTopicAttributes } from './actions/set-topic-attributes.ts';
import { subscribe } from './actions/subscribe.ts';
import { unsubscribe } from './actions/unsubscribe.ts';
import type { AddressRules } from './address.ts';
import type { Resolve } from './endpoint.ts';
import { refuse } from './refusal.ts';
import { openTopicRegistry } from './registry.ts';
import { ensureSigningKey } from './signing-key.ts';
import { renderRefusal, renderResult } from './xml.ts';

const actions: ReadonlyMap<string, Action> = new Map([
  ['CreateTopic', alone(createTopic)],
  ['DeleteTopic', alone(deleteTopic)],
  ['ListTopics', listTopics],
  ['GetTopicAttributes', getTopicAttributes],
  ['SetTopicAttributes', alone(setTopicAttributes)],
  ['Subscribe', subscribe],
  ['ConfirmSubscription', alone(confirmSubscription)],
  ['Unsubscribe', alone(unsubscribe)],
  ['ListSubscriptions', listSubscriptions],
  ['ListSubscriptionsByTopic', listSubscriptionsByTopic],
  ['GetSubscriptionAttributes', getSubscriptionAttributes],
  ['Publish', publish],
]);

function alone(action: Action): Action {
  return (ports, call) => ports.registry.alone(() => action(ports, call));
}

/** What a link may do without a signature. */
const linkActions: ReadonlySet<string> = new Set(['ConfirmSubscription', 'Unsubscribe']);

export interface TopicServicePorts {
  readonly log: Log;
  readonly clock: Clock;
  readonly rules: AddressRules;
  readonly resolve: Resolve;
  readonly region: string;
}

export async function openTopicService(
  settings: TopicServicePorts,
  signal: AbortSignal,
): Promise<TopicService> {
  const registry = await openTopicRegistry(settings.log, signal);
  const signingKey = await ensureSigningKey({ ...settings, registry }, signal);
  const ports: ActionPorts = { ...settings, registry };

  async function perform(name: string, call: ActionCall): Promise<TopicAnswer> {
    const id = randomUUID();
    const action = actions.get(name);
    if (action === undefined) {
      const known = [...actions.keys()].join(', ');
      const message = `local topics do not know the action '${name}'; they know ${known}`;
      return renderRefusal(refuse('InvalidAction', message), id);
    }
    await registry.caughtUp(call.signal);
    const answer = await action(ports, call);
    return answer.kind === 'refused'
      ? renderRefusal(answer, id)
      : renderResult(name, answer.result, id);
  }

  return {
    handle: (name, parameters, caller, stop) => perform(name, { parameters, caller, signal: stop }),
    async get(path, query, stop) {
      if (path === `/${signingKey.name}`) {
        return {
          status: 200,
          contentType: 'application/x-pem-file',
          body: signingKey.certificatePem,
        };
      }
      const name = query['Action'] ?? '';
      if (path !== '/' || !linkActions.has(name)) return undefined;
      return perform(name, { parameters: query, caller: null, signal: stop });
    },
  };
}
