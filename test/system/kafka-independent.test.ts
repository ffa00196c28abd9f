// What our lanes read of a job's results, record by record as an independent client (librdkafka by
// confluent-kafka, read_committed) reads them, with aborted transactions among them.
import { expect, test } from 'vitest';
import { hasBoto3, kafkaPythonIsHere, python } from '../support/clients.ts';
import { ownKafkaIsHere } from '../support/kafka-broker.ts';
import { apiKeys } from '../support/kafka-proxy.ts';
import type { Fault } from './kafka-world/faults.ts';
import { runJob } from './kafka-world/run-job.ts';
import { openWorld } from './kafka-world/world.ts';

const isHere = hasBoto3 && kafkaPythonIsHere() && (await ownKafkaIsHere());
/** With keys as long as they may be: four partitions. */
const objects = 9_000;

test.skipIf(!isHere)(
  'our lanes and librdkafka read the same results of a job that was struck in its commits (needs Java 17, Maven, and a Python with boto3, confluent-kafka, fastavro and zstandard)',
  async () => {
    await using world = await openWorld({ seed: 1, objects, python });
    const [worker, other] = world.slots.filter(({ service }) => service === 'worker');
    const fault = (done: number, rest: Partial<Fault>): Fault => ({
      kind: 'cut',
      phase: 'Active',
      done,
      slot: null,
      form: 'drop',
      apiKey: apiKeys.endTxn,
      durationMs: 0,
      ...rest,
    });
    const ended = await runJob(
      world,
      1,
      [
        fault(500, {}),
        fault(1_500, { form: 'lose', apiKey: apiKeys.txnOffsetCommit }),
        fault(2_500, { kind: 'kill', slot: worker ?? null }),
        fault(3_500, { slot: other ?? null }),
      ],
      [],
    );
    expect(ended).toMatchObject({ isGood: true, struck: 4 });
    expect(ended.aborted).toBeGreaterThan(0);
    expect(world.fleet.counts).toEqual({ lost: 0, refused: 0, bad: 0 });
  },
);
