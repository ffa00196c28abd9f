// The end of a job's report: once every partition's parts are written, manifest.json names them,
// then manifest.json.md5, then the coordinator is told. Whoever claims the finisher's identity
// does it; all of it can be done twice, since the same parts make the same bytes.
// Exit: told; or fenced (another one does it); or dismissed.
import { partRecordCodec } from '../../schemas/codec.ts';
import type { Job, Reported } from '../core/job.ts';
import { finisherIdentity, jobSpace, partsTopic } from '../core/names.ts';
import { type ReportPart, reportManifest, reportManifestKey } from '../core/report.ts';
import type { PartRecord } from '../core/task.ts';
import { md5Hex } from './publish.ts';
import { bucketOf, openPatience, reportOf, reportProblem, upload } from './upload.ts';
import type { World } from './world.ts';

type PartEnd = Extract<PartRecord, { readonly kind: 'end' }>;

interface Parts {
  readonly parts: readonly ReportPart[];
  readonly ends: ReadonlyMap<number, PartEnd>;
}

/** null: dismissed before it was done. Rejects as the log does. */
export async function finishReport(
  world: World,
  job: Job,
  dismissed: AbortSignal,
): Promise<Reported | null> {
  const writer = await world.log.claim(jobSpace(job.id), finisherIdentity, dismissed);
  if (dismissed.aborted) return null;
  const collected = await collectParts(world, job, dismissed);
  if (dismissed.aborted) return null;
  const reported = await conclude(world, job, collected, dismissed);
  if (reported === null) return null;
  // Who is no longer the holder has nothing to tell.
  await writer.commit([], { next: 0n, note: reported.result });
  await writer.release();
  return reported;
}

async function collectParts(world: World, job: Job, dismissed: AbortSignal): Promise<Parts> {
  const parts: ReportPart[] = [];
  const ends = new Map<number, PartEnd>();
  const view = await world.log.follow(
    jobSpace(job.id),
    partsTopic,
    ({ value }) => {
      if (value === null) return;
      const part = partRecordCodec.decode(value);
      if (part.kind === 'part') parts.push(part);
      else ends.set(part.partition, part);
    },
    dismissed,
  );
  while (ends.size < job.partitions && !dismissed.aborted) await view.changed(dismissed);
  await view.release();
  return { parts, ends };
}

async function conclude(
  world: World,
  job: Job,
  { parts, ends }: Parts,
  dismissed: AbortSignal,
): Promise<Reported | null> {
  const totals = sum([...ends.values()]);
  const none: Reported = { result: 'none', manifestKey: '', ...totals, reason: '' };
  const report = reportOf(job);
  const problem = problemOf(job, parts, ends);
  if (problem !== null) return { ...none, result: 'failed', reason: problem };
  if (report === null || totals.succeeded + totals.failed === 0) return none;
  const key = reportManifestKey(report.prefix, job.id);
  const named = parts.filter((part) => part.key !== '');
  const text = reportManifest(bucketOf(report), job.endingMs ?? job.statusMs, named);
  for (const [name, content, contentType] of [
    [key, text, 'application/json'],
    [`${key}.md5`, md5Hex(text), 'text/plain'],
  ] as const) {
    const reason = await write(world, job, name, content, contentType, dismissed);
    if (dismissed.aborted) return null;
    if (reason !== null) return { ...none, result: 'failed', reason: reportProblem(reason) };
  }
  return { ...none, result: 'written', manifestKey: key };
}

/** Why it could not be written; null if it was, or if the signal came first. */
async function write(
  world: World,
  job: Job,
  key: string,
  text: string,
  contentType: string,
  dismissed: AbortSignal,
): Promise<string | null> {
  const patience = openPatience(world);
  const bytes = new TextEncoder().encode(text);
  while (!dismissed.aborted) {
    const answer = await upload(world, job, { key, bytes, contentType }, dismissed);
    if (answer.kind === 'written') return null;
    const nextMs = patience.again(answer.isPassing);
    if (nextMs === null) return answer.reason;
    await world.clock.sleep(nextMs - world.clock.monotonicMs(), dismissed);
  }
  return null;
}

function sum(counted: readonly { readonly succeeded: number; readonly failed: number }[]) {
  return {
    succeeded: counted.reduce((total, { succeeded }) => total + succeeded, 0),
    failed: counted.reduce((total, { failed }) => total + failed, 0),
  };
}

/** What makes the report not to be trusted: said by a partition, or found by adding up. */
function problemOf(job: Job, parts: readonly ReportPart[], ends: Parts['ends']): string | null {
  for (const end of ends.values()) {
    if (end.problem !== null) return end.problem;
    const rows = { succeeded: 0, failed: 0 };
    for (const part of parts) {
      if (part.partition === end.partition) rows[part.status] += part.rows;
    }
    if (rows.succeeded !== end.succeeded || rows.failed !== end.failed) {
      return (
        `The parts of partition ${end.partition} hold ${rows.succeeded} succeeded and ` +
        `${rows.failed} failed rows, not ${end.succeeded} and ${end.failed}. ` +
        'This is a defect of s3batch.'
      );
    }
  }
  const isWhole = [...ends.values()].every(({ reason }) => reason === 'exhausted');
  const { succeeded, failed } = sum([...ends.values()]);
  if (isWhole && job.total !== null && job.total !== succeeded + failed) {
    return `The manifest holds ${job.total} tasks, but the report ${succeeded + failed} rows.`;
  }
  return null;
}
