// Drop rules on memory twins: the coordinator is the real one, S3 and the log are in memory, the clock
// is virtual.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { MemoryConnectOptions } from '../../services/adapters/log/memory.ts';
import { openDesk } from '../../services/control/desk.ts';
import { deliveryAgeMsMax } from '../../services/control/rules/examine.ts';
import { parseRules } from '../../services/control/rules/parse-rules.ts';
import type { Rule } from '../../services/control/rules/rule.ts';
import { openRules } from '../../services/control/rules/run-rules.ts';
import type { Job } from '../../services/core/job.ts';
import { type CoordinatorWorld, coordinatorWorld } from '../support/coordinator-world.ts';
import { type MemoryS3, type MemoryS3Options, openMemoryS3 } from '../support/memory-s3.ts';

const prefix = 'inventory/photos/all/';
const folder = `${prefix}2026-11-20T01-00Z/`;
const manifestUrl = `s3://drops/${folder}manifest.json`;

function ruleOf(changes: Readonly<Record<string, unknown>> = {}): Rule {
  const fields = {
    name: 'tag-all',
    bucket: 'drops',
    prefix,
    roleArn: 'arn:aws:iam::123456789012:role/batch',
    operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: 'yes' }] } },
    ...changes,
  };
  const parsed = parseRules(JSON.stringify([fields]), { topicArn: null, pollMs: 30_000 });
  const [rule] = parsed.kind === 'rules' ? parsed.rules : [];
  if (rule === undefined) throw new Error(JSON.stringify(parsed));
  return rule;
}

function manifestOf(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    sourceBucket: 'photos',
    destinationBucket: 'arn:aws:s3:::drops',
    version: '2016-11-30',
    creationTimestamp: '1514944800000',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key',
    files: [{ key: `${prefix}data/1.csv.gz`, size: 1, MD5checksum: '0'.repeat(32) }],
    ...changes,
  });
}

function deliver(s3: MemoryS3, at: string, manifest = manifestOf()): void {
  s3.seed('drops', `${at}manifest.json`, manifest);
  const md5 = createHash('md5').update(manifest).digest('hex');
  s3.seed('drops', `${at}manifest.checksum`, `${md5}\n`);
}

function eventOf(key: string): string {
  const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
  return JSON.stringify({
    Records: [
      {
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: 'drops' }, object: { key: encoded } },
      },
    ],
  });
}

interface Scene {
  readonly world: CoordinatorWorld;
  readonly s3: MemoryS3;
  readonly lines: string[];
  readonly counts: string[];
  readonly start: (rules: readonly Rule[], options?: MemoryConnectOptions) => Promise<Poller>;
  readonly jobs: () => Promise<readonly Job[]>;
}

interface Poller {
  readonly rules: ReturnType<typeof openRules>;
  readonly ended: Promise<void>;
  kill(): void;
  stop(): void;
}

async function scene(options: MemoryS3Options = {}): Promise<Scene> {
  const world = await coordinatorWorld();
  world.start();
  const nowMs = () => world.clock.wallMs();
  const s3 = openMemoryS3({ buckets: ['drops'], nowMs, ...options });
  const lines: string[] = [];
  const counts: string[] = [];
  const note = (fields: unknown, message?: string) =>
    void lines.push(`${message ?? ''} ${JSON.stringify(fields)}`);
  let ids = 0;
  return {
    world,
    s3,
    lines,
    counts,
    async start(rules, connect = {}) {
      const handle = world.log.connect(connect);
      const stop = new AbortController();
      const desk = await openDesk(handle.log, stop.signal);
      const opened = openRules(
        {
          desk,
          roles: s3.roles,
          clock: world.clock,
          logger: { info: note, warn: note, error: note },
          metrics: { countDelivery: (_rule, outcome) => counts.push(outcome) },
          newId: () => `id-${ids++}`,
        },
        rules,
      );
      const ended = opened.run(stop.signal);
      ended.catch(() => undefined);
      return { rules: opened, ended, kill: () => handle.kill(), stop: () => stop.abort() };
    },
    jobs: async () => [...(await world.jobs()).values()],
  };
}

test('without rules their service goes on until it is stopped', async () => {
  const { world, start } = await scene();
  const running = await start([]);
  let hasEnded = false;
  const seen = running.ended.then(() => {
    hasEnded = true;
  });
  await world.clock.advance(60_000);
  expect(hasEnded).toBe(false);
  running.stop();
  await seen;
});

