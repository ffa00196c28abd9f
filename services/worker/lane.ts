// One lane for as long as this process holds it. It does what its job orders, one order after the
// other: work (a session), drain (say `drained`), stop (end the results with End{stopped});
// between orders it waits. A lane whose note says that it has ended has nothing to do but to say
// so.
// Entry: given by join. Exit: the lane is dismissed by its post, or given to another member.
// Invariant: nothing runs on the lane once runLane has resolved or rejected.
import { aborted } from '../core/bell.ts';
import { laneStateOf, stoppedNote } from '../core/lane-note.ts';
import type { Lane } from '../core/log.ts';
import type { Announcer } from './announcer.ts';
import { resultRecord } from './flush.ts';
import type { StandingOrder } from './orders.ts';
import { runSession } from './session.ts';
import type { World } from './world.ts';

export async function runLane(
  world: World,
  lane: Lane,
  dismissed: AbortSignal,
  standing: () => StandingOrder,
  announcer: Announcer,
): Promise<void> {
  const over = AbortSignal.any([lane.revoked, dismissed]);
  while (!over.aborted) {
    const order = standing();
    const state = laneStateOf(lane.position.note);
    if (order.mode === 'work' && state === 'open') {
      const stop = AbortSignal.any([over, order.until]);
      await runSession(world, lane, order.job, stop, (reason) => {
        announcer.waiting(lane.partition, reason);
      });
      continue;
    }
    if (order.mode === 'stop' && state === 'open') {
      await endStopped(lane);
      continue;
    }
    if (order.mode === 'drain') announcer.drained(lane.partition, order.turn);
    await aborted(AbortSignal.any([over, order.until]));
  }
  await lane.release();
}

/** The holes stay in the note: they show what never ran. */
async function endStopped(lane: Lane): Promise<void> {
  const { next, note } = lane.position;
  const end = resultRecord(lane.partition, { kind: 'end', reason: 'stopped' });
  await lane.commit([end], { next, note: stoppedNote(note) });
}
