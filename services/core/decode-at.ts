// Decoding where a failure must say where the record lies: whoever may write to a topic of ours can
// put a foreign record there, and then somebody has to find and remove it.
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
      `The record at offset ${offset} of ${topic}/${partition} in the space ${space} is not ` +
        `s3batch's: ${reason} Nothing is read past it; docs/OPERATIONS.md says how to remove it.`,
      { cause: error },
    );
  }
}
