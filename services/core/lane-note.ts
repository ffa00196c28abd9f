// The state of a worker's lane, as it stands at the front of its position's note: "<state>
// <ordinals>" (ordinals.ts). Law, since two write it: the worker that ends its lane, and the
// coordinator that ends it in a dead worker's place.

/** open: tasks may be left. exhausted, stopped: End stands in results; nothing is left to do. */
export const laneStates = ['open', 'exhausted', 'stopped'] as const;
export type LaneState = (typeof laneStates)[number];

/** Throws when the note is none that a lane has. The note of a new lane is empty: it is open. */
export function laneStateOf(note: string): LaneState {
  if (note === '') return 'open';
  const state = laneStates.find((one) => note.startsWith(`${one} `));
  if (state === undefined) throw new Error(`The note of a worker's lane cannot be read: ${note}`);
  return state;
}

/** The same note, its lane stopped; which tasks are done stays on record. */
export function stoppedNote(note: string): string {
  return `stopped ${note.slice(note.indexOf(' ') + 1)}`;
}
