import { expect, test } from 'vitest';
import { openCollector } from '../../../services/core/collector.ts';
import { openBreaker } from '../../../services/worker/breaker.ts';
import { manualClock } from '../../support/manual-clock.ts';

const never = new AbortController().signal;
const limits = { probeDelayMsMin: 1000, probeDelayMsMax: 4000, worldWaitMsMax: 60_000 };

function open() {
  const clock = manualClock();
  const breaker = openBreaker(clock, openCollector(), limits, never);
  const passes: string[] = [];
  const ask = (name: string, signal = never) => {
    void breaker.pass(clock.monotonicMs(), signal).then((pass) => passes.push(`${name} ${pass}`));
  };
  return { clock, breaker, passes, ask };
}

test('one task at a time asks for a world that is away, and who waited too long goes', async () => {
  const { clock, breaker, passes, ask } = open();
  ask('first');
  await clock.advance(0);
  breaker.trip('refused', 'go');
  for (const name of ['a', 'b', 'c']) ask(name);
  await clock.advance(999);
  expect(passes).toEqual(['first go']);
  await clock.advance(1);
  expect(passes).toEqual(['first go', 'a probe']);
  await clock.advance(60_000);
  expect(passes.length).toBe(2);
  breaker.trip('refused', 'probe');
  await clock.advance(1999);
  expect(passes.length).toBe(2);
  await clock.advance(1);
  expect(passes.slice(2)).toEqual(['b expired', 'c expired']);
});

test('the first answer lets everyone through', async () => {
  const { clock, breaker, passes, ask } = open();
  const reasons: (string | null)[] = [];
  breaker.onChange(() => reasons.push(breaker.reason));
  breaker.trip('refused', 'go');
  for (const name of ['a', 'b', 'c']) ask(name);
  await clock.advance(1000);
  breaker.settle('probe', true);
  await clock.advance(0);
  expect(passes).toEqual(['a probe', 'b go', 'c go']);
  expect(reasons).toEqual(['refused', null]);
});

test('a probe that was stopped hands its turn on, also to one that comes later', async () => {
  const { clock, breaker, passes, ask } = open();
  const stop = new AbortController();
  breaker.trip('refused', 'go');
  ask('a');
  ask('b', stop.signal);
  await clock.advance(1000);
  stop.abort();
  breaker.settle('probe', false);
  await clock.advance(0);
  ask('late');
  await clock.advance(0);
  expect(passes).toEqual(['a probe', 'b stopped', 'late probe']);
});

test('a breaker that closed and opened again waits its whole delay', async () => {
  const { clock, breaker, passes, ask } = open();
  breaker.trip('refused', 'go');
  await clock.advance(600);
  breaker.settle('go', true);
  breaker.trip('refused again', 'go');
  ask('a');
  await clock.advance(600);
  expect(passes).toEqual([]);
  await clock.advance(400);
  expect(passes).toEqual(['a probe']);
});
