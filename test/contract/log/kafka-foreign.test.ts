// Records that something else wrote into a topic of ours: named, passed over, and nobody stops.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openBrokers } from '../../../services/adapters/log/kafka/brokers.ts';
import { connectLog } from '../../../services/adapters/log/kafka/connect.ts';
import type { LogNotice } from '../../../services/adapters/log/kafka/notice.ts';
import type { StoredRecord } from '../../../services/core/log.ts';
import { openTestBrokers, type TestBrokers } from '../../support/kafka-broker.ts';
import { describeWith, kafkaTiming, settingsFor } from '../../support/kafka-log.ts';

const forever = new AbortController().signal;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const record = (value: string) => ({ topic: 'tasks', partition: 0, key: 'k', value: text(value) });
const textsOf = (records: readonly StoredRecord[]) =>
  records.map(({ value }) => new TextDecoder().decode(value ?? undefined));

let opened: TestBrokers | null = null;

describeWith('foreign records', () => {
  beforeAll(async () => {
    opened = await openTestBrokers();
  }, 120_000);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  async function world() {
    const notices: LogNotice[] = [];
    const settings = settingsFor(opened?.brokers ?? [], `foreign-${randomUUID()}.`);
    const brokers = openBrokers({
      settings,
      clientId: 'foreign',
      notice: (notice) => notices.push(notice),
      timing: kafkaTiming,
      isForeign: (topic, value) =>
        topic.endsWith('.tasks') && (value === null || value[0] === text('!')[0]),
    });
    onTestFinished(() => brokers.close());
    const { log, spaces } = await connectLog(brokers);
    await spaces.create('job.1', [{ topic: 'tasks', partitions: 1, keep: 'consumed' }]);
    const foreign = () => notices.flatMap((notice) => (notice.kind === 'foreign' ? [notice] : []));
    return { log, foreign, topic: `${settings.prefix}job.1.tasks`, settings };
  }

  test('a lane and a view pass over them, and each is named by broker, topic and offset', async () => {
    const { log, foreign, topic, settings } = await world();
    for (const value of ['a', '!one', '!two', 'b']) await log.send('job.1', [record(value)]);
    await log.send('job.1', [record('c'), record('!three'), record('d')]);
    const lanes = log.join('job.1', 'tasks', 'worker', forever)[Symbol.asyncIterator]();
    const { value: lane } = await lanes.next();
    const seen: string[] = [];
    while (seen.length < 4) seen.push(...textsOf((await lane?.read(1024, forever)) ?? []));
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    expect(foreign().map(({ offset }) => offset)).toEqual([1n, 2n, 5n]);
    const [broker] = settings.brokers;
    expect(foreign()[0]).toMatchObject({ topic, partition: 0, broker });

    const folded: string[] = [];
    const view = await log.follow(
      'job.1',
      'tasks',
      (one) => folded.push(...textsOf([one])),
      forever,
    );
    await view.caughtUp('now', forever);
    expect(folded).toEqual(['a', 'b', 'c', 'd']);
    await view.release();
  });

  test('a foreign record at the end keeps nobody from what comes after it', async () => {
    const { log } = await world();
    await log.send('job.1', [record('!last')]);
    const folded: string[] = [];
    const view = await log.follow(
      'job.1',
      'tasks',
      (one) => folded.push(...textsOf([one])),
      forever,
    );
    await view.caughtUp('now', forever);
    expect(folded).toEqual([]);
    await view.caughtUp(await log.send('job.1', [record('after')]), forever);
    expect(folded).toEqual(['after']);
    await view.release();
  });
});
