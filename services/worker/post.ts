// The post of a worker at one job: it holds the job's lanes for as long as the job wants workers.
// Modes: joined (lanes come and go) → dismissed (each lane ends what it has in flight) → left. A
// new activation starts with a new membership, since the coordinator may have taken over lanes of
// the former one; so does a lane that was fenced without having been given to another member.
// Invariant: a lane learns of a new order at once, through `until`.
import { aborted } from '../core/bell.ts';
import { openCollector } from '../core/collector.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type Lane } from '../core/log.ts';
import { jobSpace, tasksTopic, workerGroup } from '../core/names.ts';
import type { Post } from '../core/posts.ts';
import { openAnnouncer } from './announcer.ts';
import { runLane } from './lane.ts';
import { type Order, orderOf, type StandingOrder } from './orders.ts';
import type { World } from './world.ts';

/** What became of a membership. */
type Ending = 'dismissed' | 'fenced' | 'gone' | 'broken';

export function openPost(world: World, first: Job): Post {
  let job = first;
  let replaced = new AbortController();
  let order: StandingOrder = { ...orderOf(job), job, until: replaced.signal };
  const announcer = openAnnouncer(world.log, () => job);

  function give(next: Order): void {
    if (next.mode === order.mode && next.turn === order.turn) return;
    const former = replaced;
    replaced = new AbortController();
    order = { ...next, job, until: replaced.signal };
    former.abort();
  }

  /** One membership, from join to the end of its last lane. */
  async function serve(): Promise<Ending> {
    const { turn } = order;
    const dismissed = new AbortController();
    const joined = new AbortController();
    const lanes = openCollector();
    let ending: Ending = 'dismissed';
    const end = (how: Ending) => {
      ending = how;
      dismissed.abort();
    };
    /** The job's record says why; somebody has to cancel it. */
    const giveUp = (partition: number, reason: string) => {
      announcer.waiting(partition, `${reason}. Cancel this job, and start it anew`);
      end('broken');
    };
    const isWanted = () => order.mode === 'drain' || order.mode === 'stop' || order.turn === turn;

    async function hold(lane: Lane): Promise<void> {
      try {
        await runLane(world, lane, dismissed.signal, () => order, announcer);
      } catch (error) {
        if (!isLogError(error) || error.failure === 'lost') throw error;
        if (error.failure === 'gone') end('gone');
        else if (error.failure === 'broken') giveUp(lane.partition, error.message);
        else if (!lane.revoked.aborted) end('fenced');
      }
    }

    async function stand(): Promise<void> {
      while (order.mode !== 'leave' && isWanted() && !dismissed.signal.aborted) {
        const { until } = order;
        const over = [until, world.stopping, dismissed.signal, lanes.failed];
        await aborted(AbortSignal.any(over));
        if (world.stopping.aborted || lanes.failed.aborted) break;
      }
      dismissed.abort();
      await lanes.ended().finally(() => joined.abort());
    }

    const standing = openCollector();
    standing.add(stand());
    try {
      const given = world.log.join(jobSpace(job.id), tasksTopic, workerGroup, joined.signal);
      for await (const lane of given) lanes.add(hold(lane));
    } catch (error) {
      if (!isLogError(error) || error.failure === 'lost') throw error;
      if (error.failure === 'broken') giveUp(0, error.message);
      else end('gone');
    }
    await standing.ended();
    await lanes.ended();
    return ending;
  }

  return {
    update: (next) => {
      job = next ?? job;
      give(next === null ? { mode: 'leave', turn: job.turn } : orderOf(next));
    },
    run: async () => {
      const left = new AbortController();
      world.background.add(announcer.run(left.signal));
      while (order.mode !== 'leave' && !world.stopping.aborted) {
        const ending = await serve();
        if (ending === 'fenced')
          await world.clock.sleep(world.limits.rejoinDelayMs, world.stopping);
        // The space is closed, and the job's record will say so; or nothing can be done here.
        if (ending === 'gone' || ending === 'broken')
          await aborted(AbortSignal.any([order.until, world.stopping]));
      }
      left.abort();
    },
  };
}
