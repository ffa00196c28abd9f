// The reporter: follows the jobs and stands a post at each that wants a report. Everything it
// knows it reads from the log, so a reporter that is killed leaves nothing behind but its fenced
// lanes.
// Exit: `signal` is aborted or the control space is gone; it rejects when the log is lost or a bug
// was found.
import { jobCodec } from '../../schemas/codec.ts';
import type { Job } from '../core/job.ts';
import { isLogError, type StoredRecord } from '../core/log.ts';
import { jobsTopic } from '../core/names.ts';
import { wantedOf } from './orders.ts';
import { openPost, type Post } from './post.ts';
import { openWorld, type ReporterPorts } from './world.ts';

export async function runReporter(ports: ReporterPorts, signal: AbortSignal): Promise<void> {
  const world = openWorld(ports, signal);
  const { crew, stopping } = world;
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
    if (job === null || wantedOf(job) === 'nothing') wanted.delete(key);
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

  crew.add(follow());
  await crew.ended().catch(quietlyIfGone);
}

function quietlyIfGone(error: unknown): void {
  if (!isLogError(error) || error.failure !== 'gone') throw error;
}
