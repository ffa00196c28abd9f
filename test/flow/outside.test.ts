// The door for outside producers on memory twins: what they write to the events topics becomes
// jobs, looks at deliveries, or a record in events.rejected, and stops nobody.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { MemoryConnectOptions, MemoryHandle } from '../../services/adapters/log/memory.ts';
import { keysOf } from '../../services/control/auth/keys.ts';
import { openDesk } from '../../services/control/desk.ts';
import { runEventsDoor } from '../../services/control/outside/run-events-door.ts';
import { recordMsMax } from '../../services/control/outside/settle-record.ts';
import type { Job } from '../../services/core/job.ts';
import { logError } from '../../services/core/log.ts';
import { eventsRejectedTopic, eventsTopics } from '../../services/core/names.ts';
import type { EventDoorAnswer } from '../../services/core/notify.ts';
import { type CoordinatorWorld, coordinatorWorld, forever } from '../support/coordinator-world.ts';
import { openMemoryS3 } from '../support/memory-s3.ts';

const accountId = '123456789012';
const secretAccessKey = 'the-secret-of-outside';
const keys = keysOf(new Map([['AKIDOUTSIDE', { secretAccessKey, accountId }]]));
const topics = [
  { topic: 'events', accountId: null },
  { topic: 'events.team-a', accountId },
];
const partitions = 4;
const eventDocument = JSON.stringify({ Records: [] });

function jobRequest(token: string, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    specVersion: '1.0',
    type: 'job',
    clientRequestToken: token,
    request: {
      Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: 'yes' }] } },
      Manifest: {
        Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
        Location: { ObjectArn: 'arn:aws:s3:::lists/all.csv', ETag: 'e' },
      },
      Report: { Enabled: false },
      Priority: 10,
      RoleArn: `arn:aws:iam::${accountId}:role/batch`,
      ConfirmationRequired: false,
      ...changes,
    },
  });
}

function signatureOf(value: string): Record<string, string> {
  const signature = createHmac('sha256', secretAccessKey).update(value).digest('hex');
  return { 's3batch-access-key-id': 'AKIDOUTSIDE', 's3batch-signature': signature };
}

interface Rejection {
  readonly code: string;
  readonly reason: string;
  readonly value: string;
}

interface RunningDoor extends MemoryHandle {
  readonly stop: () => Promise<void>;
}

interface Scene {
  readonly world: CoordinatorWorld;
  readonly shown: string[];
  readonly counted: string[];
  readonly lines: string[];
  /** What the rules' door answers. */
  answer: EventDoorAnswer;
  readonly write: (
    topic: string,
    value: string | null,
    headers?: Record<string, string>,
    partition?: number,
  ) => void;
  readonly start: (options?: MemoryConnectOptions) => Promise<RunningDoor>;
  readonly tokens: () => Promise<readonly string[]>;
  readonly jobs: () => Promise<readonly Job[]>;
  readonly rejected: () => Promise<readonly Rejection[]>;
  /** How far the group has come in the partitions of the topic. */
  readonly passed: (topic: string) => Promise<readonly bigint[]>;
}

async function scene(coordinator: 'running' | 'absent' = 'running'): Promise<Scene> {
  const world = await coordinatorWorld();
  if (coordinator === 'running') world.start();
  const outside = world.log.connect();
  await outside.spaces.create('events', eventsTopics(topics.map(({ topic }) => topic)));
  const s3 = openMemoryS3({ buckets: ['lists'], nowMs: () => world.clock.wallMs() });
  const shown: string[] = [];
  const counted: string[] = [];
  const lines: string[] = [];
  const warn = (fields: unknown) => void lines.push(JSON.stringify(fields));
  const made: Scene = {
    world,
    shown,
    counted,
    lines,
    answer: { kind: 'accepted', noticed: 1, ignored: 0 },
    write: (topic, value, headers = {}, partition = 0) => {
      const bytes = value === null ? null : new TextEncoder().encode(value);
      world.log.produce('events', [{ topic, partition, key: 'k', value: bytes, headers }]);
    },
    async start(options = {}) {
      const handle = world.log.connect(options);
      const stopping = new AbortController();
      const desk = await openDesk(handle.log, stopping.signal);
      const door = {
        accept: (document: string) => {
          shown.push(document);
          return made.answer;
        },
      };
      const ended = runEventsDoor(
        {
          log: handle.log,
          desk,
          door,
          keys,
          roles: s3.roles,
          clock: world.clock,
          topicArn: null,
          logger: { warn },
          metrics: { countRejected: (code) => void counted.push(code) },
        },
        topics,
        stopping.signal,
      );
      ended.catch(() => {});
      const stop = async () => {
        stopping.abort();
        await ended;
      };
      return { ...handle, stop };
    },
    jobs: async () => [...(await world.jobs()).values()],
    tokens: async () =>
      (await made.jobs()).map(({ request }) => request.clientRequestToken).toSorted(),
    async rejected() {
      const found: Rejection[] = [];
      const view = await outside.log.follow(
        'events',
        eventsRejectedTopic,
        ({ value }) => found.push(JSON.parse(new TextDecoder().decode(value ?? undefined))),
        forever,
      );
      await view.caughtUp('now', forever);
      await view.release();
      return found;
    },
    async passed(topic) {
      const stop = new AbortController();
      const at = new Map<number, bigint>();
      for await (const lane of outside.log.join('events', topic, 'events-door', stop.signal)) {
        at.set(lane.partition, lane.position.next);
        if (at.size === partitions) stop.abort();
      }
      return [...at.values()];
    },
  };
  return made;
}

