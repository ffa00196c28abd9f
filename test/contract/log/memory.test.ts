// The memory twin keeps the contract of the log.
import { expect, test } from 'vitest';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { logError } from '../../../services/core/log.ts';
import { logContract } from './suite.ts';

logContract('memory', async (faultAt) => {
  const world = openMemoryLog();
  let steps = 0;
  let healed = false;
  const step = async () => {
    steps += 1;
    if (!healed && steps === faultAt) throw logError('lost', 'an injected fault');
  };
  return {
    connect: async () => world.connect({ step }),
    heal: async () => {
      healed = true;
    },
    forgetPosition: async (space, identity) => world.forgetPosition(space, identity),
    end: async () => {},
  };
});

const forever = new AbortController().signal;
const one = { topic: 'inbox', partition: 0, key: 'k', value: new Uint8Array([1]) };

test('a handle killed before an effect has done nothing, after it has done all', async () => {
  for (const moment of ['before', 'after']) {
    const world = openMemoryLog({ nowMs: () => 0 });
    const living = world.connect();
    await living.spaces.create('control', [{ topic: 'inbox', partitions: 1, keep: { ms: 1 } }]);
    const struck = Promise.withResolvers<void>();
    let alive = true;
    const step = async (label: string) => {
      if (label !== `commit control ingest ${moment}`) return;
      alive = false;
      struck.resolve();
    };
    const dying = world.connect({ step, alive: () => alive });
    const writer = await dying.log.claim('control', 'ingest', forever);
    let settled = false;
    const settle = () => {
      settled = true;
    };
    writer.commit([one], { next: 1n, note: '' }).then(settle, settle);
    await struck.promise;
    const { position } = await living.log.claim('control', 'ingest', forever);
    expect(position.next).toBe(moment === 'before' ? 0n : 1n);
    expect(settled).toBe(false);
  }
});

test('a topic kept by time forgets what is older', async () => {
  let nowMs = 0;
  const world = openMemoryLog({ nowMs: () => nowMs });
  const { log, spaces } = world.connect();
  await spaces.create('control', [{ topic: 'inbox', partitions: 1, keep: { ms: 10 } }]);
  await log.send('control', [one]);
  nowMs = 11;
  const last = await log.send('control', [one]);
  const offsets: bigint[] = [];
  const view = await log.follow('control', 'inbox', ({ offset }) => offsets.push(offset), forever);
  await view.caughtUp('now', forever);
  expect(offsets).toEqual([last]);
});
