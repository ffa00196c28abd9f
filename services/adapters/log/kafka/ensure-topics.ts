// Makes topics and takes them away, and waits until every broker knows of it. A topic that exists
// already (an earlier attempt was cut short, or an operator made it) is used only if it is as we
// would have made it.
// Invariant: resolves only when each partition has a leader, or when no broker knows the topic.
import { logError } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { answered, codes, unanswered } from './failure.ts';
import {
  type FoundTopic,
  replicationFactorOf,
  settingsThatMatter,
  type TopicSetting,
  topicProblems,
  type WantedTopic,
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
  const live = await ended(link.retry(() => link.brokers(), signal));
  const replicationFactor = replicationFactorOf(brokers.settings.replicationFactor, live.length);
  const wanted = orders.map(({ topic, partitions, settings }) => ({
    topic,
    partitions,
    settings: settings(replicationFactor),
  }));
  const existing = await ended(
    link.retry(() => createMissing(brokers, wanted, replicationFactor), signal),
  );
  await ended(
    link.retry(async () => {
      for (const broker of await link.brokers()) await ensureLed(brokers, broker, wanted);
    }, signal),
  );
  const found = await ended(link.retry(() => describe(brokers, existing), signal));
  const problems = existing.flatMap((topic) => {
    const has = found.get(topic.topic);
    return has === undefined ? [] : topicProblems(topic, has);
  });
  if (problems.length > 0) throw new Error(problems.join('. '));
}

/** Those that existed before: who only uses them needs no right to make topics. */
async function createMissing(
  brokers: Brokers,
  wanted: readonly WantedTopic[],
  replicationFactor: number,
): Promise<readonly WantedTopic[]> {
  const { link } = brokers;
  const controller = await link.controller();
  const names = wanted.map(({ topic }) => topic);
  const known = (await ask(brokers, controller, names)).filter(
    ({ topicErrorCode }) => topicErrorCode === 0,
  );
  const existing = new Set(known.map(({ topic }) => topic));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return wanted;
  const { topicErrors } = await link.send(controller, createTopics, {
    topics: missing.map(({ topic, partitions, settings }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: settings,
    })),
    validateOnly: false,
    timeout: controllerMsMax,
  });
  for (const { topic, errorCode, errorMessage } of topicErrors) {
    if (errorCode === codes.topicAlreadyExists) existing.add(topic);
    else if (errorCode !== 0) {
      throw answered(errorCode, `making the topic ${topic} (${errorMessage ?? 'no reason given'})`);
    }
  }
  return wanted.filter(({ topic }) => existing.has(topic));
}

async function ensureLed(
  brokers: Brokers,
  broker: string,
  wanted: readonly WantedTopic[],
): Promise<void> {
  const names = wanted.map(({ topic }) => topic);
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
  topics: readonly WantedTopic[],
): Promise<ReadonlyMap<string, FoundTopic>> {
  if (topics.length === 0) return new Map();
  const { link } = brokers;
  const broker = await link.controller();
  const names = topics.map(({ topic }) => topic);
  const counts = new Map(
    (await ask(brokers, broker, names)).map(({ topic, partitionMetadata }) => [
      topic,
      partitionMetadata.length,
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
    const partitions = counts.get(resourceName) ?? 0;
    found.set(resourceName, { topic: resourceName, partitions, settings });
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
