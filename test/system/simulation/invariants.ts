// What must hold at the end of every world, whatever happened in it. Reads the log, S3 and what was
// published; shares nothing with the services but codecs and the table of transitions.
import { createHash } from 'node:crypto';
import { historyCodec, resultRecordCodec } from '../../../schemas/codec.ts';
import type { Clock } from '../../../services/core/clock.ts';
import type { HistoryRecord } from '../../../services/core/fact.ts';
import type { Job } from '../../../services/core/job.ts';
import { encodeKey } from '../../../services/core/key.ts';
import type { Log, StoredRecord } from '../../../services/core/log.ts';
import { historyTopic, jobSpace, resultsTopic } from '../../../services/core/names.ts';
import { isBuilt } from '../../../services/core/operations/registry.ts';
import { transitions } from '../../../services/core/transitions.ts';
import type { MemoryS3 } from '../../support/memory-s3.ts';
import { bucket, copied, type PlannedJob, reportBucket } from './plan.ts';
import type { Ending } from './world.ts';

export async function faultsOf(ending: Ending): Promise<string[]> {
  const faults = [...ending.faults];
  if (faults.length > 0) return faults;
  const history = (await allRecords(ending, 'control', historyTopic)).flatMap(({ value }) =>
    value === null ? [] : [historyCodec.decode(value)],
  );
  for (const planned of ending.plan.jobs) {
    const job = ending.jobs.get(planned.jobId);
    if (job === undefined) faults.push(`job ${planned.index}: no record`);
    else faults.push(...(await faultsOfJob(ending, planned, job, history)));
  }
  return faults;
}

async function faultsOfJob(
  ending: Ending,
  planned: PlannedJob,
  job: Job,
  history: readonly HistoryRecord[],
): Promise<string[]> {
  const faults: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) faults.push(`job ${planned.index} (${job.status}): ${what}`);
  };
  const own = history.filter(({ jobId }) => jobId === job.id);
  expect(isGapless(own, job), 'history is not one record per version');
  expect(own.every(isInTable), 'a transition outside the table');
  expect(areToldOnce(own, ending), 'a change of status was not published, or under two event ids');
  expect(isExpectedEnding(planned, job), `ended with ${JSON.stringify(job.failures)}`);
  if (planned.hasBadRow) {
    const touched = planned.rows.some(({ key }) => ending.s3.callsOn(bucket, key).length > 0);
    expect(!touched, 'an object was touched although the manifest has a bad row');
  }
  if (job.activations === 0) return faults;

  const results = job.space === 'open' ? await resultsOf(ending, job) : [];
  const ordinals = new Set(results.map(({ id }) => id));
  expect(ordinals.size === results.length, 'an ordinal stands twice in the results');
  const succeeded = job.lanes.reduce((sum, lane) => sum + lane.succeeded, 0);
  const failed = job.lanes.reduce((sum, lane) => sum + lane.failed, 0);
  expect(succeeded + failed === results.length, 'the counters are not the number of results');
  if (job.status === 'Complete') {
    expect(results.length === planned.rows.length, 'a task has no result');
  }
  const report = readReport(ending.s3, job);
  faults.push(...report.faults.map((fault) => `job ${planned.index}: ${fault}`));
  expect(
    sameTimes(
      report.rows,
      results.filter(({ status }) => isInScope(job, status)).map(({ row }) => row),
    ),
    'the report is not the results',
  );
  const wanted = planned.rows.map(({ key }) => encodeKey(key));
  expect(isWithin(report.keys, wanted), 'the report names a row that the manifest does not');
  for (const { key, status } of results) {
    const row = planned.rows.find((one) => encodeKey(one.key) === key);
    if (row === undefined || status !== 'succeeded') continue;
    expect(row.fate === 'fine', `${key} succeeded, but it is ${row.fate}`);
    expect(isDone(ending.s3, planned, row.key), `${key} succeeded without its effect`);
  }
  return faults;
}

function isInScope({ request: { report } }: Job, status: 'succeeded' | 'failed'): boolean {
  return report.enabled && (report.scope === 'AllTasks' || status === 'failed');
}

/** Whether S3 shows what the job's operation does to an object. */
function isDone(s3: MemoryS3, planned: PlannedJob, key: string): boolean {
  const object = s3.peek(bucket, key);
  const tags = JSON.stringify(object?.tags ?? null);
  const { operation } = planned.request;
  if (!isBuilt(operation)) return false;
  switch (operation.name) {
    case 'S3PutObjectTagging':
      return tags.includes(`"${planned.index}"`) && !tags.includes('before');
    case 'S3DeleteObjectTagging':
      return tags === '[]';
    case 'S3PutObjectCopy': {
      const at = copied(planned, key);
      const copy = s3.peek(at.bucket, at.key);
      return copy !== undefined && copy.etag === object?.etag;
    }
  }
}

