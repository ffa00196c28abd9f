// The whole corridor in one process, on memory twins and a virtual clock: a job comes in through
// the inbox and goes out as a report; in between it is cancelled, paused, or fails.
import { describe, expect, test } from 'vitest';
import { messageCodec } from '../../schemas/codec.ts';
import type { JobRequest } from '../../services/core/job.ts';
import { inboxTopic } from '../../services/core/names.ts';
import { runIngest } from '../../services/ingest/run.ts';
import { runReporter } from '../../services/reporter/run.ts';
import { runWorker } from '../../services/worker/run.ts';
import { coordinatorWorld, forever } from '../support/coordinator-world.ts';
import {
  createCommand,
  holdCommand,
  resumeCommand,
  statusCommand,
} from '../support/job-samples.ts';
import { openMemoryS3 } from '../support/memory-s3.ts';

const accountRows = (count: number) =>
  Array.from({ length: count }, (_, index) => `photos,${keyOf(index)}`);
const keyOf = (index: number) => `album%20${index % 7}/photo+${index}.jpg`;
const plainKeyOf = (index: number) => `album ${index % 7}/photo ${index}.jpg`;

interface Wishes {
  readonly count: number;
  /** These objects are not there. */
  readonly isMissing?: (index: number) => boolean;
  /** What one call takes. */
  readonly callMs?: number;
  readonly request?: Partial<JobRequest>;
}

