// What this process knows of local topics: a view of sns-topics as maps. Reading is synchronous;
// whoever must not miss a change waits for caughtUp first. Subscriptions that were not confirmed in
// time count as absent.
import type { Log } from '../../../core/log.ts';
import { snsTopicsTopic } from '../../../core/names.ts';
import {
  decodeSettings,
  encodeRecord,
  recordKey,
  type SettingsRecord,
  type SigningKeyRecord,
  type SubscriptionRecord,
  signingKeyKey,
  type TopicRecord,
} from './record.ts';

export const confirmationMsMax = 3 * 86_400_000;

export interface TopicRegistry {
  topic(arn: string): TopicRecord | undefined;
  /** In the order of their ARNs, as all lists here. */
  topics(accountId: string): readonly TopicRecord[];
  subscription(arn: string, nowMs: number): SubscriptionRecord | undefined;
  subscriptions(nowMs: number): readonly SubscriptionRecord[];
  signingKey(): SigningKeyRecord | undefined;
  /** Durable and seen by this registry when it resolves. */
  put(records: readonly SettingsRecord[], signal: AbortSignal): Promise<void>;
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;
  /** One at a time in this process: what looks first and writes then finds what it has seen. */
  alone<T>(change: () => Promise<T>): Promise<T>;
  caughtUp(signal: AbortSignal): Promise<void>;
}

export async function openTopicRegistry(log: Log, signal: AbortSignal): Promise<TopicRegistry> {
  const records = new Map<string, SettingsRecord>();
  const view = await log.follow(
    'control',
    snsTopicsTopic,
    ({ key, value }) => {
      if (value === null) records.delete(key);
      else records.set(key, decodeSettings(value));
    },
    signal,
  );
  await view.caughtUp('now', signal);

  function isLive(subscription: SubscriptionRecord, nowMs: number): boolean {
    if (!records.has(subscription.topicArn)) return false;
    return subscription.isConfirmed || nowMs - subscription.createdMs < confirmationMsMax;
  }

  async function write(
    changes: readonly { readonly key: string; readonly value: Uint8Array | null }[],
    stop: AbortSignal,
  ): Promise<void> {
    const last = await log.send(
      'control',
      changes.map((change) => ({ topic: snsTopicsTopic, partition: 0, ...change })),
    );
    await view.caughtUp(last, stop);
  }

  let last: Promise<unknown> = Promise.resolve();

  return {
    topic(arn) {
      const record = records.get(arn);
      return record?.kind === 'topic' ? record : undefined;
    },
    topics: (accountId) =>
      [...records.values()]
        .filter((record) => record.kind === 'topic')
        .filter((topic) => topic.accountId === accountId)
        .sort(byArn),
    subscription(arn, nowMs) {
      const record = records.get(arn);
      return record?.kind === 'subscription' && isLive(record, nowMs) ? record : undefined;
    },
    subscriptions: (nowMs) =>
      [...records.values()]
        .filter((record) => record.kind === 'subscription')
        .filter((subscription) => isLive(subscription, nowMs))
        .sort(byArn),
    signingKey() {
      const record = records.get(signingKeyKey);
      return record?.kind === 'signing-key' ? record : undefined;
    },
    put: (added, stop) =>
      write(
        added.map((record) => ({ key: recordKey(record), value: encodeRecord(record) })),
        stop,
      ),
    remove: (keys, stop) =>
      write(
        keys.map((key) => ({ key, value: null })),
        stop,
      ),
    alone(change) {
      const mine = last.then(change);
      last = mine.catch(() => undefined);
      return mine;
    },
    caughtUp: (stop) => view.caughtUp('now', stop),
  };
}

function byArn(one: { readonly arn: string }, other: { readonly arn: string }): number {
  return one.arn < other.arn ? -1 : one.arn > other.arn ? 1 : 0;
}
