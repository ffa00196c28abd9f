// Spaces on real brokers: what the contract of the log leaves to this adapter. Topics that exist,
// work that was cut short, other processes, sizes and trimming.
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  type Brokers,
  openBrokers,
  type Tap,
} from '../../../services/adapters/log/kafka/brokers.ts';
import {
  deleteTopicsNow,
  ensureTopics,
  topicsBeginning,
} from '../../../services/adapters/log/kafka/ensure-topics.ts';
import { answered, unanswered } from '../../../services/adapters/log/kafka/failure.ts';
import { offsetAt } from '../../../services/adapters/log/kafka/fetcher.ts';
import { groupsBeginning } from '../../../services/adapters/log/kafka/groups.ts';
import { groupName, spacesTopicOf, topicName } from '../../../services/adapters/log/kafka/names.ts';
import { openRegistry } from '../../../services/adapters/log/kafka/registry.ts';
import { openSpaces } from '../../../services/adapters/log/kafka/spaces.ts';
import { topicSettings } from '../../../services/adapters/log/kafka/topic-settings.ts';
import { openTrimming } from '../../../services/adapters/log/kafka/trim.ts';
import {
  addOffsetsToTxn,
  endTxn,
  initProducerId,
  joinGroup,
  syncGroup,
  txnOffsetCommit,
} from '../../../services/adapters/log/kafka/wire.ts';
import type { TopicShape } from '../../../services/core/log.ts';
import { openTestBrokers, type TestBrokers } from '../../support/kafka-broker.ts';
import { describeWith, kafkaTiming, settingsFor } from '../../support/kafka-log.ts';

const space = 'job.a';
const shapes: readonly TopicShape[] = [
  { topic: 'tasks', partitions: 2, keep: 'consumed' },
  { topic: 'results', partitions: 1, keep: { ms: Number.MAX_SAFE_INTEGER } },
  { topic: 'old', partitions: 1, keep: { ms: 60_000 } },
];
const recordsSent = 10;
const forever = new AbortController().signal;

let opened: TestBrokers | null = null;

function brokersFor(prefix: string, tap?: Tap, awayMsMax = kafkaTiming.awayMsMax): Brokers {
  const settings = settingsFor(opened?.brokers ?? [], prefix);
  const timing = { ...kafkaTiming, awayMsMax };
  const brokers = openBrokers({ settings, clientId: 'spaces', notice: () => {}, timing, tap });
  onTestFinished(() => brokers.close());
  return brokers;
}

async function processOf(prefix: string, tap?: Tap, awayMsMax?: number) {
  const brokers = brokersFor(prefix, tap, awayMsMax);
  const registry = await openRegistry(brokers, brokers.ended);
  return { brokers, registry, spaces: openSpaces(brokers, registry) };
}

/** An installation of its own, whose topics go when the test ends. */
function newPrefix(): string {
  const prefix = `spaces-${randomUUID()}.`;
  onTestFinished(async () => {
    const brokers = brokersFor(prefix);
    const left = await topicsBeginning(brokers, prefix, brokers.ended);
    await deleteTopicsNow(brokers, left, brokers.ended);
    brokers.close();
  });
  return prefix;
}

function outside(): Kafka {
  return new Kafka({ brokers: [...(opened?.brokers ?? [])], logLevel: logLevel.NOTHING });
}

