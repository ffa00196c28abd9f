// Makes topics and takes them away, and waits until every broker knows of it. A topic that exists
// already (an earlier attempt was cut short, or an operator made it) is used only if it is as we
// would have made it.
// Invariant: resolves only when each partition has a leader, or when no broker knows the topic.
import { logError } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { answered, codes, unanswered } from './failure.ts';
import {
  type FoundTopic,
  replicationFactors,
  settingsThatMatter,
  type TopicSetting,
  topicProblems,
} from './topic-settings.ts';
import {
  createTopics,
  deleteTopics,
  describeConfigs,
  metadata,
  type TopicMetadata,
} from './wire.ts';

/** A controller takes so long at most; the request itself is given up later. */
const controllerMsMax = 8_000;

const ofTopic = { type: 2, configNames: settingsThatMatter } as const;

/** A topic to make; its settings depend on how many replicas it gets. */
export interface TopicOrder {
  readonly topic: string;
  readonly partitions: number;
  readonly settings: (replicationFactor: number) => readonly TopicSetting[];
}

export async function ensureTopics(
  brokers: Brokers,
  orders: readonly TopicOrder[],
  signal: AbortSignal,
): Promise<void> {
  const { link } = brokers;
  const existing = await ended(link.retry(() => createMissing(brokers, orders), signal));
  await ended(
    link.retry(async () => {
      for (const broker of await link.brokers()) await ensureLed(brokers, broker, orders);
    }, signal),
  );
  const found = await ended(link.retry(() => describe(brokers, existing), signal));
  const problems = existing.flatMap(({ topic, partitions, settings }) => {
    const has = found.get(topic);
    if (has === undefined) return [];
    return topicProblems({ topic, partitions, settings: settings(has.replicas) }, has);
  });
  if (problems.length > 0) throw new Error(problems.join('. '));
}

/** Those that existed before: who only uses them needs no right to make topics. */
async function createMissing(
  brokers: Brokers,
  orders: readonly TopicOrder[],
): Promise<readonly TopicOrder[]> {
  const { link, settings } = brokers;
  const controller = await link.controller();
  const known = (await ask(brokers, controller, namesOf(orders))).filter(
    ({ topicErrorCode }) => topicErrorCode === 0,
  );
  const existing = new Set(known.map(({ topic }) => topic));
  const missing = orders.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return orders;
  const running = await link.brokers();
  const factors = replicationFactors(settings.replicationFactor, running.length);
  for (const [tries, factor] of factors.entries()) {
    const errors = await create(brokers, controller, missing, factor);
    const isTooMany = errors.some(({ errorCode }) => errorCode === codes.invalidReplicationFactor);
    if (isTooMany && tries + 1 < factors.length) continue;
    for (const { topic, errorCode, errorMessage } of errors) {
      if (errorCode === codes.topicAlreadyExists) existing.add(topic);
      else if (errorCode !== 0) {
        throw answered(errorCode, `making the topic ${topic} (${errorMessage ?? 'no reason'})`);
      }
    }
    break;
  }
  return orders.filter(({ topic }) => existing.has(topic));
}

async function create(
  { link }: Brokers,
  controller: string,
  orders: readonly TopicOrder[],
  replicationFactor: number,
) {
  const { topicErrors } = await link.send(controller, createTopics, {
    topics: orders.map(({ topic, partitions, settings }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: settings(replicationFactor),
    })),
    validateOnly: false,
    timeout: controllerMsMax,
  });
  return topicErrors;
}

function namesOf(orders: readonly TopicOrder[]): readonly string[] {
  return orders.map(({ topic }) => topic);
}

async function ensureLed(
  brokers: Brokers,
  broker: string,
  orders: readonly TopicOrder[],
): Promise<void> {
  const names = namesOf(orders);
  for (const { topic, topicErrorCode, partitionMetadata } of await ask(brokers, broker, names)) {
    const what = `waiting for leaders of ${topic} at ${broker}`;
    if (topicErrorCode !== 0) throw answered(topicErrorCode, what);
    if (partitionMetadata.some(({ leader }) => leader < 0)) {
      throw unanswered(what, 'a partition has none yet');
    }
  }
}

async function describe(
  brokers: Brokers,
  orders: readonly TopicOrder[],
): Promise<ReadonlyMap<string, FoundTopic>> {
  if (orders.length === 0) return new Map();
  const { link } = brokers;
  const broker = await link.controller();
  const names = namesOf(orders);
  const places = new Map(
    (await ask(brokers, broker, names)).map(({ topic, partitionMetadata }) => [
      topic,
      {
        partitions: partitionMetadata.length,
        replicas: Math.min(...partitionMetadata.map(({ replicas }) => replicas.length)),
      },
    ]),
  );
  const { resources } = await link.send(broker, describeConfigs, {
    resources: names.map((name) => ({ ...ofTopic, name })),
    includeSynonyms: false,
  });
  const found = new Map<string, FoundTopic>();
  for (const { resourceName, errorCode, configEntries } of resources) {
    if (errorCode !== 0) {
      throw answered(
        errorCode,
        `reading the settings of ${resourceName} (it takes DescribeConfigs)`,
      );
    }
    const settings = new Map(
      configEntries.map(({ configName, configValue }) => [configName, configValue ?? '']),
    );
    const place = places.get(resourceName);
    if (place !== undefined) found.set(resourceName, { topic: resourceName, ...place, settings });
  }
  return found;
}

/** Those that there are not count as deleted. */
export async function deleteTopicsNow(
  brokers: Brokers,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (topics.length === 0) return;
  const { link } = brokers;
  await ended(
    link.retry(async () => {
      const { topicErrors } = await link.send(await link.controller(), deleteTopics, {
        topics,
        timeout: controllerMsMax,
      });
      for (const { topic, errorCode } of topicErrors) {
        if (errorCode === 0 || errorCode === codes.unknownTopicOrPartition) continue;
        throw answered(errorCode, `deleting the topic ${topic}`);
      }
    }, signal),
  );
  await ended(
    link.retry(async () => {
      for (const broker of await link.brokers()) {
        for (const { topic, topicErrorCode } of await ask(brokers, broker, topics)) {
          if (topicErrorCode === codes.unknownTopicOrPartition) continue;
          throw unanswered(`deleting ${topic}`, `the broker ${broker} still knows it`);
        }
      }
    }, signal),
  );
}

/** Every topic whose name begins so. */
export async function topicsBeginning(
  brokers: Brokers,
  start: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { link } = brokers;
  const told = await ended(
    link.retry(async () => ask(brokers, await link.controller(), null), signal),
  );
  return told.map(({ topic }) => topic).filter((topic) => topic.startsWith(start));
}

async function ask(
  { link }: Brokers,
  broker: string,
  topics: readonly string[] | null,
): Promise<readonly TopicMetadata[]> {
  const told = await link.send(broker, metadata, { topics, allowAutoTopicCreation: false });
  return told.topicMetadata;
}

/** What an end of the log cut short. */
export async function ended<Result>(retried: Promise<Result | 'aborted'>): Promise<Result> {
  const result = await retried;
  if (result === 'aborted') throw logError('gone', 'this log has ended');
  return result;
}
