// KAFKA_EVENTS_TOPICS: which topics outsiders may write to, and for whom.
import { expect, test } from 'vitest';
import { readEventsTopics } from '../../../services/core/events-topics.ts';
import { eventsTopics } from '../../../services/core/names.ts';

test('topics have names below events, and an account where one is given', () => {
  expect(readEventsTopics('events, events.team-a:111122223333 ,')).toEqual({
    kind: 'topics',
    topics: [
      { topic: 'events', accountId: null },
      { topic: 'events.team-a', accountId: '111122223333' },
    ],
  });
});

test.each([
  ['', 'at least one'],
  [Array.from({ length: 51 }, (_, index) => `events.${index}`).join(','), 'at most 50'],
  ['control.inbox', 'each events or events.<name>'],
  ['eventsx', 'each events or events.<name>'],
  ['events.', 'each events or events.<name>'],
  [`events.${'x'.repeat(200)}`, 'each events or events.<name>'],
  ['events:1111', '12 digits'],
  ['events.rejected', 'without events.rejected'],
  ['events,events:111122223333', 'without events twice'],
])('%s is no list of topics', (text, rule) => {
  expect(readEventsTopics(text)).toMatchObject({
    kind: 'problem',
    rule: expect.stringContaining(rule),
  });
});

test('every topic has four partitions, what is rejected has one and is kept longer', () => {
  expect(eventsTopics(['events', 'events.a'])).toEqual([
    { topic: 'events', partitions: 4, keep: { ms: 7 * 86_400_000 } },
    { topic: 'events.a', partitions: 4, keep: { ms: 7 * 86_400_000 } },
    { topic: 'events.rejected', partitions: 1, keep: { ms: 14 * 86_400_000 } },
  ]);
});
