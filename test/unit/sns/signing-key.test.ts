// The key that signs notifications is made once, however many processes start at the same moment.
import { expect, test } from 'vitest';
import { openMemoryLog } from '../../../services/adapters/log/memory.ts';
import { openTopicRegistry } from '../../../services/adapters/sns/local/registry.ts';
import { ensureSigningKey } from '../../../services/adapters/sns/local/signing-key.ts';
import type { Clock } from '../../../services/core/clock.ts';
import type { Log, Writer } from '../../../services/core/log.ts';
import { controlTopics } from '../../../services/core/names.ts';

const forever = new AbortController().signal;
const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0, sleep: async () => {} };

test('a process that is overtaken while it makes the key takes the key of the other', async () => {
  const world = openMemoryLog({ nowMs: () => 0 });
  const first = world.connect();
  const second = world.connect();
  await first.spaces.create('control', controlTopics);
  const otherRegistry = await openTopicRegistry(second.log, forever);
  const other = () =>
    ensureSigningKey({ log: second.log, clock, registry: otherRegistry }, forever);

  let overtakings = 0;
  const log: Log = {
    ...first.log,
    claim: async (space, identity, signal): Promise<Writer> => {
      const writer = await first.log.claim(space, identity, signal);
      return {
        position: writer.position,
        release: () => writer.release(),
        commit: async (records, position) => {
          overtakings += 1;
          await other();
          return writer.commit(records, position);
        },
      };
    },
  };
  const registry = await openTopicRegistry(first.log, forever);
  const mine = await ensureSigningKey({ log, clock, registry }, forever);

  expect(overtakings).toBe(1);
  expect(mine.name).toBe((await other()).name);
});