/** Denied and missing objects fail their task; only the threshold, a bad row or a user ends a job. */
function isExpectedEnding(planned: PlannedJob, job: Job): boolean {
  const isCancelled = planned.actions.some(({ kind }) => kind === 'cancel');
  const [failure] = job.failures;
  if (job.status === 'Complete') return !planned.hasBadRow;
  if (job.status === 'Cancelled') return isCancelled;
  if (job.status !== 'Failed') return false;
  const expected = planned.hasBadRow ? 'InvalidManifestContent' : 'TaskFailureThresholdExceeded';
  return failure?.code === expected;
}

function isGapless(own: readonly HistoryRecord[], job: Job): boolean {
  const versions = own.map(({ version }) => version);
  return (
    versions.every((version, index) => version === index + 1) && versions.length === job.version
  );
}

function isInTable({ from, to }: HistoryRecord): boolean {
  return from === null || from === to || Object.values(transitions[from]).includes(to);
}

function areToldOnce(own: readonly HistoryRecord[], { published }: Ending): boolean {
  const changes = own.filter(({ from, to }) => from !== to);
  const ids = new Set(changes.map(({ jobEventId }) => jobEventId));
  return (
    ids.size === changes.length &&
    changes.every(({ jobEventId, to }) =>
      published.some(
        ({ message }) =>
          message.includes(`"jobEventId":"${jobEventId}"`) && message.includes(`"status":"${to}"`),
      ),
    )
  );
}

async function resultsOf(ending: Ending, job: Job) {
  const results: { id: string; key: string; status: 'succeeded' | 'failed'; row: string }[] = [];
  // A follower is not told the partition; a task's key tells it as well, for keys have one.
  for (const { value } of await allRecords(ending, jobSpace(job.id), resultsTopic)) {
    if (value === null) continue;
    const record = resultRecordCodec.decode(value);
    if (record.kind === 'end') continue;
    for (const {
      ordinal,
      bucket: of,
      reportedKey,
      status,
      httpStatus,
      errorCode,
    } of record.results) {
      const row = [of, reportedKey, status, httpStatus, errorCode].join(',');
      results.push({ id: `${reportedKey} ${ordinal}`, key: reportedKey, status, row });
    }
  }
  return results;
}

function readReport(s3: MemoryS3, job: Job) {
  const faults: string[] = [];
  const folder = `reports/job-${job.id}`;
  const manifest = s3.peek(reportBucket, `${folder}/manifest.json`);
  const hasRun = job.lanes.some((lane) => lane.read > 0);
  const rows: string[] = [];
  const isWanted = job.request.report.enabled && hasRun;
  if (isWanted !== (manifest !== undefined)) {
    faults.push(isWanted ? 'no manifest.json although a task ran' : 'a manifest.json unasked for');
  }
  if (manifest === undefined) return { faults, rows, keys: [] };
  const decoder = new TextDecoder();
  const md5 = s3.peek(reportBucket, `${folder}/manifest.json.md5`);
  if (md5 === undefined || !decoder.decode(md5.bytes).startsWith(md5Hex(manifest.bytes))) {
    faults.push('manifest.json.md5 does not match');
  }
  const listed: { Results: { Key: string; MD5Checksum: string }[] } = JSON.parse(
    decoder.decode(manifest.bytes),
  );
  for (const { Key: key, MD5Checksum: expected } of listed.Results) {
    const part = s3.peek(reportBucket, key);
    if (part === undefined || md5Hex(part.bytes) !== expected) {
      faults.push(`part ${key} is missing or has another MD5`);
      continue;
    }
    for (const line of decoder.decode(part.bytes).split('\r\n')) {
      if (line === '') continue;
      const [of, reported, , status, httpStatus, errorCode] = line.split(',');
      rows.push([of, reported, status, httpStatus, errorCode].join(','));
    }
  }
  const keys = rows.map((row) => row.split(',')[1] ?? '');
  return { faults, rows, keys };
}

function md5Hex(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function counted(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function sameTimes(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isWithin(a, b);
}

function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  const limits = counted(whole);
  return [...counted(part)].every(([text, count]) => count <= (limits.get(text) ?? 0));
}

/** Everything a topic holds now. The clock drives the twin's delays while we read. */
async function allRecords(
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  space: Parameters<Log['follow']>[0],
  topic: string,
): Promise<StoredRecord[]> {
  void clock;
  const records: StoredRecord[] = [];
  const signal = new AbortController().signal;
  const view = await log.follow(space, topic, (record) => records.push(record), signal);
  await view.caughtUp('now', signal);
  await view.release();
  return records;
}
