// When an outage of the brokers is told, and what a failure says meanwhile.
import { expect, test } from 'vitest';
import { unanswered } from '../../../services/adapters/log/kafka/failure.ts';
import type { LogNotice } from '../../../services/adapters/log/kafka/notice.ts';
import { openOutage, quietMsMax } from '../../../services/adapters/log/kafka/outage.ts';

const broker = 'broker:9092';
const awayMsMax = 120_000;

function open() {
  const told: LogNotice[] = [];
  let now = 1_000;
  const notice = (said: LogNotice) => void told.push(said);
  const outage = openOutage({ awayMsMax, notice, nowMs: () => now });
  const failAfter = (ms: number): string => {
    now += ms;
    return outage.failed(broker, unanswered('asking', 'ECONNREFUSED')).message;
  };
  const answerAfter = (ms: number): void => {
    now += ms;
    outage.answered();
  };
  return { told, outage, failAfter, answerAfter };
}

test('an outage is told once when nobody has answered for a while, and once when it is over', () => {
  const { told, outage, failAfter, answerAfter } = open();
  expect(failAfter(0)).toBe('asking: ECONNREFUSED');
  failAfter(quietMsMax - 1);
  expect([told, outage.isAway]).toEqual([[], false]);
  failAfter(1);
  expect(failAfter(2_000)).toBe('no broker answered for 7 s: asking: ECONNREFUSED');
  const away = { kind: 'away', broker, cause: 'asking: ECONNREFUSED', awayMsMax };
  expect([told, outage.isAway]).toEqual([[away], true]);
  answerAfter(1_000);
  answerAfter(1_000);
  expect([told, outage.isAway]).toEqual([[away, { kind: 'back', awayMs: 8_000 }], false]);
});

test('a broker that is away while another answers is not told, nor are failures far apart', () => {
  const { told, failAfter, answerAfter } = open();
  for (let times = 0; times < 10; times += 1) {
    failAfter(quietMsMax - 1_000);
    answerAfter(500);
  }
  failAfter(0);
  failAfter(60 * 60_000);
  expect(told).toEqual([]);
});

test('a failure keeps its remedy', () => {
  const { outage, failAfter } = open();
  failAfter(0);
  failAfter(quietMsMax);
  expect(outage.failed(broker, unanswered('asking', 'ECONNREFUSED'))).toMatchObject({
    code: null,
    remedy: 'elsewhere',
  });
});
