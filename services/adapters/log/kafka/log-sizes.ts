// How many bytes the partitions of this installation take on the brokers (DescribeLogDirs, version
// 1, for which kafkajs has no encoder).
// Invariant: a partition counts once, by its largest copy, however many replicas hold it.
import './guard.ts';
import { createRequire } from 'node:module';
import type { Brokers } from './brokers.ts';
import { offsetAt } from './fetcher.ts';
import type { Api, TopicPartitions } from './wire.ts';

const require = createRequire(import.meta.url);

interface Encoder {
  writeInt32(value: number): Encoder;
  writeString(value: string): Encoder;
}
interface Decoder {
  readInt64(): { toString(): string };
  readInt32(): number;
  readInt16(): number;
  readString(): string;
  readBoolean(): boolean;
  readArray<Item>(decode: (decoder: Decoder) => Item): readonly Item[];
}

const KafkaEncoder: new () => Encoder = require('kafkajs/src/protocol/encoder.js');
const KafkaDecoder: new (bytes: Buffer) => Decoder = require('kafkajs/src/protocol/decoder.js');

interface LogDirectory {
  readonly errorCode: number;
  readonly topics: readonly TopicPartitions<{
    readonly partition: number;
    readonly bytes: number;
  }>[];
}

const apiKey = 35;
const apiVersion = 1;
/** Without the right to ask: what a record takes, roughly. */
const recordBytesGuess = 150;

export const describeLogDirs: Api<
  { readonly topics: readonly TopicPartitions<number>[] },
  readonly LogDirectory[]
> = {
  name: 'describeLogDirs',
  version: apiVersion,
  request: ({ topics }) => {
    const encode = async (): Promise<Encoder> => {
      const encoder = new KafkaEncoder().writeInt32(topics.length);
      for (const { topic, partitions } of topics) {
        encoder.writeString(topic).writeInt32(partitions.length);
        for (const partition of partitions) encoder.writeInt32(partition);
      }
      return encoder;
    };
    return { apiKey, apiVersion, apiName: 'DescribeLogDirs', encode };
  },
  decode: async (answer) => {
    const decoder = new KafkaDecoder(answer);
    decoder.readInt32(); // throttle time
    return decoder.readArray(decodeDirectory);
  },
};

function decodeDirectory(decoder: Decoder): LogDirectory {
  const errorCode = decoder.readInt16();
  decoder.readString(); // the directory
  const topics = decoder.readArray((ofTopic) => ({
    topic: ofTopic.readString(),
    partitions: ofTopic.readArray(decodePartition),
  }));
  return { errorCode, topics };
}

function decodePartition(decoder: Decoder): { readonly partition: number; readonly bytes: number } {
  const partition = decoder.readInt32();
  const bytes = Number(decoder.readInt64().toString());
  decoder.readInt64(); // how far a copy that is being moved lags
  // A copy on its way to another directory counts for nothing: the one that it replaces does.
  const isFuture = decoder.readBoolean();
  return { partition, bytes: isFuture ? 0 : bytes };
}

/**
 * Bytes per topic. Describing log directories needs a right on the whole cluster; without it the
 * sizes are guessed from how many records there are.
 */
export async function topicSizes(
  brokers: Brokers,
  topics: readonly { readonly topic: string; readonly partitions: number }[],
): Promise<ReadonlyMap<string, number>> {
  const { link } = brokers;
  const asked = topics.map(({ topic, partitions }) => ({
    topic,
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
  }));
  const largest = new Map<string, number>();
  for (const broker of await link.brokers()) {
    const directories = await link.send(broker, describeLogDirs, { topics: asked });
    // A broker has a directory at least: none told means that we may not know.
    if (directories.length === 0) return guessedSizes(brokers, asked);
    for (const { topic, partitions } of directories.flatMap((directory) => directory.topics)) {
      for (const { partition, bytes } of partitions) {
        const place = `${topic}/${partition}`;
        largest.set(place, Math.max(largest.get(place) ?? 0, bytes));
      }
    }
  }
  return new Map(
    asked.map(({ topic, partitions }) => [
      topic,
      partitions.reduce((sum, partition) => sum + (largest.get(`${topic}/${partition}`) ?? 0), 0),
    ]),
  );
}

async function guessedSizes(
  { link }: Brokers,
  topics: readonly TopicPartitions<number>[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const { topic, partitions } of topics) {
    let records = 0n;
    for (const partition of partitions) {
      const leader = await link.leaderOf(topic, partition);
      const [start, end] = await Promise.all(
        ['-2', '-1'].map((timestamp) => offsetAt(link, leader, { topic, partition }, timestamp)),
      );
      records += (end ?? 0n) - (start ?? 0n);
    }
    sizes.set(topic, Number(records) * recordBytesGuess);
  }
  return sizes;
}
