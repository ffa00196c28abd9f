// Which batches go out in which order: a round is one batch for each partition that has any left,
// so that a large commit needs few requests and none that a broker refuses for its size. Pure, but
// for the sequence numbers, which it takes.
import type { Message, ProduceBatch } from './wire.ts';

/** A record on its way: the topic as the brokers call it. */
export interface Outgoing {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
}

export type ProduceRound = readonly { readonly topic: string; readonly batch: ProduceBatch }[];

/** Below the brokers' own default of 1 MiB; a single larger record is a batch of its own. */
export const batchBytesMax = 900 * 1024;
export const batchRecordsMax = 1_000;

/** sequences: the next number of each partition, by `topic/partition`; moved on. */
export function planRounds(
  records: readonly Outgoing[],
  sequences: Map<string, number>,
): readonly ProduceRound[] {
  const rounds: ProduceRound[number][][] = [];
  for (const { topic, partition, messages } of byPartition(records)) {
    const place = `${topic}/${partition}`;
    let firstSequence = sequences.get(place) ?? 0;
    for (const [index, batch] of cut(messages).entries()) {
      const round = rounds[index] ?? [];
      rounds[index] = round;
      round.push({ topic, batch: { partition, firstSequence, messages: batch } });
      firstSequence += batch.length;
    }
    sequences.set(place, firstSequence);
  }
  return rounds;
}

interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly messages: Message[];
}

function byPartition(records: readonly Outgoing[]): readonly PartitionRecords[] {
  const places = new Map<string, PartitionRecords>();
  for (const { topic, partition, message } of records) {
    const place = `${topic}/${partition}`;
    const kept = places.get(place);
    if (kept === undefined) places.set(place, { topic, partition, messages: [message] });
    else kept.messages.push(message);
  }
  return [...places.values()];
}

function cut(messages: readonly Message[]): readonly (readonly Message[])[] {
  const batches: Message[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = (message.key?.length ?? 0) + (message.value?.length ?? 0);
    const last = batches.at(-1);
    if (last === undefined || last.length === batchRecordsMax || bytes + size > batchBytesMax) {
      batches.push([message]);
      bytes = size;
    } else {
      last.push(message);
      bytes += size;
    }
  }
  return batches;
}
