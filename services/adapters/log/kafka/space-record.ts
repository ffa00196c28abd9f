// One record of the registry: a space as key, its state and topics as JSON. Pure.
// Invariant: what is read is exactly of this version and form; anything else there is not ours and
// is refused rather than guessed at.
import { z } from 'zod';
import type { Space, TopicShape } from '../../../core/log.ts';

export interface SpaceState {
  readonly shapes: readonly TopicShape[];
  readonly state: 'open' | 'closed';
}

const version = 1;

const spaceName = z.union([
  z.literal(['control', 'events']),
  z.templateLiteral(['job.', z.string().min(1)]),
]);

const spaceState = z.strictObject({
  version: z.literal(version),
  state: z.literal(['open', 'closed']),
  shapes: z.array(
    z.strictObject({
      topic: z.string().min(1),
      partitions: z.int().min(1),
      keep: z.union([
        z.literal(['consumed', 'compacted']),
        z.strictObject({ ms: z.int().nonnegative() }),
      ]),
    }),
  ),
});

export function encodeSpaceState({ shapes, state }: SpaceState): Buffer {
  const topics = shapes.map(({ topic, partitions, keep }) => ({ topic, partitions, keep }));
  return Buffer.from(JSON.stringify({ version, state, shapes: topics }));
}

/** state null: the space was dropped. Throws an Error that says what is not as written here. */
export function decodeSpaceRecord(
  key: string,
  value: Uint8Array | null,
): { readonly space: Space; readonly state: SpaceState | null } {
  const space = spaceName.safeParse(key);
  if (!space.success) throw foreign(`its key ${JSON.stringify(key)} names no space`);
  if (value === null) return { space: space.data, state: null };
  const state = spaceState.safeParse(jsonOf(value));
  if (!state.success) throw foreign(z.prettifyError(state.error).replaceAll('\n', ' '));
  return { space: space.data, state: { shapes: state.data.shapes, state: state.data.state } };
}

function jsonOf(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined;
  }
}

function foreign(cause: string): Error {
  return new Error(
    `a record that no version of this installation wrote (${cause}); give each installation a ` +
      'KAFKA_TOPIC_PREFIX of its own, and keep other producers from this topic',
  );
}

export function sameShapes(left: readonly TopicShape[], right: readonly TopicShape[]): boolean {
  return textOf(left) === textOf(right);
}

function textOf(shapes: readonly TopicShape[]): string {
  const sorted = shapes.toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
  return JSON.stringify(sorted.map(({ topic, partitions, keep }) => [topic, partitions, keep]));
}
