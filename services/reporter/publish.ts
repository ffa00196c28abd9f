// One range of results becomes parts: read again, upload, then one commit of the parts' records and
// the position. Upload before commit: a crash between the two writes the same bytes once more.
import { createHash } from 'node:crypto';
import { partRecordCodec, resultRecordCodec } from '../../schemas/codec.ts';
import { decodeAt } from '../core/decode-at.ts';
import type { Job } from '../core/job.ts';
import type { Lane, NewRecord } from '../core/log.ts';
import { jobSpace, partsTopic, resultsTopic } from '../core/names.ts';
import { partKey, partName } from '../core/report.ts';
import type { PartRecord, TaskResult } from '../core/task.ts';
import { type BuiltFile, openRangeBuilder } from './build.ts';
import { writeReportNote } from './note.ts';
import type { Range } from './plan.ts';
import { type EnabledReport, reportOf, type UploadAnswer, upload } from './upload.ts';
import type { World } from './world.ts';

export type Published = { readonly kind: 'committed' } | (UploadAnswer & { kind: 'failed' });

/** problem: the lane's report was given up; its rows are counted, not written. */
export async function publishRange(
  world: World,
  job: Job,
  lane: Lane,
  range: Range,
  problem: string | null,
  signal: AbortSignal,
): Promise<Published | { readonly kind: 'stopped' }> {
  const report = reportOf(job);
  const statuses = problem === null && report !== null ? reportedStatuses(report) : [];
  const written = new Map<TaskResult['status'], PartRecord>();
  if (statuses.some((status) => range[status] > 0)) {
    await world.uploads.take();
    const answer = await buildAndUpload(world, job, lane, range, statuses, signal, written).finally(
      () => world.uploads.give(),
    );
    if (answer.kind !== 'written') return answer;
  }
  const parts = bothStatuses
    .filter((status) => range[status] > 0)
    .map((status) => written.get(status) ?? uncopied(lane.partition, status, range[status]));
  const end = endRecord(lane.partition, range, problem);
  const records = [...parts, ...(end === null ? [] : [end])].map((part) => partRecord(part));
  await lane.commit(records, positionAfter(range, problem));
  return { kind: 'committed' };
}

const bothStatuses: readonly TaskResult['status'][] = ['succeeded', 'failed'];

function reportedStatuses({ scope }: EnabledReport): readonly TaskResult['status'][] {
  return scope === 'AllTasks' ? bothStatuses : ['failed'];
}

async function buildAndUpload(
  world: World,
  job: Job,
  lane: Lane,
  range: Range,
  statuses: readonly TaskResult['status'][],
  signal: AbortSignal,
  written: Map<TaskResult['status'], PartRecord>,
): Promise<UploadAnswer | { readonly kind: 'stopped' }> {
  const files = await buildRange(world, job, lane, range, statuses, signal);
  if (files === null) return { kind: 'stopped' };
  for (const file of files) {
    const part = partOf(job, lane.partition, range, file);
    const { key } = part;
    const { bytes } = file;
    const answer = await upload(world, job, { key, bytes, contentType: 'text/csv' }, signal);
    if (signal.aborted) return { kind: 'stopped' };
    if (answer.kind === 'failed') return answer;
    written.set(file.status, part);
  }
  return { kind: 'written' };
}

/** null: stopped before its end. Leaves the lane's cursor behind the range. */
async function buildRange(
  world: World,
  job: Job,
  lane: Lane,
  range: Range,
  statuses: readonly TaskResult['status'][],
  signal: AbortSignal,
): Promise<readonly BuiltFile[] | null> {
  const builder = openRangeBuilder(range, statuses);
  const { partition } = lane;
  const from = { space: jobSpace(job.id), topic: resultsTopic, partition };
  lane.seek(range.start.next);
  while (!signal.aborted) {
    for (const record of await lane.read(world.limits.readBytesMax, signal)) {
      const result = decodeAt(resultRecordCodec, from, record);
      if (builder.take(record.offset, result)) return builder.files();
    }
  }
  return null;
}

type Part = Extract<PartRecord, { readonly kind: 'part' }>;

function partOf(job: Job, partition: number, range: Range, file: BuiltFile): Part {
  const { status, rows, bytes } = file;
  const { firstOffset, firstOrdinal } = range;
  const name = partName(sha1Hex, { jobId: job.id, partition, firstOffset, firstOrdinal, status });
  const key = partKey(reportOf(job)?.prefix ?? null, job.id, name);
  return { kind: 'part', partition, status, key, md5: md5Hex(bytes), rows, bytes: bytes.length };
}

/** Rows that no file holds (out of scope, or the report was given up) are still counted. */
function uncopied(partition: number, status: TaskResult['status'], rows: number): Part {
  return { kind: 'part', partition, status, key: '', md5: '', rows, bytes: 0 };
}

function endRecord(partition: number, range: Range, problem: string | null): PartRecord | null {
  const { state: reason, succeeded, failed } = range.endNote;
  if (reason === 'open') return null;
  const known = range.endNote.problem ?? problem;
  return { kind: 'end', partition, reason, succeeded, failed, problem: known };
}

function positionAfter(range: Range, problem: string | null): Range['end'] {
  if (problem === null) return range.end;
  const note = writeReportNote({ ...range.endNote, problem: range.endNote.problem ?? problem });
  return { next: range.end.next, note };
}

function partRecord(part: PartRecord): NewRecord {
  const { partition } = part;
  const value = partRecordCodec.encode(part);
  return { topic: partsTopic, partition, key: String(partition), value };
}

function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

export function md5Hex(data: Uint8Array | string): string {
  return createHash('md5').update(data).digest('hex');
}