describe('a drop rule', () => {
  test('starts one job for a delivery that is whole, with all that the rule says', async () => {
    const { world, s3, start, jobs, lines } = await scene();
    deliver(s3, folder);
    s3.seed('drops', `${prefix}hive/dt=2026-11-20-01-00/symlink.txt`, 'x');
    s3.seed('drops', `${prefix}data/manifest.checksum`, '0'.repeat(32));
    await start([ruleOf({ priority: 7, description: 'nightly' })]);
    await world.clock.advance(300_000);
    const [job, ...others] = await jobs();
    expect(others).toEqual([]);
    expect(job?.request).toMatchObject({
      accountId: '123456789012',
      priority: 7,
      description: 'nightly',
      confirmationRequired: false,
      origin: { kind: 'rule', rule: 'tag-all', delivery: manifestUrl },
      bucketsAllowed: ['photos'],
      manifest: {
        format: 'S3InventoryReport_CSV_20161130',
        location: { objectArn: `arn:aws:s3:::drops/${folder}manifest.json` },
      },
    });
    expect(lines.filter((line) => line.startsWith('delivery started'))).toHaveLength(1);
  });

  test('starts it at once when an event names the checksum, however the poll stands', async () => {
    const { world, s3, start, jobs } = await scene();
    const poller = await start([ruleOf({ pollSeconds: 3_600 })]);
    await world.clock.advance(1_000);
    deliver(s3, folder);
    const event = eventOf(`${folder}manifest.checksum`);
    expect(poller.rules.door.accept(event)).toEqual({ kind: 'accepted', noticed: 1, ignored: 0 });
    await world.clock.advance(5_000);
    expect(await jobs()).toHaveLength(1);
  });

  test('starts it once when events, polls, restarts and two pollers all see it', async () => {
    const { world, s3, start, jobs, counts } = await scene();
    deliver(s3, folder);
    const event = eventOf(`${folder}manifest.checksum`);
    const pollers = [await start([ruleOf()]), await start([ruleOf()])];
    for (const { rules } of pollers) rules.door.accept(event);
    for (const { rules } of pollers) rules.door.accept(event);
    await world.clock.advance(100_000);
    for (const poller of pollers) poller.stop();
    await start([ruleOf({ priority: 99 })]);
    await world.clock.advance(1_000_000);
    expect(await jobs()).toHaveLength(1);
    expect(counts.filter((outcome) => outcome === 'started')).toHaveLength(1);
    expect(counts.filter((outcome) => outcome === 'known').length).toBeGreaterThanOrEqual(2);
  });

  test('killed at the n-th call, n = 1, 2, 3 …, and started again, has started it once', async () => {
    let isUntouched = false;
    let n = 0;
    while (!isUntouched) {
      n += 1;
      const { world, s3, start, jobs } = await scene();
      deliver(s3, folder);
      let calls = 0;
      const alive = () => {
        calls += 1;
        return calls !== n;
      };
      void start([ruleOf()], { alive }).catch(() => undefined);
      await world.clock.advance(40_000);
      isUntouched = calls < n;
      await start([ruleOf()]);
      await world.clock.advance(100_000);
      expect(await jobs()).toHaveLength(1);
    }
    expect(n).toBeGreaterThan(3);
  });

  test('starts another job when the delivery is replaced, for its ETag is another one', async () => {
    const { world, s3, start, jobs } = await scene();
    deliver(s3, folder);
    await start([ruleOf()]);
    await world.clock.advance(60_000);
    deliver(s3, folder, manifestOf({ creationTimestamp: '1' }));
    await world.clock.advance(700_000);
    expect(await jobs()).toHaveLength(2);
  });

  test('leaves an unfinished delivery alone until its checksum is there', async () => {
    const { world, s3, start, jobs, lines } = await scene();
    s3.seed('drops', `${folder}manifest.json`, manifestOf());
    await start([ruleOf()]);
    await world.clock.advance(600_000);
    expect(await jobs()).toEqual([]);
    expect(lines).toEqual([]);
    deliver(s3, folder);
    await world.clock.advance(31_000);
    expect(await jobs()).toHaveLength(1);
  });

  const bad = [
    ['a foreign source', manifestOf({ sourceBucket: 'salaries' }), 'is about salaries'],
    ['a foreign destination', manifestOf({ destinationBucket: 'arn:aws:s3:::x' }), 'was made for'],
    ['a file elsewhere', manifestOf({ files: [{ key: 'secret/1.gz' }] }), 'lists secret/1.gz'],
    ['dots', manifestOf({ files: [{ key: `${prefix}../x` }] }), 'not under'],
    ['no manifest', 'hello', 'not an Inventory manifest'],
    ['too many files', manifestOf({ files: Array(100_001).fill({ key: prefix }) }), 'more than'],
  ] as const;
  test.each(bad)('starts no job for a delivery with %s, and says so once', async (_, text, why) => {
    const { world, s3, start, jobs, lines, counts } = await scene();
    deliver(s3, folder, text);
    await start([ruleOf()]);
    await world.clock.advance(900_000);
    expect(await jobs()).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(why);
    expect(counts).toEqual(['rejected']);
    const reads = s3.callsOn('drops', `${folder}manifest.json`);
    expect(reads.filter(({ command }) => command === 'GetObject')).toHaveLength(1);
  });

  test('starts no job while the checksum is wrong, and one once it is right', async () => {
    const { world, s3, start, jobs, lines } = await scene();
    s3.seed('drops', `${folder}manifest.json`, manifestOf());
    s3.seed('drops', `${folder}manifest.checksum`, '0'.repeat(32));
    await start([ruleOf()]);
    await world.clock.advance(900_000);
    expect(await jobs()).toEqual([]);
    expect(lines).toHaveLength(1);
    deliver(s3, folder);
    await world.clock.advance(31_000);
    expect(await jobs()).toHaveLength(1);
  });

  test('never starts a delivery whose checksum is older than 60 days', async () => {
    const { world, s3, start, jobs, counts } = await scene();
    deliver(s3, folder);
    await world.clock.advance(deliveryAgeMsMax + 1);
    await start([ruleOf()]);
    await world.clock.advance(100_000);
    expect(await jobs()).toEqual([]);
    expect(counts).toEqual(['too old']);
  });

  test('two rules on one prefix start a job each', async () => {
    const { world, s3, start, jobs } = await scene();
    deliver(s3, folder);
    await start([ruleOf(), ruleOf({ name: 'second' })]);
    await world.clock.advance(100_000);
    const origins = (await jobs()).map(({ request }) => request.origin);
    expect(origins.map((origin) => (origin.kind === 'rule' ? origin.rule : '')).toSorted()).toEqual(
      ['second', 'tag-all'],
    );
  });

  test('tells once of a bucket it cannot reach, goes on, and tells when it can again', async () => {
    const { world, s3, start, jobs, lines } = await scene();
    deliver(s3, folder);
    const answer = { kind: 'unreachable', message: 'connection refused' } as const;
    s3.fail({ command: 'ListObjectsV2', times: 10, answer });
    await start([ruleOf()]);
    await world.clock.advance(600_000);
    expect(lines.filter((line) => line.includes('cannot look'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('can look'))).toHaveLength(1);
    expect(await jobs()).toHaveLength(1);
  });

  test('sends no tagging to an endpoint that is not known to understand it', async () => {
    const { world, s3, start, jobs, lines } = await scene({ subresourcesSafe: false });
    deliver(s3, folder);
    await start([ruleOf()]);
    await world.clock.advance(100_000);
    expect(await jobs()).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('S3BATCH_TAGGING_SAFE');
  });

  test('names the role that is not configured', async () => {
    const { world, s3, start, lines } = await scene({ isRole: () => false });
    deliver(s3, folder);
    await start([ruleOf()]);
    await world.clock.advance(100_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('role/batch is not configured');
  });

  test('the door ignores what concerns no rule and is busy when too many deliveries wait', async () => {
    const { start, s3 } = await scene();
    const poller = await start([ruleOf()]);
    const { door } = poller.rules;
    deliver(s3, folder);
    for (const key of [`${folder}manifest.json`, 'x/manifest.checksum', `${prefix}data/a.gz`]) {
      expect(door.accept(eventOf(key))).toEqual({ kind: 'accepted', noticed: 0, ignored: 1 });
    }
    const folderAt = (index: number) => {
      const time = new Date(index * 60_000).toISOString().slice(0, 16).replaceAll(':', '-');
      return `${prefix}${time}Z/manifest.checksum`;
    };
    const answers = Array.from({ length: 1_001 }, (_, index) =>
      door.accept(eventOf(folderAt(index))),
    );
    expect(answers.at(999)?.kind).toBe('accepted');
    expect(answers.at(1_000)?.kind).toBe('busy');
  });
});
