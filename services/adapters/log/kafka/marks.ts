// Which identities of a space have ever committed. A position that is missing on the brokers is one
// that never was, or one that they have let expire; the difference is a mark, written in the same
// transaction as an identity's first commit.
// Read lazily: whoever finds a position needs no mark.
import type { Brokers } from './brokers.ts';
import { marksTopic, topicName } from './names.ts';
import type { Outgoing } from './plan-rounds.ts';
import type { SpaceEntry } from './registry.ts';
import { type KafkaView, openView } from './view.ts';

export interface Marks {
  has(identity: string, signal: AbortSignal): Promise<boolean>;
  /** The record that marks it. */
  record(identity: string): Outgoing;
}

export function openMarks(brokers: Brokers, entry: SpaceEntry): Marks {
  const topic = topicName(brokers.prefix, entry.space, marksTopic);
  const marked = new Set<string>();
  let view: KafkaView | null = null;
  return {
    has: async (identity, signal) => {
      view ??= openView(
        brokers,
        topic,
        1,
        ({ key }) => marked.add(key),
        AbortSignal.any([entry.gone, brokers.ended]),
      );
      await view.caughtUp('now', signal);
      return marked.has(identity);
    },
    record: (identity) => ({
      topic,
      partition: 0,
      message: { key: Buffer.from(identity, 'utf8'), value: Buffer.from('1'), headers: {} },
    }),
  };
}
