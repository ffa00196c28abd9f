// The names of everything in the log: spaces, topics, groups. Law, since two services meet in them.
import type { Space, TopicShape } from './log.ts';

export const inboxTopic = 'inbox';
export const jobsTopic = 'jobs';
export const historyTopic = 'history';
export const repliesTopic = 'replies';
/** Topics, subscriptions and the signing key of local SNS; compacted. */
export const snsTopicsTopic = 'sns-topics';
/** Messages published to local SNS topics, waiting for delivery. */
export const snsMessagesTopic = 'sns-messages';

export const tasksTopic = 'tasks';
export const resultsTopic = 'results';
export const partsTopic = 'parts';
/** What came from outside producers and cannot be used, with its reason. */
export const eventsRejectedTopic = 'events.rejected';

export const coordinatorGroup = 'coordinator';
export const workerGroup = 'worker';
export const reporterGroup = 'reporter';
export const notifierGroup = 'notifier';
export const snsDeliveryGroup = 'sns-delivery';
export const eventsDoorGroup = 'events-door';
/** Claimed by the ingester of a job, in the job's space. */
export const ingestIdentity = 'ingest';
/** Claimed by whoever writes a job's manifest.json, in the job's space. */
export const finisherIdentity = 'finisher';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const historyKeptMs = 90 * dayMs;
export const inboxKeptMs = 7 * dayMs;
export const repliesKeptMs = hourMs;
export const snsMessagesKeptMs = 2 * dayMs;
export const eventsKeptMs = 7 * dayMs;
export const eventsRejectedKeptMs = 14 * dayMs;

export const controlTopics: readonly TopicShape[] = [
  { topic: inboxTopic, partitions: 1, keep: { ms: inboxKeptMs } },
  { topic: jobsTopic, partitions: 1, keep: 'compacted' },
  { topic: historyTopic, partitions: 1, keep: { ms: historyKeptMs } },
  { topic: repliesTopic, partitions: 1, keep: { ms: repliesKeptMs } },
  { topic: snsTopicsTopic, partitions: 1, keep: 'compacted' },
  { topic: snsMessagesTopic, partitions: 1, keep: { ms: snsMessagesKeptMs } },
];

export function jobSpace(jobId: string): Space {
  return `job.${jobId}`;
}

/**
 * Results and parts live as long as their space: the coordinator drops it when its time has come.
 */
export function jobTopics(partitions: number): readonly TopicShape[] {
  const spaceLife = { ms: Number.MAX_SAFE_INTEGER };
  return [
    { topic: tasksTopic, partitions, keep: 'consumed' },
    { topic: resultsTopic, partitions, keep: spaceLife },
    { topic: partsTopic, partitions, keep: spaceLife },
  ];
}

/**
 * Of a topic that outside producers write to: one record that waits (at most minutes) then holds up
 * a quarter of the others, and up to four control processes share the work. It is little work.
 */
const eventsPartitions = 4;

export function eventsTopics(names: readonly string[]): readonly TopicShape[] {
  return [
    ...names.map((topic) => ({
      topic,
      partitions: eventsPartitions,
      keep: { ms: eventsKeptMs },
    })),
    { topic: eventsRejectedTopic, partitions: 1, keep: { ms: eventsRejectedKeptMs } },
  ];
}
