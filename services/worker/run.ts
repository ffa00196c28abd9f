// The worker: follows the jobs and stands a post at each that wants workers. Everything it knows
// it reads from the log, so a worker that is killed leaves nothing behind but its fenced lanes.
// Exit: `signal` is aborted (requests in flight may end, their outcomes are committed) or the
// control space is gone; it rejects when the log is lost or a bug was found.
import { jobCodec } from '../../schemas/codec.ts';
import { aborted } from '../core/bell.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type StoredRecord } from '../core/log.ts';
import { jobsTopic } from '../core/names.ts';
import { orderOf } from './orders.ts';
import { openPost, type Post } from './post.ts';
import { openWorld, type WorkerPorts, type World } from './world.ts';

export async function runWorker(ports: WorkerPorts, signal: AbortSignal): Promise<void> {
  const world = openWorld(ports, signal);
  const { crew, background, stopping } = world;
  const wanted = new Map<string, Job>();
  const posts = new Map<string, Post>();
  let hasCaughtUp = false;

  function look(jobId: string): void {
    const job = wanted.get(jobId);
    const post = posts.get(jobId);
    if (post !== undefined) post.update(job ?? null);
    else if (job !== undefined && hasCaughtUp && !stopping.aborted) stand(job);
  }

  function stand(job: Job): void {
    const post = openPost(world, job);
    posts.set(job.id, post);
    crew.add(
      post.run().then(() => {
        posts.delete(job.id);
        look(job.id);
      }),
    );
  }

  function fold({ key, value }: StoredRecord): void {
    const job = value === null ? null : jobCodec.decode(value);
    if (job === null || orderOf(job).mode === 'leave') wanted.delete(key);
    else wanted.set(key, job);
    look(key);
  }

  async function follow(): Promise<void> {
    const view = await world.log.follow('control', jobsTopic, fold, stopping);
    // An old record of a job must not start what a newer one has ended.
    await view.caughtUp('now', stopping);
    hasCaughtUp = true;
    for (const jobId of wanted.keys()) look(jobId);
    while (!stopping.aborted) await view.changed(stopping);
    await view.release();
  }

  const over = new AbortController();
  background.add(hangUpInTime(world, over.signal));
  crew.add(follow());
  await crew.ended().catch(quietlyIfGone);
  over.abort();
  world.deadlines.hangUp();
  await background.ended().catch(quietlyIfGone);
}

/** Once asked to stop, requests in flight may end for a while; then they are hung up on. */
async function hangUpInTime(world: World, over: AbortSignal): Promise<void> {
  await aborted(AbortSignal.any([world.stopping, over]));
  await world.clock.sleep(world.limits.shutdownMsMax, over);
  world.deadlines.hangUp();
}

function quietlyIfGone(error: unknown): void {
  if (!isLogError(error) || error.failure !== 'gone') throw error;
}