test('job requests become jobs, by the account of their topic or by a key that signed them', async () => {
  const { world, write, start, jobs, rejected } = await scene();
  write('events.team-a', jobRequest('by-topic'));
  const value = jobRequest('by-key');
  write('events', value, signatureOf(value), 3);
  await start();
  await world.clock.advance(1_000);
  expect((await jobs()).map(({ request }) => [request.clientRequestToken, request.origin])).toEqual(
    expect.arrayContaining([
      ['by-topic', { kind: 'api', accessKeyId: 'topic:events.team-a' }],
      ['by-key', { kind: 'api', accessKeyId: 'AKIDOUTSIDE' }],
    ]),
  );
  expect(await jobs()).toHaveLength(2);
  expect(await rejected()).toEqual([]);
});

test('a token starts one job however often it is sent, and no other job', async () => {
  const { world, write, start, tokens, rejected } = await scene();
  for (let sent = 0; sent < 3; sent += 1) write('events.team-a', jobRequest('same'));
  write('events.team-a', jobRequest('same', { Priority: 11 }));
  await start();
  await world.clock.advance(1_000);
  expect(await tokens()).toEqual(['same']);
  expect((await rejected()).map(({ code }) => code)).toEqual(['IdempotencyException']);
});

test('what cannot be used is rejected with its reason, told, counted, and stops nobody', async () => {
  const { world, write, start, tokens, rejected, counted, lines } = await scene();
  write('events.team-a', 'no json');
  write('events.team-a', null);
  write('events.team-a', jobRequest('cross', { RoleArn: 'arn:aws:iam::999999999999:role/x' }));
  write('events.team-a', jobRequest('task').replace('"job"', '"task"'));
  write('events.team-a', jobRequest('fine'));
  await start();
  await world.clock.advance(1_000);
  expect(await tokens()).toEqual(['fine']);
  const found = await rejected();
  expect(found.map(({ code }) => code)).toEqual([
    'BadRequestException',
    'BadRequestException',
    'AccessDenied',
    'BadRequestException',
  ]);
  expect(found.map(({ value }) => value)).toEqual([
    'no json',
    null,
    expect.stringContaining('999999999999'),
    expect.stringContaining('"task"'),
  ]);
  expect(counted).toEqual(found.map(({ code }) => code));
  expect(lines).toHaveLength(4);
});

test('S3 events reach the rules as they are; what the rules refuse is rejected', async () => {
  const made = await scene();
  made.write('events', eventDocument);
  const door = await made.start();
  await made.world.clock.advance(1_000);
  expect(made.shown).toEqual([eventDocument]);
  made.answer = { kind: 'refused', message: 'no events' };
  made.write('events', '[]');
  await made.world.clock.advance(1_000);
  expect(await made.rejected()).toMatchObject([
    { code: 'BadRequestException', reason: 'no events' },
  ]);
  await door.stop();
  expect(await made.passed('events')).toHaveLength(partitions);
});

