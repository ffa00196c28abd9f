// The worker: follows the jobs and stands a post at each that wants workers. Everything it knows
// it reads from the log, so a worker that is killed leaves nothing behind but its fenced lanes.
// Exit: `signal` is aborted (requests in flight may end, their outcomes are committed) or the
// control space is gone; it rejects when the log is lost or a bug was found.
import { jobCodec } from '../../schemas/codec.ts';
import { aborted } from '../core/bell.ts';
import { ignoreGone } from '../core/log.ts';
import { standPosts } from '../core/posts.ts';
import { orderOf } from './orders.ts';
import { openPost } from './post.ts';
import { openWorld, type WorkerPorts, type World } from './world.ts';

export async function runWorker(ports: WorkerPorts, signal: AbortSignal): Promise<void> {
  const world = openWorld(ports, signal);
  const { crew, background, stopping } = world;
  const over = new AbortController();
  background.add(hangUpInTime(world, over.signal));
  crew.add(
    standPosts({
      log: world.log,
      crew,
      stopping,
      decode: (value) => jobCodec.decode(value),
      isWanted: (job) => orderOf(job).mode !== 'leave',
      open: (job) => openPost(world, job),
    }),
  );
  await crew.ended().catch(ignoreGone);
  over.abort();
  world.deadlines.hangUp();
  await background.ended().catch(ignoreGone);
}

/** Once asked to stop, requests in flight may end for a while; then they are hung up on. */
async function hangUpInTime(world: World, over: AbortSignal): Promise<void> {
  await aborted(AbortSignal.any([world.stopping, over]));
  await world.clock.sleep(world.limits.shutdownMsMax, over);
  world.deadlines.hangUp();
}
