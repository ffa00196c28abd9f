// DescribeJob: a job as its state says, in the members and the order of AWS's JobDescriptor.

import type { Job } from '../../core/job.ts';
import { elapsedActiveSeconds, totalsOf } from '../../core/progress.ts';
import type { WritableOf } from '../wire/shape.ts';
import { describeJobResult, type jobDescriptor } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, noSuchJob } from './call.ts';
import { wireGenerator } from './job-generator.ts';
import { wireManifest } from './job-manifest.ts';
import { wireOperation } from './job-operation.ts';
import { wireReport } from './job-report.ts';

export const describeJob: Call = async (_request, id, caller, ports, signal) => {
  const job = await ports.desk.find(caller.accountId, id, signal);
  if (job === undefined) return noSuchJob;
  const described = descriptorOf(job, ports.region, ports.clock.wallMs());
  return document(writeDocument('DescribeJobResult', describeJobResult, { Job: described }));
};

export function descriptorOf(
  job: Job,
  region: string,
  nowMs: number,
): WritableOf<typeof jobDescriptor> {
  const { request } = job;
  const { manifest } = request;
  return {
    JobId: job.id,
    ConfirmationRequired: request.confirmationRequired,
    ...(request.description === null ? {} : { Description: request.description }),
    JobArn: `arn:aws:s3:${region}:${request.accountId}:job/${job.id}`,
    Status: job.status,
    ...(manifest.format === 'generated'
      ? { ManifestGenerator: wireGenerator(manifest.generator) }
      : { Manifest: wireManifest(manifest) }),
    Operation: wireOperation(request.operation),
    Priority: job.priority,
    ProgressSummary: progressOf(job, nowMs),
    ...(job.statusReason === null ? {} : { StatusUpdateReason: job.statusReason }),
    FailureReasons: job.failures.map((failure) => ({
      FailureCode: failure.code,
      FailureReason: failure.reason,
    })),
    Report: wireReport(request.report),
    CreationTime: timeText(job.createdMs),
    ...(job.terminatedMs === null ? {} : { TerminationDate: timeText(job.terminatedMs) }),
    RoleArn: request.roleArn,
    ...(job.suspendedMs === null
      ? {}
      : { SuspendedDate: timeText(job.suspendedMs), SuspendedCause: 'AWAITING_CONFIRMATION' }),
  };
}

export function progressOf(job: Job, nowMs: number) {
  const { succeeded, failed } = totalsOf(job.lanes);
  return {
    TotalNumberOfTasks: job.total ?? 0,
    NumberOfTasksSucceeded: succeeded,
    NumberOfTasksFailed: failed,
    Timers: { ElapsedTimeInActiveSeconds: elapsedActiveSeconds(job, nowMs) },
  };
}

/** As S3 writes times: milliseconds and Z. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
