// What every action of local topics gets and gives, and the checks that several of them share.
import type { Clock } from '../../../../core/clock.ts';
import type { Log } from '../../../../core/log.ts';
import type { TopicCaller } from '../../../../core/notify.ts';
import type { AddressRules } from '../address.ts';
import type { Resolve } from '../endpoint.ts';
import type { SubscriptionRecord, TopicRecord } from '../record.ts';
import { invalid, refuse, type TopicRefusal } from '../refusal.ts';
import type { TopicRegistry } from '../registry.ts';
import type { XmlValue } from '../xml.ts';

export interface ActionPorts {
  readonly log: Log;
  readonly clock: Clock;
  readonly registry: TopicRegistry;
  readonly rules: AddressRules;
  readonly resolve: Resolve;
  readonly region: string;
}

export type Parameters = Readonly<Record<string, string>>;

export interface ActionCall {
  readonly parameters: Parameters;
  /** null: one of the public links that messages carry. */
  readonly caller: TopicCaller | null;
  readonly signal: AbortSignal;
}

export type ActionAnswer =
  | { readonly kind: 'result'; readonly result: XmlValue | null }
  | TopicRefusal;

export type Action = (ports: ActionPorts, call: ActionCall) => Promise<ActionAnswer>;

export function answer(result: XmlValue | null): ActionAnswer {
  return { kind: 'result', result };
}

export const pageEntriesMax = 100;

/** The caller's own topic. */
export function ownTopic(ports: ActionPorts, call: ActionCall): TopicRecord | TopicRefusal {
  const arn = call.parameters['TopicArn'] ?? call.parameters['TargetArn'];
  if (arn === undefined) return invalid('TopicArn', 'no value for required parameter');
  const parts = arn.split(':');
  if (parts.length !== 6 || parts[0] !== 'arn' || parts[2] !== 'sns') {
    return invalid('TopicArn', `${arn} is not the ARN of a topic`);
  }
  if (call.caller?.accountId !== parts[4]) {
    return refuse('AuthorizationError', `this key may not use the topics of account ${parts[4]}`);
  }
  return ports.registry.topic(arn) ?? refuse('NotFound', 'Topic does not exist');
}

/** The caller's own subscription. */
export function ownSubscription(
  ports: ActionPorts,
  call: ActionCall,
): SubscriptionRecord | TopicRefusal {
  const arn = call.parameters['SubscriptionArn'];
  if (arn === undefined) return invalid('SubscriptionArn', 'no value for required parameter');
  const subscription = ports.registry.subscription(arn, ports.clock.wallMs());
  if (subscription === undefined) return refuse('NotFound', 'Subscription does not exist');
  if (call.caller?.accountId !== subscription.accountId) {
    return refuse('AuthorizationError', 'this key may not use subscriptions of another account');
  }
  return subscription;
}

/** A map in the query protocol: prefix.entry.N.<name> and .<value>, N from 1 without a gap. */
export function readEntries(
  parameters: Parameters,
  prefix: string,
  names: { readonly key: string; readonly value: string },
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let index = 1; ; index += 1) {
    const key = parameters[`${prefix}.entry.${index}.${names.key}`];
    if (key === undefined) return found;
    found.set(key, parameters[`${prefix}.entry.${index}.${names.value}`] ?? '');
  }
}

/** One page of what is sorted by ARN; NextToken is the last ARN of the page before. */
export function page<T extends { readonly arn: string }>(
  all: readonly T[],
  parameters: Parameters,
): { readonly shown: readonly T[]; readonly next: Readonly<Record<string, string>> } {
  const after = parameters['NextToken'] ?? '';
  const rest = all.filter(({ arn }) => arn > after);
  const shown = rest.slice(0, pageEntriesMax);
  const last = shown.at(-1);
  const isMore = rest.length > shown.length && last !== undefined;
  return { shown, next: isMore ? { NextToken: last.arn } : {} };
}
