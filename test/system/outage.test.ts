// The brokers go away under running services: what is shown meanwhile, and that whoever asks for
// the end gets it soon, in one plain line.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Broker } from '../../infra/kafka/broker.ts';
import { ownKafkaIsHere, startTestBroker } from '../support/kafka-broker.ts';
import {
  openStandaloneWorld,
  type Running,
  type Settings,
  type StandaloneWorld,
} from '../support/standalone-world.ts';
import { createTagging, plainKeys, seedTagging } from '../support/tagging-job.ts';

const isHere = await ownKafkaIsHere();
const tasks = 20_000;
const stopMsMax = 10_000;
const showMsMax = 5_000;

function settingsFor(broker: Broker): Settings {
  return {
    S3BATCH_LOG: 'kafka',
    S3BATCH_METRICS_PORT: '0',
    KAFKA_BROKERS: broker.address,
    KAFKA_TOPIC_PREFIX: `outage-${randomUUID()}.`,
  };
}

/** Ends with the last lines of each that was asked to stop. */
async function stopped(world: StandaloneWorld, one: Running): Promise<string> {
  const before = world.lines.length;
  const startMs = performance.now();
  one.process.kill('SIGTERM');
  const { code, signal } = await one.ended;
  expect(performance.now() - startMs).toBeLessThan(stopMsMax);
  const said = world.lines.slice(before);
  const line = said.findLast((text) => text.includes('s3batch has stopped')) ?? said.join('\n');
  expect(line).toContain('s3batch has stopped');
  expect({ code, signal }).toEqual({
    code: line.includes('commits given up') ? 3 : 0,
    signal: null,
  });
  return said.join('\n');
}

test.skipIf(!isHere)(
  'services alone whose broker is away say so, show their figures at once, and stop when asked to',
  async () => {
    const broker = await startTestBroker();
    await using world = await openStandaloneWorld();
    const settings = settingsFor(broker);
    const control = await world.start(settings, 'control');
    const rest = [
      await world.start(settings, 'ingest'),
      await world.start(settings, 'worker'),
      await world.start(settings, 'reporter'),
    ];
    const manifest = seedTagging(world, 'away', plainKeys(tasks));
    await createTagging(control, manifest, 'away');
    await world.heard(/connecting to /);
    await broker.stop();
    for (const service of ['control', 'worker']) {
      await world.heard(new RegExp(`"level":"warn".*"${service}".*no broker answers`));
    }
    const startMs = performance.now();
    const answer = await fetch(`${control.url}/metrics`);
    expect(performance.now() - startMs).toBeLessThan(showMsMax);
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).toMatch(/^s3batch_log_brokers_away 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect(text).not.toMatch(/^s3batch_jobs\{/m);
    expect((await fetch(`${control.url}/readyz`)).status).toBe(503);
    for (const one of [...rest, control]) {
      expect(await stopped(world, one)).not.toMatch(/\bat .*\.ts:\d|"stack"/);
    }
    expect(world.lines.filter((line) => line.includes('"refused"'))).toEqual([]);
  },
);

test.skipIf(!isHere)(
  'npm start whose broker is away says so in one line, and stops when asked to',
  async () => {
    const broker = await startTestBroker();
    await using world = await openStandaloneWorld();
    const running = await world.start(settingsFor(broker));
    const manifest = seedTagging(world, 'away', plainKeys(tasks));
    await createTagging(running, manifest, 'away');
    await broker.stop();
    await world.heard(/no broker answers/);
    const shown = async () => (await fetch(`${running.url}/metrics`)).text();
    await expect.poll(shown, { timeout: showMsMax }).toMatch(/^s3batch_log_brokers_away 1$/m);
    expect(await stopped(world, running)).not.toMatch(/\bat .*\.ts:\d|"stack"/);
    expect(world.lines.filter((line) => line.includes('no broker answers'))).toHaveLength(1);
  },
);
