// Decoding where a failure must say where the record lies: one that a newer s3batch wrote stops the
// reader, since passing it over might lose work.
import type { Space, StoredRecord } from './log.ts';

export interface Place {
  readonly space: Space;
  readonly topic: string;
  readonly partition: number;
}

/** Throws on null too: where it is used, a tombstone is as foreign as damaged bytes. */
export function decodeAt<Value>(
  codec: { decode(bytes: Uint8Array): Value },
  { space, topic, partition }: Place,
  { offset, value }: StoredRecord,
): Value {
  try {
    if (value === null) throw new Error('It has no value.');
    return codec.decode(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The record at offset ${offset} of ${topic}/${partition} in the space ${space} cannot be ` +
        `read, and nothing past it: ${reason} See docs/OPERATIONS.md.`,
      { cause: error },
    );
  }
}