async function sendTo(topic: string, partition: number, value: Buffer | null, count: number) {
  const producer = outside().producer();
  await producer.connect();
  const messages = Array.from({ length: count }, () => ({ key: 'key', value, partition }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** In a transaction, as the log does. */
async function commitOffset(
  { link }: Brokers,
  groupId: string,
  topic: string,
  partition: number,
  offset: number,
): Promise<void> {
  const transactionalId = randomUUID();
  // A broker that has just started makes its topic of offsets at the first question.
  const groups = await link.retry(() => link.coordinatorOf('group', groupId), forever);
  if (groups === 'aborted') throw new Error('the retry was cut short');
  const asked = { transactionalId, transactionTimeout: kafkaTiming.transactionMs };
  const begun = await link.retry(async () => {
    const coordinator = await link.coordinatorOf('transaction', transactionalId);
    const told = await link.send(coordinator, initProducerId, asked);
    if (told.errorCode !== 0) throw answered(told.errorCode, 'InitProducerId');
    return { coordinator, ...told };
  }, forever);
  if (begun === 'aborted') throw new Error('the retry was cut short');
  const { coordinator: transactions, producerId, producerEpoch } = begun;
  const transaction = { transactionalId, producerId, producerEpoch };
  await link.send(transactions, addOffsetsToTxn, { ...transaction, groupId });
  const partitions = [{ partition, offset: String(offset), metadata: '' }];
  const topics = [{ topic, partitions }];
  const stored = await link.send(groups, txnOffsetCommit, { ...transaction, groupId, topics });
  const ended = await link.send(transactions, endTxn, { ...transaction, transactionResult: true });
  const codes = [stored.topics[0]?.partitions[0]?.errorCode, ended.errorCode];
  expect(codes).toEqual([0, 0]);
}

async function startOf({ link }: Brokers, topic: string, partition = 0): Promise<bigint> {
  const leader = await link.leaderOf(topic, partition);
  return offsetAt(link, leader, { topic, partition }, '-2');
}

function isAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

describeWith('spaces on kafka', () => {
  beforeAll(async () => {
    opened = await openTestBrokers();
  }, 120_000);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  test('a space is known to another process as soon as it asks, and its end reaches it', async () => {
    const prefix = newPrefix();
    const one = await processOf(prefix);
    const other = await processOf(prefix);
    await expect(other.registry.entryOf(space)).rejects.toThrow('there is no space job.a');
    await one.spaces.create(space, shapes);
    const entry = await other.registry.entryOf(space);
    expect(entry.shapes).toEqual(shapes);
    expect(entry.gone.aborted).toBe(false);
    await one.spaces.close(space);
    await isAborted(entry.gone);
    await expect(other.registry.entryOf(space)).rejects.toThrow('the space job.a is closed');
  });

  test('after a drop the same space may be made again, with a signal of its own', async () => {
    const { registry, spaces, brokers } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    await spaces.create(space, shapes.toReversed());
    const first = await registry.entryOf(space);
    await expect(spaces.drop(space)).rejects.toThrow('close it before it is dropped');
    await spaces.close(space);
    await spaces.close(space);
    await expect(spaces.create(space, shapes)).rejects.toThrow('log gone');
    await spaces.drop(space);
    await spaces.drop(space);
    const left = await topicsBeginning(brokers, `${brokers.prefix}job.`, brokers.ended);
    expect(left).toEqual([]);
    await spaces.create(space, [{ topic: 'tasks', partitions: 3, keep: 'consumed' }]);
    const second = await registry.entryOf(space);
    expect([first.gone.aborted, second.gone.aborted]).toEqual([true, false]);
    expect(await brokers.link.partitionsOf(`${brokers.prefix}job.a.tasks`)).toBe(3);
  });

  test('spaces that nobody made are closed and dropped in silence', async () => {
    const { spaces } = await processOf(newPrefix());
    await spaces.close('job.never');
    await spaces.drop('job.never');
    await spaces.drop('control');
    expect(await spaces.list()).toEqual([]);
  });

  test('other topics for a space that exists are refused', async () => {
    const { spaces } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    await expect(spaces.create(space, [])).rejects.toThrow('exists with other topics');
  });

  test('topics that an operator made as they should be are used', async () => {
    const { brokers, spaces, registry } = await processOf(newPrefix());
    const topic = topicName(brokers.prefix, space, 'tasks');
    const settings = (replicas: number) => topicSettings(space, 'consumed', replicas);
    await ensureTopics(brokers, [{ topic, partitions: 2, settings }], brokers.ended);
    await spaces.create(space, shapes);
    expect((await registry.entryOf(space)).gone.aborted).toBe(false);
  });

  test('a topic with another number of partitions is refused, and no space comes of it', async () => {
    const { brokers, spaces, registry } = await processOf(newPrefix());
    const topic = topicName(brokers.prefix, space, 'tasks');
    const settings = (replicas: number) => topicSettings(space, 'consumed', replicas);
    await ensureTopics(brokers, [{ topic, partitions: 3, settings }], brokers.ended);
    const created = spaces.create(space, shapes);
    await expect(created).rejects.toThrow(`${topic} exists with 3 partitions, where 2 are needed`);
    await expect(registry.entryOf(space)).rejects.toThrow('log gone');
  });

  test('a topic with another cleanup.policy is refused with the command that mends it', async () => {
    const { brokers, spaces } = await processOf(newPrefix());
    const topic = topicName(brokers.prefix, space, 'tasks');
    const settings = () => [{ name: 'cleanup.policy', value: 'compact' }];
    await ensureTopics(brokers, [{ topic, partitions: 2, settings }], brokers.ended);
    const created = spaces.create(space, shapes);
    await expect(created).rejects.toThrow(/cleanup\.policy=compact, where delete is needed; run/);
  });

  test('a create that was cut short is finished by the next, or taken back by a drop', async () => {
    const prefix = newPrefix();
    let isCut = false;
    const cut: Tap = async (moment, api) => {
      if (isCut && moment === 'before' && api === 'produce') throw unanswered(api, 'cut');
    };
    const first = await processOf(prefix, cut, 200);
    isCut = true;
    await expect(first.spaces.create(space, shapes)).rejects.toThrow('log lost');
    const second = await processOf(prefix);
    await second.spaces.drop(space);
    const left = await topicsBeginning(second.brokers, `${prefix}job.`, second.brokers.ended);
    expect(left).toEqual([]);
    await expect(first.spaces.create(space, shapes)).rejects.toThrow('log lost');
    await second.spaces.create(space, shapes);
    expect((await second.registry.entryOf(space)).shapes).toEqual(shapes);
  });

  test.each(['deleteTopics', 'listGroups', 'deleteGroups', 'produce'])(
    'a drop that was cut short at %s is finished by the next',
    async (at) => {
      const prefix = newPrefix();
      let isCut = false;
      const cut: Tap = async (moment, api) => {
        if (isCut && moment === 'before' && api === at) throw unanswered(api, 'cut');
      };
      const first = await processOf(prefix, cut, 200);
      await first.spaces.create(space, shapes);
      const group = groupName(prefix, space, 'worker', 'tasks');
      await commitOffset(first.brokers, group, topicName(prefix, space, 'tasks'), 0, 1);
      await first.spaces.close(space);
      isCut = true;
      await expect(first.spaces.drop(space)).rejects.toThrow('log lost');
      const { brokers, spaces } = await processOf(prefix);
      expect((await spaces.list()).map((entry) => entry.space)).toEqual([space]);
      await spaces.drop(space);
      expect(await spaces.list()).toEqual([]);
      expect(await topicsBeginning(brokers, `${prefix}job.`, brokers.ended)).toEqual([]);
      expect(await groupsBeginning(brokers, prefix, brokers.ended)).toEqual([]);
    },
  );

  test('a drop waits until the last member of a group is taken for dead', async () => {
    const { brokers, spaces } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    const groupId = groupName(brokers.prefix, space, 'worker', 'tasks');
    await joinAndFallSilent(brokers, groupId);
    await spaces.close(space);
    expect(await groupsBeginning(brokers, brokers.prefix, brokers.ended)).toEqual([groupId]);
    await spaces.drop(space);
    expect(await groupsBeginning(brokers, brokers.prefix, brokers.ended)).toEqual([]);
  });

  test('what is foreign in the registry is an error with topic and offset', async () => {
    const { brokers, registry } = await processOf(newPrefix());
    const topic = spacesTopicOf(brokers.prefix);
    await sendTo(topic, 0, Buffer.from('hello'), 1);
    const place = `${topic}/0 at offset 0`;
    await expect(registry.entryOf(space)).rejects.toThrow(place);
    await expect(registry.entryOf(space)).rejects.toThrow(place);
    await expect(openRegistry(brokers, brokers.ended)).rejects.toThrow(place);
  });

  test('list tells the bytes of open and of closed spaces', async () => {
    const { brokers, spaces } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    await spaces.create('job.b', shapes);
    await spaces.close('job.b');
    const bytes = 100_000;
    await sendTo(topicName(brokers.prefix, space, 'results'), 0, Buffer.alloc(bytes), 1);
    const [a, b] = (await spaces.list()).toSorted((x, y) => (x.space < y.space ? -1 : 1));
    expect(a?.space).toBe('job.a');
    expect(a?.bytes).toBeGreaterThanOrEqual(bytes);
    expect(a?.bytes).toBeLessThan(2 * bytes);
    expect(b).toEqual({ space: 'job.b', bytes: 0 });
  });

  test('what all groups have consumed is trimmed, up to the slowest of them', async () => {
    const { brokers, spaces, registry } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    const topic = topicName(brokers.prefix, space, 'tasks');
    for (const partition of [0, 1]) {
      await sendTo(topic, partition, Buffer.from('x'), recordsSent);
    }
    const trimming = openTrimming({ brokers, registry, nowMs: Date.now, onFailed: () => {} });
    await trimming.trimOnce();
    expect(await startOf(brokers, topic)).toBe(0n);
    await commitOffset(brokers, groupName(brokers.prefix, space, 'fast', 'tasks'), topic, 0, 8);
    await trimming.trimOnce();
    expect(await startOf(brokers, topic)).toBe(8n);
    const slow = groupName(brokers.prefix, space, 'slow', 'tasks');
    await commitOffset(brokers, slow, topic, 1, 3);
    await commitOffset(brokers, groupName(brokers.prefix, space, 'fast', 'tasks'), topic, 0, 10);
    await commitOffset(brokers, groupName(brokers.prefix, space, 'fast', 'tasks'), topic, 1, 9);
    await trimming.trimOnce();
    // `slow` has no position in partition 0: it has still to read all that is left there.
    expect(await startOf(brokers, topic, 0)).toBe(8n);
    expect(await startOf(brokers, topic, 1)).toBe(3n);
  });

  test('what is older than it is kept goes, unless a group has still to read it', async () => {
    const { brokers, spaces, registry } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    const topic = topicName(brokers.prefix, space, 'old');
    const forGood = topicName(brokers.prefix, space, 'results');
    await sendTo(topic, 0, Buffer.from('x'), recordsSent);
    await sendTo(forGood, 0, Buffer.from('x'), recordsSent);
    let aheadMs = 0;
    const nowMs = () => Date.now() + aheadMs;
    const trimming = openTrimming({ brokers, registry, nowMs, onFailed: () => {} });
    await trimming.trimOnce();
    expect(await startOf(brokers, topic)).toBe(0n);
    const group = groupName(brokers.prefix, space, 'reader', 'old');
    await commitOffset(brokers, group, topic, 0, 4);
    aheadMs = 3_600_000;
    await trimming.trimOnce();
    expect(await startOf(brokers, topic)).toBe(4n);
    await commitOffset(brokers, group, topic, 0, recordsSent);
    await trimming.trimOnce();
    expect(await startOf(brokers, topic)).toBe(BigInt(recordsSent));
    expect(await startOf(brokers, forGood)).toBe(0n);
  });

  test('closed spaces are not trimmed', async () => {
    const { brokers, spaces, registry } = await processOf(newPrefix());
    await spaces.create(space, shapes);
    const topic = topicName(brokers.prefix, space, 'old');
    await sendTo(topic, 0, Buffer.from('x'), recordsSent);
    await spaces.close(space);
    const nowMs = () => Date.now() + 3_600_000;
    await openTrimming({ brokers, registry, nowMs, onFailed: () => {} }).trimOnce();
    expect(await startOf(brokers, topic)).toBe(0n);
  });
});

/** A member that never sends a heartbeat. */
async function joinAndFallSilent(brokers: Brokers, groupId: string): Promise<void> {
  const { link, timing } = brokers;
  const coordinator = await link.coordinatorOf('group', groupId);
  const asked = {
    groupId,
    sessionTimeout: timing.sessionMs,
    rebalanceTimeout: timing.rebalanceMs,
    protocolType: 'consumer',
    groupProtocols: [{ name: 'test', metadata: Buffer.from('') }],
  } as const;
  const { memberId } = await link.send(coordinator, joinGroup, { ...asked, memberId: '' });
  const joined = await link.send(coordinator, joinGroup, { ...asked, memberId });
  const groupAssignment = [{ memberId, memberAssignment: Buffer.from('') }];
  const { generationId } = joined;
  await link.send(coordinator, syncGroup, { groupId, generationId, memberId, groupAssignment });
}
