// What each topic is made with, as a function of its shape, and which of these a topic that exists
// already must have. Pure.
// Invariant: no broker deletes by itself what a group has still to read: topics are kept for good,
// and trim.ts deletes behind the positions.
import { commitBytesMax, type Space, type TopicShape } from '../../../core/log.ts';

export interface TopicSetting {
  readonly name: string;
  readonly value: string;
}

/** A topic as it stands on the brokers. */
export interface FoundTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: ReadonlyMap<string, string>;
}

/** A topic as we would make it. topic: its name on the brokers. */
export interface WantedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly settings: readonly TopicSetting[];
}

/** One record may be a whole commit; the rest is for keys, headers and framing. */
const messageBytesMax = commitBytesMax + 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;
const compactedSegmentMs = 10 * 60 * 1000;
const compactedSegmentBytes = 16 * 1024 * 1024;
/** Only whole segments free the disk, so those that are trimmed are not the broker's 1 GiB. */
const consumedSegmentBytes = 128 * 1024 * 1024;
const replicasMax = 3;
/** From so many replicas on, one may be away and a second still holds what was acknowledged. */
const replicasForTwoInSync = 3;

/**
 * How many copies to try for, the best first. asked: KAFKA_REPLICATION_FACTOR. Three even where
 * fewer brokers run: the others may just be away, and get their copies when they are back.
 */
export function replicationFactors(asked: number | null, running: number): readonly number[] {
  if (asked !== null) return [asked];
  return running >= replicasMax ? [replicasMax] : [replicasMax, Math.max(1, running)];
}

export function topicSettings(
  space: Space,
  keep: TopicShape['keep'],
  replicationFactor: number,
): readonly TopicSetting[] {
  return Object.entries({
    ...(keep === 'compacted' ? compacted : kept),
    ...(keep === 'consumed' ? { 'segment.bytes': consumedSegmentBytes } : {}),
    'max.message.bytes': messageBytesMax,
    'message.timestamp.type': 'CreateTime',
    // Outside producers write to the topics of `events`, in any compression: stored as one we read.
    'compression.type': space === 'events' ? 'zstd' : 'producer',
    'min.insync.replicas': replicationFactor >= replicasForTwoInSync ? 2 : 1,
    'unclean.leader.election.enable': false,
  }).map(([name, value]) => ({ name, value: String(value) }));
}

const compacted = {
  'cleanup.policy': 'compact',
  // The active segment is never compacted, so that it must not live long.
  'segment.ms': compactedSegmentMs,
  'segment.bytes': compactedSegmentBytes,
  'min.cleanable.dirty.ratio': 0.1,
  'max.compaction.lag.ms': dayMs,
  'delete.retention.ms': dayMs,
};

const kept = {
  'cleanup.policy': 'delete',
  'retention.ms': -1,
  'retention.bytes': -1,
};

/** How a value that was found may differ from the wanted one; settings not named here may vary. */
const agreements: ReadonlyMap<string, (found: string, wanted: string) => boolean> = new Map([
  ['cleanup.policy', equal],
  ['retention.ms', equal],
  ['retention.bytes', equal],
  ['unclean.leader.election.enable', equal],
  ['max.message.bytes', atLeast],
  ['min.insync.replicas', atLeast],
  // `producer` is refused where zstd is wanted: it would store what decode-fetch.ts cannot read.
  ['compression.type', (found, wanted) => found === wanted || readable.has(found)],
]);

const readable: ReadonlySet<string> = new Set(['uncompressed', 'gzip', 'zstd']);

export const settingsThatMatter: readonly string[] = [...agreements.keys()];

/** What is wrong with a topic that exists, each with its remedy; empty: it may be used. */
export function topicProblems(wanted: WantedTopic, found: FoundTopic): readonly string[] {
  const problems: string[] = [];
  if (found.partitions !== wanted.partitions) {
    problems.push(
      `the topic ${wanted.topic} exists with ${found.partitions} partitions, where ` +
        `${wanted.partitions} are needed; delete it, or make it anew with ${wanted.partitions}`,
    );
  }
  for (const { name, value } of wanted.settings) {
    const agree = agreements.get(name);
    const has = found.settings.get(name);
    if (agree === undefined || (has !== undefined && agree(has, value))) continue;
    problems.push(
      `the topic ${wanted.topic} exists with ${name}=${has ?? '(not told)'}, where ${value} is ` +
        `needed; run kafka-configs.sh --alter --entity-type topics --entity-name ` +
        `${wanted.topic} --add-config ${name}=${value}, or delete the topic`,
    );
  }
  return problems;
}

function equal(found: string, wanted: string): boolean {
  return found === wanted;
}

function atLeast(found: string, wanted: string): boolean {
  return Number(found) >= Number(wanted);
}
