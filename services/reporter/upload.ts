// One object of a report into the report bucket, and when to stop trying. Writing the same bytes
// under the same key twice changes nothing, so an attempt whose answer was lost is made again.
import { parseBucketArn } from '../core/arn.ts';
import type { Job, ReportSettings } from '../core/job.ts';
import type { World } from './world.ts';

export type UploadAnswer =
  | { readonly kind: 'written' }
  /** isPassing: it may work later by itself (no answer, busy). */
  | { readonly kind: 'failed'; readonly isPassing: boolean; readonly reason: string };

export type EnabledReport = Extract<ReportSettings, { readonly enabled: true }>;

export function reportOf(job: Job): EnabledReport | null {
  const { report } = job.request;
  return report.enabled ? report : null;
}

export function bucketOf(report: EnabledReport): string {
  return parseBucketArn(report.bucketArn) ?? report.bucketArn;
}

export async function upload(
  world: World,
  job: Job,
  file: { readonly key: string; readonly bytes: Uint8Array; readonly contentType: string },
  signal: AbortSignal,
): Promise<UploadAnswer> {
  const report = reportOf(job);
  const role = world.roles.resolve(job.request.roleArn);
  if (report === null || role === undefined) {
    const reason = `The role ${job.request.roleArn} is not configured for the reporter.`;
    return { kind: 'failed', isPassing: false, reason };
  }
  const at = { bucket: bucketOf(report), key: file.key, versionId: null };
  const { contentType } = file;
  const settings = { contentType, expectedBucketOwner: report.expectedBucketOwner };
  const late = new AbortController();
  const done = new AbortController();
  const bounded = AbortSignal.any([signal, late.signal]);
  world.crew.add(
    world.clock.sleep(world.limits.uploadMsMax, AbortSignal.any([done.signal, signal])).then(() => {
      late.abort();
    }),
  );
  const answer = await role.objects.write(at, file.bytes, settings, bounded);
  done.abort();
  switch (answer.kind) {
    case 'ok':
      return { kind: 'written' };
    case 'unreachable':
      return { kind: 'failed', isPassing: true, reason: answer.message };
    case 'refused': {
      const { status, code, message } = answer;
      const isPassing = status >= 500 || status === 429 || status === 408;
      return { kind: 'failed', isPassing, reason: `${code}: ${message}` };
    }
  }
}

/** Counts the failures of one thing in a row: when to try again, and when to give up. */
export interface Patience {
  /** The monotonic time of the next attempt; null: give up. */
  again(isPassing: boolean): number | null;
}

export function openPatience({ clock, limits }: World): Patience {
  const beganMs = clock.monotonicMs();
  let delayMs = limits.retryDelayMsMin;
  return {
    again: (isPassing) => {
      const nowMs = clock.monotonicMs();
      const lastMs = beganMs + (isPassing ? limits.unreachableMsMax : limits.refusedMsMax);
      if (nowMs >= lastMs) return null;
      const nextMs = Math.min(nowMs + delayMs, lastMs);
      delayMs = Math.min(delayMs * 2, limits.retryDelayMsMax);
      return nextMs;
    },
  };
}

const sentence = 'The job report could not be written to your report bucket.';

export function reportProblem(reason: string): string {
  return `${sentence} ${reason}`;
}
