// Which spaces there are, as every process sees them: a view of one compacted topic, keyed by space.
import type { Space, TopicShape } from '../../../core/log.ts';

export interface SpaceEntry {
  readonly space: Space;
  readonly shapes: readonly TopicShape[];
  /** Aborted when the space is closed or dropped. */
  readonly gone: AbortSignal;
}

export interface Registry {
  /** Rejects with gone if the space is closed, or unknown even after catching up. */
  entryOf(space: Space): Promise<SpaceEntry>;
}
