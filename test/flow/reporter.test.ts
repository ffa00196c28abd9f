// The reporter alone, on memory twins and a virtual clock: results are written by the test.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { partRecordCodec } from '../../schemas/codec.ts';
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import type { Job } from '../../services/core/job.ts';
import { jobSpace, partsTopic } from '../../services/core/names.ts';
import { reportLine } from '../../services/core/report-line.ts';
import type { PartRecord, ResultRecord, TaskResult } from '../../services/core/task.ts';
import type { ReporterLimits } from '../../services/reporter/limits.ts';
import { runReporter } from '../../services/reporter/run.ts';
import { activeJob, openJobTable } from '../support/job-fixture.ts';
import { manualClock } from '../support/manual-clock.ts';
import { openMemoryS3 } from '../support/memory-s3.ts';

function row(ordinal: number, status: TaskResult['status'] = 'succeeded'): TaskResult {
  const isGood = status === 'succeeded';
  return {
    ordinal,
    bucket: 'photos',
    reportedKey: `k${ordinal}`,
    versionId: '',
    status,
    httpStatus: isGood ? 200 : 403,
    errorCode: isGood ? '' : 'AccessDenied',
    message: isGood ? 'Successful' : 'no, "not" you',
    attempts: 1 + (ordinal % 2),
    startedMs: 0,
    endedMs: 1,
    requestId: 'r',
  };
}

/** Rows in the order of their ordinals; every fifth failed. */
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    row(from + index, (from + index) % 5 === 4 ? 'failed' : 'succeeded'),
  );
const exhausted = (count: number): ResultRecord => ({ kind: 'end', reason: 'exhausted', count });

function slicesOf(all: readonly TaskResult[], size: number): TaskResult[][] {
  const slices: TaskResult[][] = [];
  for (let at = 0; at < all.length; at += size) slices.push(all.slice(at, at + size));
  return slices;
}

interface Kill {
  readonly at: number;
}

