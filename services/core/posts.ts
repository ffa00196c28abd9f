// Posts: how a service that works jobs side by side (worker, reporter) follows the jobs topic and
// keeps one post standing at each job that wants it.
// Invariant: at most one post per job. A job that wants one again after its post was left gets a
// new one, and an old record of a job never starts what a newer one has ended.
import type { Collector } from './collector.ts';
import type { Job } from './job.ts';
import type { Log, StoredRecord } from './log.ts';
import { jobsTopic } from './names.ts';

export interface Post {
  /** The job's newest record; null: there is none any more, or it wants nothing. */
  update(job: Job | null): void;
  /** Resolves when the post has been left. */
  run(): Promise<void>;
}

export interface PostsPorts {
  readonly log: Log;
  /** Runs the posts; its failure ends the service. */
  readonly crew: Collector;
  readonly stopping: AbortSignal;
  decode(value: Uint8Array): Job;
  isWanted(job: Job): boolean;
  open(job: Job): Post;
}

/** Resolves when stopping is aborted; rejects as the log does. */
export async function standPosts(ports: PostsPorts): Promise<void> {
  const { log, crew, stopping } = ports;
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
    const post = ports.open(job);
    posts.set(job.id, post);
    crew.add(
      post.run().then(() => {
        posts.delete(job.id);
        look(job.id);
      }),
    );
  }

  function fold({ key, value }: StoredRecord): void {
    const job = value === null ? null : ports.decode(value);
    if (job === null || !ports.isWanted(job)) wanted.delete(key);
    else wanted.set(key, job);
    look(key);
  }

  const view = await log.follow('control', jobsTopic, fold, stopping);
  await view.caughtUp('now', stopping);
  hasCaughtUp = true;
  for (const jobId of wanted.keys()) look(jobId);
  while (!stopping.aborted) await view.changed(stopping);
  await view.release();
}