test('a busy rules door is waited for, in order, while other partitions go on', async () => {
  const made = await scene();
  made.answer = { kind: 'busy', message: 'too many' };
  made.write('events.team-a', eventDocument);
  made.write('events.team-a', jobRequest('behind'));
  made.write('events.team-a', jobRequest('beside'), {}, 1);
  await made.start();
  await made.world.clock.advance(30_000);
  expect(await made.tokens()).toEqual(['beside']);
  expect(made.shown.length).toBeGreaterThan(5);
  made.answer = { kind: 'accepted', noticed: 1, ignored: 0 };
  await made.world.clock.advance(10_000);
  expect(await made.tokens()).toEqual(['behind', 'beside']);
  expect(await made.rejected()).toEqual([]);
});

test('a record that can be settled at no time is rejected, and the next one is read', async () => {
  const made = await scene();
  made.answer = { kind: 'busy', message: 'too many' };
  made.write('events.team-a', eventDocument);
  made.write('events.team-a', jobRequest('behind'));
  await made.start();
  await made.world.clock.advance(recordMsMax + 10_000);
  expect(await made.tokens()).toEqual(['behind']);
  expect(await made.rejected()).toMatchObject([{ code: 'SlowDown', reason: 'too many' }]);
});

test('a job request waits for the coordinator', async () => {
  const made = await scene('absent');
  made.write('events.team-a', jobRequest('patient'));
  await made.start();
  await made.world.clock.advance(100_000);
  expect(await made.rejected()).toEqual([]);
  made.world.start();
  await made.world.clock.advance(40_000);
  expect(await made.tokens()).toEqual(['patient']);
  expect(await made.rejected()).toEqual([]);
});

test('a door that is stopped while a request waits leaves it to the next one', async () => {
  const made = await scene('absent');
  made.write('events.team-a', 'no json');
  made.write('events.team-a', jobRequest('left'));
  const door = await made.start();
  await made.world.clock.advance(10_000);
  await door.stop();
  made.world.start();
  await made.start();
  await made.world.clock.advance(60_000);
  expect(await made.tokens()).toEqual(['left']);
  expect(await made.rejected()).toMatchObject([{ value: 'no json' }]);
});

test('a log that is lost ends the door with its error', async () => {
  const made = await scene();
  const door = await made.start({
    step: async (label) => {
      if (/^commit events .* before$/.test(label)) throw logError('lost', 'no disk');
    },
  });
  made.write('events.team-a', jobRequest('any'));
  await made.world.clock.advance(1_000);
  await expect(door.stop()).rejects.toThrow('log lost: no disk');
});

test('killed at every single step, each request has started once and each rejection stands once', async () => {
  let kills = 0;
  let isUntouched = false;
  for (let at = 1; !isUntouched; at += 1) {
    const { world, write, start, tokens, rejected, passed } = await scene();
    write('events.team-a', jobRequest('one'));
    write('events.team-a', 'no json');
    write('events.team-a', jobRequest('two'));
    write('events.team-a', jobRequest('three'), {}, 1);
    write('events', jobRequest('unsigned'));
    let steps = 0;
    const alive = (): boolean => {
      steps += 1;
      return steps < at;
    };
    // A desk that is killed while it opens never opens.
    start({ alive }).catch(() => {});
    await world.clock.advance(1_000);
    isUntouched = steps < at;
    const heir = await start();
    await world.clock.advance(60_000);
    if (!isUntouched) kills += 1;
    expect(await tokens(), `killed at step ${at}`).toEqual(['one', 'three', 'two']);
    const found = await rejected();
    expect(found.map(({ code }) => code).toSorted(), `killed at step ${at}`).toEqual([
      'BadRequestException',
      'MissingAuthenticationToken',
    ]);
    await heir.stop();
    expect((await passed('events.team-a')).filter((next) => next > 0n)).toHaveLength(2);
  }
  expect(kills).toBeGreaterThan(20);
});

test('a door that loses its lanes ends no other, and one that is stopped lets go of them', async () => {
  const { world, write, start, tokens } = await scene();
  const first = await start();
  const second = await start();
  await world.clock.advance(1_000);
  write('events.team-a', jobRequest('shared'));
  await world.clock.advance(1_000);
  await first.stop();
  for (let partition = 0; partition < partitions; partition += 1) {
    write('events.team-a', jobRequest(`after-${partition}`), {}, partition);
  }
  await world.clock.advance(1_000);
  expect(await tokens()).toEqual(['after-0', 'after-1', 'after-2', 'after-3', 'shared']);
  await second.stop();
});
