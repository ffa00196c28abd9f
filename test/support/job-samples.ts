// Sample jobs, commands and levels for tests of the job's law and of the coordinator.
import type { DecideLimits } from '../../services/core/decide.ts';
import type { Job, JobRequest, LaneLevel } from '../../services/core/job.ts';
import type { Command, Level } from '../../services/core/message.ts';
import { type CreateCommand, newJob } from '../../services/core/new-job.ts';
import { emptyLane } from '../../services/core/progress.ts';
import type { Tag } from '../../services/core/s3-call.ts';

export const sampleAccount = '123456789012';

export const decideLimits: DecideLimits = {
  partitionsMax: 8,
  frozen: { partRowsMax: 100_000, partBytesMax: 32 * 1024 * 1024, lineVersion: 1 },
};

export function sampleRequest(changes: Partial<JobRequest> = {}): JobRequest {
  return {
    accountId: sampleAccount,
    roleArn: `arn:aws:iam::${sampleAccount}:role/worker`,
    priority: 10,
    description: 'tag the photographs',
    confirmationRequired: false,
    clientRequestToken: 'token-1',
    operation: {
      name: 'S3PutObjectTagging',
      parameters: { TagSet: [{ Key: 'colour', Value: 'blue' }] },
    },
    manifest: {
      format: 'S3BatchOperations_CSV_20180820',
      fields: ['Bucket', 'Key'],
      location: { objectArn: 'arn:aws:s3:::lists/all.csv', objectVersionId: null, etag: '"e"' },
    },
    report: {
      enabled: true,
      bucketArn: 'arn:aws:s3:::reports',
      prefix: null,
      scope: 'AllTasks',
      expectedBucketOwner: null,
    },
    tags: [],
    topicArn: null,
    origin: { kind: 'api', accessKeyId: 'AKIAEXAMPLE' },
    bucketsAllowed: null,
    ...changes,
  };
}

let commands = 0;

function commandBase(): { commandId: string; accountId: string; atMs: number } {
  commands += 1;
  return { commandId: `command-${commands}`, accountId: sampleAccount, atMs: 0 };
}

/** The token is the job's id unless the changes name another. */
export function createCommand(jobId: string, changes: Partial<JobRequest> = {}): CreateCommand {
  const request = sampleRequest({ clientRequestToken: jobId, ...changes });
  return {
    ...commandBase(),
    kind: 'create',
    accountId: request.accountId,
    jobId,
    request,
    requestHash: JSON.stringify(request),
  };
}

export function statusCommand(
  jobId: string,
  requested: 'Ready' | 'Cancelled',
  reason: string | null = null,
): Command {
  return { ...commandBase(), kind: 'status', jobId, requested, reason };
}

export function priorityCommand(jobId: string, priority: number): Command {
  return { ...commandBase(), kind: 'priority', jobId, priority };
}

export function tagsCommand(jobId: string, tags: readonly Tag[]): Command {
  return { ...commandBase(), kind: 'tags', jobId, tags };
}

export function holdCommand(jobId: string): Command {
  return { ...commandBase(), kind: 'hold', jobId };
}

export function resumeCommand(jobId: string): Command {
  return { ...commandBase(), kind: 'resume', jobId };
}

export function sampleJob(changes: Partial<Job> = {}): Job {
  const id = changes.id ?? 'job-1';
  return { ...newJob(createCommand(id), decideLimits.frozen, 1_000), ...changes };
}

export function sampleLane(changes: Partial<LaneLevel> = {}): LaneLevel {
  return { ...emptyLane, ...changes };
}

/** What the reporter says of a lane in which that many tasks succeeded and failed. */
export function progress(
  jobId: string,
  turn: number,
  partition: number,
  counts: { succeeded: number; failed?: number; ended?: LaneLevel['ended'] },
): Level {
  const { succeeded, failed = 0, ended = null } = counts;
  return {
    kind: 'progress',
    jobId,
    turn,
    partition,
    read: succeeded + failed,
    succeeded,
    failed,
    retries: 0,
    codes: failed === 0 ? {} : { AccessDenied: failed },
    ended,
  };
}

export function reported(
  jobId: string,
  turn: number,
  counts: { succeeded: number; failed?: number; result?: 'written' | 'none' | 'failed' },
): Level {
  const { succeeded, failed = 0, result = 'written' } = counts;
  const manifestKey = result === 'written' ? `job-${jobId}/manifest.json` : '';
  const outcome = { result, manifestKey, succeeded, failed, reason: '' };
  return { kind: 'reported', jobId, turn, reported: outcome };
}
