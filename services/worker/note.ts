// The note of a lane's position: how far the lane has come, and which tasks above it are done. On a
// restart its holes tell exactly which tasks to run again.
import { type LaneState, laneStateOf } from '../core/lane-note.ts';
import { type Ordinals, openOrdinals } from '../core/ordinals.ts';

export interface LaneNote {
  readonly state: LaneState;
  readonly finished: Ordinals;
}

export function parseLaneNote(note: string): LaneNote {
  return {
    state: laneStateOf(note),
    finished: openOrdinals(note === '' ? '' : note.slice(note.indexOf(' ') + 1)),
  };
}

export function laneNote(state: LaneState, finished: Ordinals): string {
  return `${state} ${finished.text()}`;
}
