// Positions that nobody moves are kept from expiring, and stay what they are.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openBrokers } from '../../../services/adapters/log/kafka/brokers.ts';
import { connectLog } from '../../../services/adapters/log/kafka/connect.ts';
import { openPositionKeeper } from '../../../services/adapters/log/kafka/keep-positions.ts';
import {
  claimGroupName,
  groupName,
  marksTopic,
  topicName,
} from '../../../services/adapters/log/kafka/names.ts';
import { fetchPosition } from '../../../services/adapters/log/kafka/producer.ts';
import { openTestBrokers, type TestBrokers } from '../../support/kafka-broker.ts';
import { describeWith, kafkaTiming, settingsFor } from '../../support/kafka-log.ts';

const forever = new AbortController().signal;
const space = 'job.1';
/** With characters that group names cannot hold. */
const identity = 'in_gest/ä';
let opened: TestBrokers | null = null;

describeWith('positions', () => {
  beforeAll(async () => {
    opened = await openTestBrokers();
  }, 120_000);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  async function world() {
    const settings = settingsFor(opened?.brokers ?? [], `positions-${randomUUID()}.`);
    const { prefix } = settings;
    const open = async () => {
      const brokers = openBrokers({
        settings,
        clientId: 'positions',
        notice: () => {},
        timing: kafkaTiming,
      });
      onTestFinished(() => brokers.close());
      return { brokers, ...(await connectLog(brokers)) };
    };
    const { brokers, log, spaces, registry } = await open();
    await spaces.create(space, [{ topic: 'tasks', partitions: 1, keep: 'consumed' }]);
    const keeper = openPositionKeeper({
      brokers,
      registry,
      onFailed: (error) => {
        throw error;
      },
    });
    const ofClaim = () =>
      fetchPosition(brokers.link, {
        group: claimGroupName(prefix, space, identity),
        topic: topicName(prefix, space, marksTopic),
        partition: 0,
      });
    const ofLane = () =>
      fetchPosition(brokers.link, {
        group: groupName(prefix, space, 'worker', 'tasks'),
        topic: topicName(prefix, space, 'tasks'),
        partition: 0,
      });
    return { open, log, keeper, ofClaim, ofLane };
  }

  test('what nobody moved between two rounds is committed again as it stands', async () => {
    const { open, keeper, ofClaim, ofLane } = await world();
    const { log, brokers } = await open();
    const claim = await log.claim(space, identity, forever);
    await claim.commit([], { next: 7n, note: 'sieben' });
    for await (const lane of log.join(space, 'tasks', 'worker', forever)) {
      await lane.commit([], { next: 3n, note: 'drei' });
      break;
    }
    await log.end();
    brokers.close();
    // The brokers show a position a moment after its commit.
    const counts = async () => [(await ofClaim()).count, (await ofLane()).count];
    await expect.poll(counts).toEqual([1, 1]);
    expect(await keeper.keepOnce()).toBe(0);
    expect(await keeper.keepOnce()).toBe(2);
    await expect.poll(counts).toEqual([2, 2]);
    const after = [await ofClaim(), await ofLane()];
    expect(after.map(({ next, note }) => [next, note])).toEqual([
      [7n, 'sieben'],
      [3n, 'drei'],
    ]);
    // It has moved, by being kept: the next round only looks.
    expect(await keeper.keepOnce()).toBe(0);
  });

  test('a group with a member is left alone, and its lane is not fenced', async () => {
    const { open, keeper, ofLane } = await world();
    const { log } = await open();
    const lanes = log.join(space, 'tasks', 'worker', forever)[Symbol.asyncIterator]();
    const { value: lane } = await lanes.next();
    await lane?.commit([], { next: 3n, note: '' });
    expect([await keeper.keepOnce(), await keeper.keepOnce()]).toEqual([0, 0]);
    await lane?.commit([], { next: 4n, note: '' });
    await expect.poll(async () => (await ofLane()).next).toBe(4n);
  });

  test('an owner that comes back goes on from the position that was kept', async () => {
    const { open, keeper, ofClaim } = await world();
    const { log } = await open();
    const former = await log.claim(space, identity, forever);
    await former.commit([], { next: 1n, note: 'a' });
    await expect.poll(async () => (await ofClaim()).count).toBe(1);
    await keeper.keepOnce();
    expect(await keeper.keepOnce()).toBe(1);
    await expect(former.commit([], { next: 2n, note: 'b' })).rejects.toThrow('fenced');
    const latter = await log.claim(space, identity, forever);
    expect(latter.position).toEqual({ next: 1n, note: 'a' });
    await latter.commit([], { next: 2n, note: 'b' });
  });
});