function openRoom() {
  const clock = manualClock();
  const world = openMemoryLog({ nowMs: () => clock.wallMs() });
  const desk = world.connect();
  const table = openJobTable(desk.log, desk.spaces);
  const s3 = openMemoryS3({ nowMs: () => clock.wallMs(), buckets: ['reports'] });

  /** Runs a reporter; with a kill, it dies at that port call and a second one takes over. */
  async function serve(job: Job, kill: Kill | null, limits: Partial<ReporterLimits> = {}) {
    let calls = 0;
    let isDead = false;
    const stopping = new AbortController();
    const never = new Promise<never>(() => {});
    const start = (isMortal: boolean) => {
      const step = async () => {
        if (!isMortal) return;
        if (isDead) await never;
        calls += 1;
        if (calls !== kill?.at) return;
        isDead = true;
        handle.kill();
        start(false);
        await never;
      };
      const handle = world.connect({ step });
      const roles = isMortal ? mortalRoles(step) : s3.roles;
      const run = runReporter({ log: handle.log, roles, clock, limits }, stopping.signal);
      run.catch((error: unknown) => faults.push(error));
    };
    const mortalRoles = (step: () => Promise<void>) => ({
      resolve: () => ({
        ...s3.storage,
        objects: {
          ...s3.storage.objects,
          write: async (...args: Parameters<typeof s3.storage.objects.write>) => {
            await step();
            const answer = await s3.storage.objects.write(...args);
            await step();
            return answer;
          },
        },
      }),
    });
    const faults: unknown[] = [];
    start(kill !== null);
    // The test is the coordinator: it folds levels into the job as little as it must.
    const look = async () => {
      let isFinishing = false;
      for (;;) {
        const levels = await table.levels();
        const ended = new Set<number>();
        for (const level of levels) {
          if (level.kind === 'progress' && level.ended !== null) ended.add(level.partition);
          if (level.kind === 'reported') return level.reported;
        }
        if (ended.size === job.partitions && !isFinishing) {
          isFinishing = true;
          await table.put({ ...job, status: 'Completing', endingMs: 1_000 });
        }
        if (faults.length > 0) throw faults[0];
        await clock.sleep(50, stopping.signal);
      }
    };
    const reported = await clock.run(look(), 3_600_000);
    stopping.abort();
    await clock.advance(1_000);
    return { reported, wasKilled: isDead };
  }

  async function parts(job: Job): Promise<PartRecord[]> {
    const found: PartRecord[] = [];
    const signal = new AbortController().signal;
    const view = await desk.log.follow(
      jobSpace(job.id),
      partsTopic,
      ({ value }) => {
        if (value !== null) found.push(partRecordCodec.decode(value));
      },
      signal,
    );
    await view.caughtUp('now', signal);
    return found;
  }

  function objects(): Map<string, string> {
    const found = new Map<string, string>();
    for (const call of s3.calls) {
      if (call.command !== 'PutObject') continue;
      const bytes = s3.peek('reports', call.key)?.bytes;
      if (bytes !== undefined) found.set(call.key, new TextDecoder().decode(bytes));
    }
    return found;
  }

  return { clock, table, s3, serve, parts, objects };
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

async function seeded(room: ReturnType<typeof openRoom>, partRowsMax: number) {
  const job = activeJob({ id: 'report', partitions: 2, total: 50, frozen: { partRowsMax } });
  await room.table.open(job);
  const [first, second] = [rows(37), rows(13)];
  // Out of order between slices, as outcomes are emitted.
  const slices = slicesOf(first, 10);
  await room.table.results(
    job,
    0,
    [slices[1], slices[0], slices[2], slices[3]].map((s) => s ?? []),
    exhausted(37),
  );
  await room.table.results(job, 1, slicesOf(second, 4), exhausted(13));
  await room.table.put(job);
  return { job, expected: [...first, ...second] };
}

function sortedObjects(room: ReturnType<typeof openRoom>): [string, string][] {
  return [...room.objects()].sort(([a], [b]) => (a < b ? -1 : 1));
}

function csvLines(objects: ReadonlyMap<string, string>): string[] {
  return [...objects]
    .filter(([key]) => key.endsWith('.csv'))
    .flatMap(([, text]) => text.split('\r\n').slice(0, -1))
    .sort();
}

const linesOf = (all: readonly TaskResult[]) =>
  all.map((result) => reportLine(result).slice(0, -2)).sort();

describe('a reporter with a job', () => {
  test('writes each row once, in parts of one cut for both statuses, the manifest last', async () => {
    const room = openRoom();
    const { job, expected } = await seeded(room, 15);
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'written', succeeded: 41, failed: 9, reason: '' });
    const objects = room.objects();
    expect(csvLines(objects)).toEqual(linesOf(expected));
    const manifest = objects.get('done/job-report/manifest.json') ?? '';
    expect(reported.manifestKey).toBe('done/job-report/manifest.json');
    expect(objects.get('done/job-report/manifest.json.md5')).toBe(md5(manifest));
    const { Results, ReportCreationDate } = JSON.parse(manifest);
    expect(ReportCreationDate).toBe('1970-01-01T00:00:01.000000000Z');
    for (const { Key, MD5Checksum, Bucket } of Results) {
      expect(Bucket).toBe('reports');
      expect(MD5Checksum).toBe(md5(objects.get(Key) ?? ''));
    }
    expect(Results.length).toBe(8);
    const written = room.s3.calls.filter(({ command }) => command === 'PutObject');
    expect(written.at(-2)?.key).toBe('done/job-report/manifest.json');
    expect(written.at(-1)?.key).toBe('done/job-report/manifest.json.md5');
  });

  test('killed at any port call, it leaves the same bytes and each part recorded once', async () => {
    const untouched = openRoom();
    const { job } = await seeded(untouched, 15);
    await untouched.serve(job, null);
    const expectedObjects = sortedObjects(untouched);
    const sorted = (parts: readonly PartRecord[]) =>
      parts.map((part) => JSON.stringify(part)).sort();
    const expectedParts = sorted(await untouched.parts(job));
    let at = 1;
    for (; ; at += 1) {
      const room = openRoom();
      const again = await seeded(room, 15);
      const { reported, wasKilled } = await room.serve(again.job, { at });
      expect(reported.result, `killed at call ${at}`).toBe('written');
      expect(sortedObjects(room), `killed at call ${at}`).toEqual(expectedObjects);
      expect(sorted(await room.parts(again.job)), `killed at call ${at}`).toEqual(expectedParts);
      if (!wasKilled) break;
    }
    expect(at).toBeGreaterThan(40);
  });

  test('drops a row whose ordinal it has taken before', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'twice', total: 20 });
    await room.table.open(job);
    const all = rows(20);
    const repeated = [...rows(12), ...rows(5, 7), ...rows(8, 12)];
    await room.table.results(job, 0, slicesOf(repeated, 6), exhausted(20));
    await room.table.put(job);
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'written', succeeded: 16, failed: 4 });
    expect(csvLines(room.objects())).toEqual(linesOf(all));
  });

  test('does not let a job pass whose results lack one', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'lacking', total: 20 });
    await room.table.open(job);
    const lacking = rows(20).filter(({ ordinal }) => ordinal !== 7);
    await room.table.results(job, 0, slicesOf(lacking, 6), exhausted(20));
    await room.table.put(job);
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'failed', succeeded: 15, failed: 4 });
    expect(reported.reason).toContain('the first that is missing is task 7');
  });

  test('reports what a stopped job has done', async () => {
    const room = openRoom();
    const job = activeJob({ id: 'stopped', total: 100 });
    await room.table.open(job);
    const done = rows(30).filter(({ ordinal }) => ordinal % 3 !== 0);
    await room.table.results(job, 0, slicesOf(done, 7), { kind: 'end', reason: 'stopped' });
    await room.table.put(job);
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'written', succeeded: 16, failed: 4 });
    expect(csvLines(room.objects())).toEqual(linesOf(done));
  });

  test('writes only the failed rows where only they are asked for, and counts all', async () => {
    const room = openRoom();
    const whole = activeJob({ id: 'failed-only', total: 30, frozen: { partRowsMax: 8 } });
    const { report } = whole.request;
    if (!report.enabled) throw new Error('the fixture has a report');
    const failedOnly = { ...report, scope: 'FailedTasksOnly' } as const;
    const job: Job = { ...whole, request: { ...whole.request, report: failedOnly } };
    await room.table.open(job);
    await room.table.results(job, 0, slicesOf(rows(30), 30), exhausted(30));
    await room.table.put(job);
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'written', succeeded: 24, failed: 6 });
    const failed = rows(30).filter(({ status }) => status === 'failed');
    expect(csvLines(room.objects())).toEqual(linesOf(failed));
  });

  test('writes nothing where no report is wanted or no task ran, and says so', async () => {
    for (const [id, count] of [
      ['unwanted', 9],
      ['idle', 0],
    ] as const) {
      const room = openRoom();
      const whole = activeJob({ id, total: count });
      const job: Job =
        count === 0
          ? whole
          : { ...whole, request: { ...whole.request, report: { enabled: false } } };
      await room.table.open(job);
      await room.table.results(job, 0, slicesOf(rows(count), 4), exhausted(count));
      await room.table.put(job);
      const { reported } = await room.serve(job, null);
      const [good, bad] = count === 0 ? [0, 0] : [8, 1];
      expect(reported).toMatchObject({ result: 'none', succeeded: good, failed: bad });
      expect(room.objects().size).toBe(0);
    }
  });

  test('waits for a report bucket that is away, and goes on counting meanwhile', async () => {
    const room = openRoom();
    const { job, expected } = await seeded(room, 15);
    room.s3.fail({
      command: 'PutObject',
      times: 12,
      answer: { kind: 'unreachable', message: 'ECONNREFUSED' },
    });
    const { reported } = await room.serve(job, null);
    expect(reported.result).toBe('written');
    expect(csvLines(room.objects())).toEqual(linesOf(expected));
  });

  test('gives the report up for a bucket that keeps saying no, and names its answer', async () => {
    const room = openRoom();
    const { job } = await seeded(room, 15);
    room.s3.fail({
      command: 'PutObject',
      answer: { kind: 'refused', status: 403, code: 'AccessDenied', message: 'Access Denied' },
    });
    const { reported } = await room.serve(job, null);
    expect(reported).toMatchObject({ result: 'failed', succeeded: 41, failed: 9, manifestKey: '' });
    expect(reported.reason).toContain('could not be written to your report bucket');
    expect(reported.reason).toContain('AccessDenied');
  });
});
