// What one seed asks of the corridor: which jobs over which manifests, what a user does to them
// meanwhile, and how small the limits are, so that cuts, holes and hand-overs happen in small worlds.
import { createHash } from 'node:crypto';
import type { CoordinatorLimits } from '../../../services/control/coordinator-limits.ts';
import { coordinatorDefaults } from '../../../services/control/coordinator-limits.ts';
import type { JobRequest } from '../../../services/core/job.ts';
import { encodeKey } from '../../../services/core/key.ts';
import type { Operation } from '../../../services/core/operation.ts';
import type { Chances, Dice } from './instance.ts';

export const bucket = 'source';
export const manifestBucket = 'manifests';
export const reportBucket = 'reports';
export const targetBucket = 'target';
export const accountId = '123456789012';
export const topicArn = `arn:aws:sns:us-east-1:${accountId}:simulated`;

export interface PlannedRow {
  readonly key: string;
  readonly fate: 'fine' | 'missing' | 'denied';
}

export interface PlannedAction {
  readonly atMs: number;
  readonly kind: 'cancel' | 'hold' | 'resume' | 'priority' | 'confirm';
}

export interface PlannedJob {
  readonly index: number;
  readonly jobId: string;
  readonly request: JobRequest;
  readonly rows: readonly PlannedRow[];
  readonly hasBadRow: boolean;
  readonly manifestText: string;
  /** Sent ahead of ingest's own estimate: decides the number of partitions; 0: not sent. */
  readonly tasksEstimated: number;
  readonly startMs: number;
  readonly actions: readonly PlannedAction[];
}

export interface Plan extends Chances {
  readonly jobs: readonly PlannedJob[];
  readonly limits: CoordinatorLimits;
  readonly workers: number;
  readonly reporters: number;
}

const jobsMax = 3;
const startMsMax = 1_500;
const actionMsMax = 6_000;
const outageMsMax = 50_000;
const partitionEstimates = [0, 0, 1_000, 1_000_000, 50_000_000];

export function planOf(dice: Dice): Plan {
  const count = 1 + dice.below(jobsMax);
  return {
    jobs: Array.from({ length: count }, (_, index) => planJob(dice, index)),
    limits: {
      ...coordinatorDefaults,
      activeJobsMax: 1 + dice.below(2),
      preparedJobsMax: 1 + dice.below(3),
      laneEndMsMax: 60_000,
      frozen: {
        partRowsMax: 1 + dice.below(60),
        partBytesMax: 200 + dice.below(8_000),
        lineVersion: 1,
      },
    },
    workers: 1 + dice.below(2),
    reporters: 1 + dice.below(2),
    killPerMille: dice.perMille(300) ? 0 : 1 + dice.below(12),
    s3FaultPerMille: dice.perMille(500) ? 0 : dice.below(60),
    stallPerMille: dice.perMille(600) ? 0 : 1 + dice.below(4),
    s3HangPerMille: dice.perMille(700) ? 0 : 1 + dice.below(4),
    outage: dice.perMille(700) ? null : planOutage(dice),
  };
}

function planOutage(dice: Dice): Chances['outage'] {
  const fromMs = dice.below(actionMsMax);
  const kind = dice.perMille(500) ? 'refused' : 'expired';
  return { kind, fromMs, untilMs: fromMs + dice.below(outageMsMax) };
}

