// Services that start before control wait for its topics, and say so once.
import { expect, test } from 'vitest';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { controlTopics } from '../../../services/core/names.ts';
import { awaitControlSpace } from '../../../services/standalone/kafka-log.ts';
import { manualClock } from '../../support/manual-clock.ts';

function open() {
  const clock = manualClock();
  const { spaces } = openMemoryLog({ nowMs: () => clock.wallMs() }).connect();
  const lines: string[] = [];
  const logger = { info: (line: string) => void lines.push(line) };
  const stopping = new AbortController();
  const waiting = awaitControlSpace(spaces, clock, logger, stopping.signal);
  return { clock, spaces, lines, stopping, waiting };
}

test('waits until control has made its space, saying so once', async () => {
  const { clock, spaces, lines, waiting } = open();
  await clock.advance(10_000);
  expect(lines).toEqual([expect.stringContaining('waiting for control')]);
  await spaces.create('control', controlTopics);
  await clock.run(waiting);
  expect(lines).toHaveLength(1);
});

test('ends when it is asked to stop', async () => {
  const { clock, lines, stopping, waiting } = open();
  await clock.advance(0);
  stopping.abort();
  await waiting;
  expect(lines).toHaveLength(1);
});
