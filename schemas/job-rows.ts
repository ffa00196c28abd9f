// Jobs, requests, levels and commands as Avro rows: a row is flat and holds plain text where the
// domain has a closed list, and coming back every such text is checked again.

import type {
  Job,
  JobOrigin,
  JobRequest,
  JobStatus,
  LaneLevel,
  Manifest,
  ManifestField,
  Reported,
  ReportSettings,
} from '../services/core/job.ts';
import { jobStatuses } from '../services/core/job.ts';
import {
  isManifestGenerator,
  type ManifestGenerator,
} from '../services/core/manifest-generator.ts';
import { readOperation } from '../services/core/operations/registry.ts';
import type { Tag } from '../services/core/s3-call.ts';
import { oneOf, present } from './record.ts';

export interface FailureRow {
  readonly code: string;
  readonly reason: string;
}

export interface CodeCountRow {
  readonly code: string;
  readonly count: number;
}

export interface RequestRow {
  readonly accountId: string;
  readonly roleArn: string;
  readonly priority: number;
  readonly description: string | null;
  readonly confirmationRequired: boolean;
  readonly clientRequestToken: string;
  readonly operation: string;
  readonly parameters: string;
  readonly manifestFormat: string;
  readonly manifestFields: readonly string[];
  readonly manifestArn: string;
  readonly manifestVersionId: string | null;
  readonly manifestEtag: string;
  readonly reportEnabled: boolean;
  readonly reportBucketArn: string;
  readonly reportPrefix: string | null;
  readonly reportScope: string;
  readonly reportBucketOwner: string | null;
  readonly tags: readonly TagRow[];
  readonly topicArn: string | null;
  readonly originKind: string;
  readonly originName: string;
  readonly originDelivery: string;
  readonly bucketsAllowed: readonly string[] | null;
}

export interface TagRow {
  readonly key: string;
  readonly value: string;
}

interface LaneRow {
  readonly read: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retries: number;
  readonly codes: readonly CodeCountRow[];
  readonly ended: string | null;
  readonly drainedTurn: number;
  readonly waiting: string | null;
}

interface ReportedRow {
  readonly result: string;
  readonly manifestKey: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly reason: string;
}

export interface JobRow {
  readonly id: string;
  readonly request: RequestRow;
  readonly requestHash: string;
  readonly partRowsMax: number;
  readonly partBytesMax: number;
  readonly lineVersion: number;
  readonly version: number;
  readonly turn: number;
  readonly status: string;
  readonly statusMs: number;
  readonly priority: number;
  readonly held: boolean;
  readonly createdMs: number;
  readonly suspendedMs: number | null;
  readonly terminatedMs: number | null;
  readonly activations: number;
  readonly activeMs: number;
  readonly statusReason: string | null;
  readonly failures: readonly FailureRow[];
  readonly space: string;
  readonly partitions: number;
  readonly total: number | null;
  readonly preparation: string;
  readonly preparedTotal: number;
  readonly preparationFailure: FailureRow | null;
  readonly lanes: readonly LaneRow[];
  readonly reported: ReportedRow | null;
  readonly endingMs: number | null;
  /** null in records of version 1: the tags of the request. */
  readonly tags: readonly TagRow[] | null;
  readonly generator: string | null;
}

const csvFormat = 'S3BatchOperations_CSV_20180820';
const inventoryFormat = 'S3InventoryReport_CSV_20161130';
const generated = 'generated';
const manifestFields: readonly ManifestField[] = ['Bucket', 'Key', 'VersionId', 'Ignore'];
const nowhere = { objectArn: '', objectVersionId: null, etag: '' };
const reportScopes = ['AllTasks', 'FailedTasksOnly'] as const;
const endings = ['exhausted', 'stopped'] as const;

export function toRequestRow(request: JobRequest): RequestRow {
  const { manifest, report, origin } = request;
  const location = manifest.format === generated ? nowhere : manifest.location;
  return {
    accountId: request.accountId,
    roleArn: request.roleArn,
    priority: request.priority,
    description: request.description,
    confirmationRequired: request.confirmationRequired,
    clientRequestToken: request.clientRequestToken,
    operation: request.operation.name,
    parameters: JSON.stringify(request.operation.parameters),
    manifestFormat: manifest.format,
    manifestFields: manifest.format === csvFormat ? manifest.fields : [],
    manifestArn: location.objectArn,
    manifestVersionId: location.objectVersionId,
    manifestEtag: location.etag,
    reportEnabled: report.enabled,
    reportBucketArn: report.enabled ? report.bucketArn : '',
    reportPrefix: report.enabled ? report.prefix : null,
    reportScope: report.enabled ? report.scope : '',
    reportBucketOwner: report.enabled ? report.expectedBucketOwner : null,
    tags: toTagRows(request.tags),
    topicArn: request.topicArn,
    originKind: origin.kind,
    originName: origin.kind === 'api' ? origin.accessKeyId : origin.rule,
    originDelivery: origin.kind === 'api' ? '' : origin.delivery,
    bucketsAllowed: request.bucketsAllowed,
  };
}

/** The generator of a request, which stands beside its row. */
export function generatorText({ manifest }: JobRequest): string | null {
  return manifest.format === generated ? JSON.stringify(manifest.generator) : null;
}

export function toTagRows(tags: readonly Tag[]): TagRow[] {
  return tags.map(({ Key, Value }) => ({ key: Key, value: Value }));
}

export function fromTagRows(rows: readonly TagRow[]): Tag[] {
  return rows.map(({ key, value }) => ({ Key: key, Value: value }));
}