function planJob(dice: Dice, index: number): PlannedJob {
  const size = dice.perMille(100)
    ? 0
    : dice.perMille(60)
      ? 1_100 + dice.below(400)
      : dice.below(300);
  const deniedPerMille = dice.perMille(80) ? 900 : 30;
  const rows = Array.from({ length: size }, (_, row): PlannedRow => {
    const repeats = dice.perMille(30) && row > 0;
    const key = `job ${index}/${repeats ? 0 : row}+%.txt`;
    return { key, fate: fateOf(key, deniedPerMille) };
  });
  const hasBadRow = dice.perMille(60) && size > 0;
  const lines = rows.map(({ key }) => `${bucket},${encodeKey(key)}\n`);
  if (hasBadRow) lines.splice(dice.below(lines.length + 1), 0, 'one,row,too,wide\n');
  const manifestText = lines.join('');
  const etag = createHash('md5').update(manifestText).digest('hex');
  const confirmationRequired = dice.perMille(200);
  return {
    index,
    jobId: `00000000-0000-4000-8000-00000000000${index}`,
    request: requestOf(dice, index, etag, confirmationRequired),
    rows,
    hasBadRow,
    manifestText,
    tasksEstimated: partitionEstimates[dice.below(partitionEstimates.length)] ?? 0,
    startMs: dice.below(startMsMax),
    actions: planActions(dice, confirmationRequired),
  };
}

/** Where a job that copies puts its copy of the object. */
export function copied(job: Pick<PlannedJob, 'index'>, key: string) {
  return { bucket: targetBucket, key: `copies ${job.index}/${key}` };
}

/** A function of the key, so that a key that stands twice has one fate. */
function fateOf(key: string, deniedPerMille: number): PlannedRow['fate'] {
  const roll = createHash('sha256').update(key).digest().readUInt16BE(0) % 1000;
  return roll < deniedPerMille ? 'denied' : roll < deniedPerMille + 40 ? 'missing' : 'fine';
}

function requestOf(
  dice: Dice,
  index: number,
  etag: string,
  confirmationRequired: boolean,
): JobRequest {
  return {
    accountId,
    roleArn: `arn:aws:iam::${accountId}:role/simulated`,
    priority: dice.below(3),
    description: null,
    confirmationRequired,
    clientRequestToken: `token-${index}`,
    operation: planOperation(dice, index),
    manifest: {
      format: 'S3BatchOperations_CSV_20180820',
      fields: ['Bucket', 'Key'],
      location: {
        objectArn: `arn:aws:s3:::${manifestBucket}/job-${index}.csv`,
        objectVersionId: null,
        etag,
      },
    },
    report: dice.perMille(100)
      ? { enabled: false }
      : {
          enabled: true,
          bucketArn: `arn:aws:s3:::${reportBucket}`,
          prefix: 'reports',
          scope: dice.perMille(250) ? 'FailedTasksOnly' : 'AllTasks',
          expectedBucketOwner: null,
        },
    tags: [],
    topicArn,
    origin: { kind: 'api', accessKeyId: 'SIMULATED' },
    bucketsAllowed: null,
  };
}

function planOperation(dice: Dice, index: number): Operation {
  if (dice.perMille(200)) return { name: 'S3DeleteObjectTagging', parameters: {} };
  if (dice.perMille(250)) {
    const TargetResource = `arn:aws:s3:::${targetBucket}`;
    const parameters = { TargetResource, TargetKeyPrefix: `copies ${index}` };
    return { name: 'S3PutObjectCopy', parameters };
  }
  const TagSet = [{ Key: 'job', Value: String(index) }];
  return { name: 'S3PutObjectTagging', parameters: { TagSet } };
}

function planActions(dice: Dice, confirmationRequired: boolean): PlannedAction[] {
  const actions: PlannedAction[] = [];
  const at = () => dice.below(actionMsMax);
  if (dice.perMille(150)) actions.push({ atMs: at(), kind: 'cancel' });
  if (dice.perMille(200)) {
    const heldMs = at();
    actions.push({ atMs: heldMs, kind: 'hold' }, { atMs: heldMs + 1 + at(), kind: 'resume' });
  }
  if (dice.perMille(200)) actions.push({ atMs: at(), kind: 'priority' });
  if (confirmationRequired) actions.push({ atMs: actionMsMax, kind: 'confirm' });
  return actions.toSorted((a, b) => a.atMs - b.atMs);
}
