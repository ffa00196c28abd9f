// The notifier on the memory log and a virtual clock, with a publisher that can be down.
import { describe, expect, test } from 'vitest';
import { historyCodec } from '../../schemas/codec.ts';
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import type { HistoryRecord } from '../../services/core/fact.ts';
import type { JobStatus } from '../../services/core/job.ts';
import type { Log } from '../../services/core/log.ts';
import { controlTopics, historyTopic } from '../../services/core/names.ts';
import type { PublishAnswer, Publisher } from '../../services/core/notify.ts';
import { notificationAgeMsMax, runNotifier } from '../../services/reporter/notify.ts';
import { manualClock } from '../support/manual-clock.ts';

interface Published {
  readonly topicArn: string;
  readonly subject: string;
  readonly status: string;
  readonly jobEventId: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const topicA = 'arn:aws:sns:us-east-1:123456789012:a';
const topicB = 'arn:aws:sns:us-east-1:123456789012:b';
const up: PublishAnswer = { kind: 'published', messageId: 'm' };
const down: PublishAnswer = { kind: 'unavailable', message: 'connection refused' };

function recordingPublisher(answerTo: (topicArn: string, attempt: number) => PublishAnswer) {
  const published: Published[] = [];
  let attempts = 0;
  const publisher: Publisher = {
    async publish(topicArn, subject, message, attributes) {
      attempts += 1;
      const answer = answerTo(topicArn, attempts);
      if (answer.kind !== 'published') return answer;
      const text = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
      const id = /"jobEventId":"([0-9a-f]+)"/.exec(message)?.[1] ?? '';
      const status = text['status'] ?? '';
      published.push({ topicArn, subject, message, status, jobEventId: id, attributes: text });
      return answer;
    },
  };
  return { publisher, published, attempts: () => attempts };
}

const statuses: readonly JobStatus[] = ['New', 'Preparing', 'Ready', 'Active', 'Completing'];

function change(topicArn: string | null, at: number, atMs: number): HistoryRecord {
  return {
    jobEventId: at.toString(16).padStart(32, '0'),
    jobId: 'job-1',
    accountId: '123456789012',
    version: at + 1,
    atMs,
    fact: at === 0 ? 'Created' : 'Activated',
    by: 's3batch',
    from: at === 0 ? null : (statuses[(at - 1) % 5] ?? 'New'),
    to: statuses[at % 5] ?? 'New',
    operation: 'S3PutObjectTagging',
    failures: [],
    reason: null,
    topicArn,
  };
}

async function append(log: Log, records: readonly HistoryRecord[]): Promise<void> {
  await log.send(
    'control',
    records.map((record) => ({
      topic: historyTopic,
      partition: 0,
      key: record.jobId,
      value: historyCodec.encode(record),
    })),
  );
}

function world() {
  const clock = manualClock();
  const memory = openMemoryLog();
  const lines: string[] = [];
  const note = (_fields: unknown, message?: string) => void lines.push(message ?? '');
  const logger = { info: note, warn: note, error: note };
  const hand = memory.connect();
  const start = (publisher: Publisher, handle = memory.connect()) => {
    const stop = new AbortController();
    const ports = { log: handle.log, publisher, clock, random: () => 0.5, logger };
    const ended = runNotifier({ ...ports, region: 'us-east-1' }, stop.signal);
    return { handle, ended, stop: () => stop.abort() };
  };
  return { clock, memory, lines, hand, start };
}

describe('the notifier', () => {
  test('publishes every status change once, in order, in the envelope that AWS sends', async () => {
    const { clock, hand, start } = world();
    await hand.spaces.create('control', controlTopics);
    const { publisher, published } = recordingPublisher(() => up);
    const unchanged = { ...change(topicA, 5, 0), from: 'Active', to: 'Active' } as const;
    const changes = statuses.map((_, at) => change(topicA, at, clock.wallMs()));
    await append(hand.log, [...changes, unchanged, change(null, 6, 0)]);
    const running = start(publisher);
    await clock.advance(1_000);
    running.stop();
    await clock.run(running.ended);
    expect(published.map(({ status }) => status)).toEqual(statuses);
    const first = JSON.parse(published[0]?.message ?? '');
    expect(first).toMatchObject({
      'detail-type': 'AWS Service Event via CloudTrail',
      source: 'aws.s3',
      account: '123456789012',
      detail: {
        eventName: 'JobCreated',
        serviceEventDetails: { jobId: 'job-1', status: 'New', jobEventId: '0'.repeat(32) },
      },
    });
    expect(published[3]?.attributes).toEqual({
      status: 'Active',
      jobId: 'job-1',
      operation: 'S3PutObjectTagging',
    });
  });

  test('a dead topic holds up no other, is tried with growing pauses, and keeps its order', async () => {
    const { clock, hand, start } = world();
    await hand.spaces.create('control', controlTopics);
    let isDown = true;
    const triedMs: number[] = [];
    const { publisher, published } = recordingPublisher((topicArn) => {
      if (topicArn !== topicA || !isDown) return up;
      triedMs.push(clock.monotonicMs());
      return down;
    });
    const many = Array.from({ length: 400 }, (_, at) =>
      change(at % 2 === 0 ? topicA : topicB, at, clock.wallMs()),
    );
    await append(hand.log, many);
    const running = start(publisher);
    await clock.advance(3_600_000);
    expect(published).toHaveLength(200);
    const pauses = triedMs.slice(1).map((at, index) => at - (triedMs[index] ?? 0));
    expect(pauses.slice(0, 5)).toEqual([750, 1_500, 3_000, 6_000, 12_000]);
    expect(Math.max(...pauses)).toBe(225_000);
    isDown = false;
    await clock.advance(600_000);
    const ids = published
      .filter(({ topicArn }) => topicArn === topicA)
      .map((one) => one.jobEventId);
    expect(ids).toEqual(many.filter((_, at) => at % 2 === 0).map((record) => record.jobEventId));
    running.stop();
    await clock.run(running.ended);
  });

  test('gives a notification up into the log after a day, and at once where it is refused', async () => {
    const { clock, hand, start, lines } = world();
    await hand.spaces.create('control', controlTopics);
    const refused: PublishAnswer = { kind: 'refused', code: 'NotFound', message: 'no such topic' };
    const { publisher, attempts } = recordingPublisher((arn) => (arn === topicA ? down : refused));
    await append(hand.log, [change(topicA, 0, clock.wallMs()), change(topicB, 1, clock.wallMs())]);
    const running = start(publisher);
    await clock.advance(notificationAgeMsMax + 300_000);
    expect(lines.filter((line) => line.startsWith('notification given up'))).toEqual([
      'notification given up: refused',
      'notification given up: too old',
    ]);
    const tried = attempts();
    await clock.advance(notificationAgeMsMax);
    expect(attempts()).toBe(tried);
    running.stop();
    await clock.run(running.ended);
  });

  test('killed at the n-th call, n = 1, 2, 3 …, it loses nothing and repeats only the same ids', async () => {
    let isUntouched = false;
    for (let n = 1; !isUntouched; n += 1) {
      const { clock, memory, hand, start } = world();
      await hand.spaces.create('control', controlTopics);
      const { publisher, published } = recordingPublisher((topic, attempt) =>
        topic === topicB && attempt % 3 === 0 ? down : up,
      );
      const changes = Array.from({ length: 12 }, (_, at) =>
        change(at % 3 === 0 ? topicB : topicA, at, clock.wallMs()),
      );
      let calls = 0;
      const handle = memory.connect({
        alive: () => {
          calls += 1;
          return calls !== n;
        },
      });
      start(publisher, handle).ended.catch(() => undefined);
      for (const record of changes) {
        await append(hand.log, [record]);
        await clock.advance(0);
      }
      await clock.advance(60_000);
      isUntouched = calls < n;
      handle.kill();
      const second = start(publisher);
      await clock.advance(600_000);
      second.stop();
      await clock.run(second.ended);
      for (const topic of [topicA, topicB]) {
        const ids = published.filter((one) => one.topicArn === topic).map((one) => one.jobEventId);
        const wanted = changes.filter((one) => one.topicArn === topic).map((one) => one.jobEventId);
        expect([...new Set(ids)]).toEqual(wanted);
        expect(ids.length - wanted.length).toBeLessThanOrEqual(wanted.length);
      }
    }
  });
});