async function openCorridor(wishes: Wishes) {
  const world = await coordinatorWorld();
  const { clock } = world;
  let callMs = 0;
  const s3 = openMemoryS3({
    nowMs: () => clock.wallMs(),
    buckets: ['photos', 'lists', 'reports'],
    step: async (label) => {
      if (label.includes('Tagging')) await clock.sleep(callMs, forever);
    },
  });
  callMs = wishes.callMs ?? 0;
  for (let index = 0; index < wishes.count; index += 1) {
    if (wishes.isMissing?.(index) !== true) s3.seed('photos', plainKeyOf(index), 'x');
  }
  const list = s3.seed('lists', 'all.csv', `${accountRows(wishes.count).join('\n')}\n`);
  world.start();
  const faults: unknown[] = [];
  const stopping = new AbortController();
  const seeded = { seed: 1 };
  const random = () => {
    seeded.seed = (seeded.seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seeded.seed / 2 ** 31;
  };
  const { log } = world.log.connect();
  const ports = { log, roles: s3.roles, clock, random };
  const limits = { requestsInFlightMax: 16 };
  const running = [
    runIngest(ports, stopping.signal),
    runWorker({ ...ports, limits }, stopping.signal),
    runReporter(ports, stopping.signal),
  ];
  for (const service of running) service.catch((error: unknown) => faults.push(error));
  const manifest = {
    format: 'S3BatchOperations_CSV_20180820',
    fields: ['Bucket', 'Key'],
    location: {
      objectArn: 'arn:aws:s3:::lists/all.csv',
      objectVersionId: null,
      etag: `"${list.etag}"`,
    },
  } as const;
  const jobId = 'corridor-1';
  const create = () => world.ask(createCommand(jobId, { manifest, ...wishes.request }));
  return {
    ...world,
    s3,
    jobId,
    create,
    end: async () => {
      stopping.abort();
      await clock.run(Promise.all(running), 60_000);
      expect(faults).toEqual([]);
    },
    tagged: () => s3.calls.filter(({ command }) => command === 'PutObjectTagging').length,
    /** Waits until that many objects were worked. */
    worked: async (count: number) => {
      const look = async () => {
        while (s3.calls.filter(({ command }) => command === 'PutObjectTagging').length < count) {
          await clock.sleep(10, forever);
        }
      };
      await clock.run(look(), 3_600_000);
    },
    report: () => reportOf(s3, jobId),
  };
}

interface Row {
  readonly key: string;
  readonly status: string;
  readonly code: string;
}

function reportOf(s3: ReturnType<typeof openMemoryS3>, jobId: string): Row[] {
  const text = (key: string) => new TextDecoder().decode(s3.peek('reports', key)?.bytes);
  const { Results } = JSON.parse(text(`job-${jobId}/manifest.json`));
  return Results.flatMap(({ Key }: { Key: string }) =>
    text(Key)
      .split('\r\n')
      .slice(0, -1)
      .map((line) => {
        const [, key = '', , status = '', , code = ''] = line.split(',');
        return { key, status, code };
      }),
  );
}

describe('the corridor', () => {
  test('brings a job from its creation to Complete, each row once in the report', async () => {
    const corridor = await openCorridor({ count: 1500, isMissing: (index) => index % 10 === 3 });
    await corridor.create();
    const job = await corridor.until(corridor.jobId, ({ status }) => status === 'Complete');
    expect(job.total).toBe(1500);
    expect(job.reported).toMatchObject({ result: 'written', succeeded: 1350, failed: 150 });
    const rows = corridor.report();
    expect(rows.map(({ key }) => key).toSorted()).toEqual(
      Array.from({ length: 1500 }, (_, index) => keyOf(index)).toSorted(),
    );
    expect(
      rows.filter(({ status }) => status === 'failed').every(({ code }) => code === 'NoSuchKey'),
    ).toBe(true);
    expect(corridor.tagged()).toBe(1500);
    expect(corridor.s3.peek('photos', plainKeyOf(1))?.tags).toEqual([
      { Key: 'colour', Value: 'blue' },
    ]);
    await corridor.end();
  });

  test('cancelled mid-way, a job works no object any more and reports what it did', async () => {
    const corridor = await openCorridor({ count: 1500, callMs: 50 });
    await corridor.create();
    await corridor.worked(200);
    await corridor.ask(statusCommand(corridor.jobId, 'Cancelled', 'enough'));
    const job = await corridor.until(corridor.jobId, ({ status }) => status === 'Cancelled');
    const tagged = corridor.tagged();
    expect(tagged).toBeLessThan(400);
    expect(corridor.report().length).toBe(tagged);
    expect(job.reported).toMatchObject({ result: 'written', succeeded: tagged, failed: 0 });
    await corridor.clock.advance(60_000);
    expect(corridor.tagged()).toBe(tagged);
    await corridor.end();
  });

  test('fails a job more than half of whose first thousand tasks have failed', async () => {
    const corridor = await openCorridor({
      count: 6000,
      callMs: 20,
      isMissing: (index) => index % 10 > 3,
    });
    await corridor.create();
    const job = await corridor.until(corridor.jobId, ({ status }) => status === 'Failed');
    expect(job.failures[0]?.code).toBe('TaskFailureThresholdExceeded');
    const rows = corridor.report();
    expect(rows.length).toBeGreaterThanOrEqual(1000);
    expect(rows.length).toBeLessThan(6000);
    expect(rows.length).toBe(corridor.tagged());
    await corridor.end();
  });

  test('a held job drains, stands still, and goes on where it was when it is resumed', async () => {
    const corridor = await openCorridor({ count: 1500, callMs: 50 });
    await corridor.create();
    await corridor.worked(300);
    await corridor.ask(holdCommand(corridor.jobId));
    await corridor.until(corridor.jobId, ({ status }) => status === 'Paused');
    const tagged = corridor.tagged();
    await corridor.clock.advance(60_000);
    expect(corridor.tagged()).toBe(tagged);
    await corridor.ask(resumeCommand(corridor.jobId));
    const job = await corridor.until(corridor.jobId, ({ status }) => status === 'Complete');
    expect(job.reported).toMatchObject({ result: 'written', succeeded: 1500, failed: 0 });
    expect(job.activations).toBe(2);
    expect(corridor.tagged()).toBe(1500);
    expect(corridor.report().length).toBe(1500);
    await corridor.end();
  });

  test('a job without a task ends without a report', async () => {
    const corridor = await openCorridor({ count: 1500, request: { confirmationRequired: true } });
    await corridor.create();
    await corridor.until(corridor.jobId, ({ status }) => status === 'Suspended');
    await corridor.ask(statusCommand(corridor.jobId, 'Cancelled'));
    await corridor.until(corridor.jobId, ({ status }) => status === 'Cancelled');
    expect(corridor.tagged()).toBe(0);
    expect(corridor.s3.peek('reports', `job-${corridor.jobId}/manifest.json`)).toBeUndefined();
    const keys = corridor.s3.calls.map(({ key }) => key);
    expect(keys.filter((key) => key.includes('/results/'))).toEqual([]);
    await corridor.end();
  });
});

// The inbox holds what services said; nobody needs more than the codec to read it.
test('what services say stands in the inbox as levels of the job’s turns', async () => {
  const corridor = await openCorridor({ count: 50 });
  await corridor.create();
  await corridor.until(corridor.jobId, ({ status }) => status === 'Complete');
  const kinds: string[] = [];
  const view = await corridor.log.connect().log.follow(
    'control',
    inboxTopic,
    ({ value }) => {
      if (value !== null) kinds.push(messageCodec.decode(value).kind);
    },
    forever,
  );
  await view.caughtUp('now', forever);
  expect(new Set(kinds)).toEqual(
    new Set(['create', 'measured', 'prepared', 'progress', 'reported']),
  );
  expect(kinds.at(-1)).toBe('reported');
  await corridor.end();
});
