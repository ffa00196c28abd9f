// Follows the job that the drop rule started, through the AWS wire protocol, until it has ended.
import { setTimeout as pause } from 'node:timers/promises';
import { describeJob, type JobView, listJobIds } from './ask-control.ts';
import type { Screen } from './screen.ts';
import type { SignedClient } from './signed-client.ts';

const lookMs = 200;
const appearMsMax = 30_000;
const terminal = new Set(['Complete', 'Failed', 'Cancelled']);

export async function jobOfTheDrop(
  control: SignedClient,
  accountId: string,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string> {
  const startMs = performance.now();
  while (performance.now() - startMs < appearMsMax) {
    const fresh = (await listJobIds(control, accountId)).find((id) => !known.has(id));
    if (fresh !== undefined) return fresh;
    await pause(lookMs, undefined, { signal });
  }
  throw new Error(`no job appeared within ${appearMsMax / 1000} s of the drop`);
}

export async function watchJob(
  control: SignedClient,
  accountId: string,
  jobId: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<JobView> {
  let status = '';
  let first: { readonly atMs: number; readonly done: number } | undefined;
  for (;;) {
    const job = await describeJob(control, accountId, jobId);
    const done = job.succeeded + job.failed;
    const nowMs = performance.now();
    if (job.status === 'Active') first ??= { atMs: nowMs, done };
    if (first !== undefined) {
      const elapsedMs = nowMs - first.atMs;
      const perSecond = elapsedMs > 0 ? ((done - first.done) * 1000) / elapsedMs : 0;
      screen.progress(done, job.total, perSecond);
    }
    if (job.status !== status) {
      status = job.status;
      screen.line(`the job is ${status}`);
    }
    if (terminal.has(job.status)) return job;
    await pause(lookMs, undefined, { signal });
  }
}