export function fromRequestRow(row: RequestRow, generator: string | null): JobRequest {
  const operation = readOperation(row.operation, JSON.parse(row.parameters));
  if (operation === null) {
    throw new Error(`operation ${row.operation} or its parameters are unknown to this build`);
  }
  return {
    accountId: row.accountId,
    roleArn: row.roleArn,
    priority: row.priority,
    description: row.description,
    confirmationRequired: row.confirmationRequired,
    clientRequestToken: row.clientRequestToken,
    operation,
    manifest: manifestOf(row, generator),
    report: reportOf(row),
    tags: fromTagRows(row.tags),
    topicArn: row.topicArn,
    origin: originOf(row),
    bucketsAllowed: row.bucketsAllowed,
  };
}

function manifestOf(row: RequestRow, generator: string | null): Manifest {
  const location = {
    objectArn: row.manifestArn,
    objectVersionId: row.manifestVersionId,
    etag: row.manifestEtag,
  };
  const format = oneOf(
    'manifest format',
    [csvFormat, inventoryFormat, generated] as const,
    row.manifestFormat,
  );
  if (format === generated) return { format, generator: generatorOf(generator) };
  if (format === inventoryFormat) return { format, location };
  const fields = row.manifestFields.map((name) => oneOf('manifest field', manifestFields, name));
  return { format, fields, location };
}

function generatorOf(text: string | null): ManifestGenerator {
  const generator: unknown = JSON.parse(present('the generator', text));
  if (isManifestGenerator(generator)) return generator;
  throw new Error('the manifest generator has a member that is unknown to this build');
}

function reportOf(row: RequestRow): ReportSettings {
  if (!row.reportEnabled) return { enabled: false };
  return {
    enabled: true,
    bucketArn: row.reportBucketArn,
    prefix: row.reportPrefix,
    scope: oneOf('report scope', reportScopes, row.reportScope),
    expectedBucketOwner: row.reportBucketOwner,
  };
}

function originOf(row: RequestRow): JobOrigin {
  const kind = oneOf('origin', ['api', 'rule'] as const, row.originKind);
  if (kind === 'api') return { kind, accessKeyId: row.originName };
  return { kind, rule: row.originName, delivery: row.originDelivery };
}

export function toCodeRows(codes: Readonly<Record<string, number>>): CodeCountRow[] {
  return Object.entries(codes).map(([code, count]) => ({ code, count }));
}

/** Error codes come from servers: fromEntries makes an own property even of "__proto__". */
export function fromCodeRows(rows: readonly CodeCountRow[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ code, count }) => [code, count]));
}

export function endedOf(text: string | null): 'exhausted' | 'stopped' | null {
  return text === null ? null : oneOf('end', endings, text);
}

export function endingOf(text: string): 'exhausted' | 'stopped' {
  return oneOf('end', endings, text);
}

export function statusOf(text: string): JobStatus {
  return oneOf('job status', jobStatuses, text);
}

export function toReported(row: ReportedRow): Reported {
  return {
    result: oneOf('report result', ['written', 'none', 'failed'] as const, row.result),
    manifestKey: row.manifestKey,
    succeeded: row.succeeded,
    failed: row.failed,
    reason: row.reason,
  };
}

export function toFailure(row: FailureRow): { readonly code: string; readonly reason: string } {
  return { code: row.code, reason: row.reason };
}

function toLane(row: LaneRow): LaneLevel {
  return {
    read: row.read,
    succeeded: row.succeeded,
    failed: row.failed,
    retries: row.retries,
    codes: fromCodeRows(row.codes),
    ended: endedOf(row.ended),
    drainedTurn: row.drainedTurn,
    waiting: row.waiting,
  };
}

export function toJobRow(job: Job): JobRow {
  const { frozen, preparation, ...rest } = job;
  return {
    ...rest,
    ...frozen,
    request: toRequestRow(job.request),
    tags: toTagRows(job.tags),
    generator: generatorText(job.request),
    preparation: preparation === null ? '' : preparation.kind,
    preparedTotal: preparation?.kind === 'prepared' ? preparation.total : 0,
    preparationFailure: preparation?.kind === 'failed' ? preparation.failure : null,
    lanes: job.lanes.map((lane) => ({ ...lane, codes: toCodeRows(lane.codes) })),
  };
}

export function fromJobRow(row: JobRow): Job {
  if (row.lineVersion !== 1) throw new Error(`line version ${row.lineVersion} is unknown`);
  const request = fromRequestRow(row.request, row.generator);
  return {
    id: row.id,
    request,
    requestHash: row.requestHash,
    frozen: { partRowsMax: row.partRowsMax, partBytesMax: row.partBytesMax, lineVersion: 1 },
    version: row.version,
    turn: row.turn,
    status: statusOf(row.status),
    statusMs: row.statusMs,
    priority: row.priority,
    tags: row.tags === null ? request.tags : fromTagRows(row.tags),
    held: row.held,
    createdMs: row.createdMs,
    suspendedMs: row.suspendedMs,
    terminatedMs: row.terminatedMs,
    activations: row.activations,
    activeMs: row.activeMs,
    statusReason: row.statusReason,
    failures: row.failures.map(toFailure),
    space: oneOf('space', ['none', 'open', 'dropped'] as const, row.space),
    partitions: row.partitions,
    total: row.total,
    preparation: preparationOf(row),
    lanes: row.lanes.map(toLane),
    reported: row.reported === null ? null : toReported(row.reported),
    endingMs: row.endingMs,
  };
}

function preparationOf(row: JobRow): Job['preparation'] {
  const kind = oneOf('preparation', ['', 'prepared', 'failed'] as const, row.preparation);
  switch (kind) {
    case '':
      return null;
    case 'prepared':
      return { kind, total: row.preparedTotal };
    case 'failed':
      return { kind, failure: toFailure(present('the failure', row.preparationFailure)) };
  }
}
