// Transactions of several producers, open at once on one partition and ended in any order, by bare
// requests: what brokers list as aborted is then in the order of the ends, not of the beginnings.
// A reader that starts anywhere sees the committed records and no other.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Brokers, openBrokers } from '../../../services/adapters/log/kafka/brokers.ts';
import { answered, codes } from '../../../services/adapters/log/kafka/failure.ts';
import { topicName } from '../../../services/adapters/log/kafka/names.ts';
import {
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  produce,
} from '../../../services/adapters/log/kafka/wire.ts';
import type { Lane } from '../../../services/core/log.ts';
import { ownKafkaIsHere } from '../../support/kafka-broker.ts';
import {
  type FaultRoom,
  faultPartitions,
  faultSpace,
  laneQueue,
  openFaultRoom,
} from '../../support/kafka-fault-room.ts';
import { kafkaTiming, settingsFor } from '../../support/kafka-log-settings.ts';
import { openDice } from '../../system/simulation/instance.ts';

const isHere = await ownKafkaIsHere();
const forever = new AbortController().signal;
const partition = 2;
const producersCount = 5;
const steps = 150;
const startEvery = 7n;
const bytesMax = 1024 * 1024;
const produceMsMax = 5_000;

let opened: FaultRoom | null = null;

/** A producer of bare transactions; its records' offsets by what became of them. */
async function openBare(brokers: Brokers, topic: string, transactionalId: string) {
  const { link } = brokers;
  const begun = await link.retry(async () => {
    const address = await link.coordinatorOf('transaction', transactionalId);
    const { transactionMs: transactionTimeout } = kafkaTiming;
    const told = await link.send(address, initProducerId, { transactionalId, transactionTimeout });
    if (told.errorCode !== 0) throw answered(told.errorCode, 'InitProducerId');
    return { coordinator: address, ...told };
  }, forever);
  if (begun === 'aborted') throw new Error('never');
  const { coordinator, producerId, producerEpoch } = begun;
  const ids = { transactionalId, producerId, producerEpoch };
  let sequence = 0;
  let open: bigint[] = [];

  async function begin(): Promise<void> {
    await link.retry(async () => {
      const topics = [{ topic, partitions: [partition] }];
      const { errors } = await link.send(coordinator, addPartitionsToTxn, { ...ids, topics });
      const code = errors[0]?.partitionErrors[0]?.errorCode ?? codes.unknownServerError;
      if (code !== 0) throw answered(code, 'AddPartitionsToTxn');
    }, forever);
  }

  return {
    isOpen: () => open.length > 0,
    write: async (text: string): Promise<void> => {
      if (open.length === 0) await begin();
      const messages = [{ key: Buffer.from('key'), value: Buffer.from(text), headers: {} }];
      const topicData = [{ topic, partitions: [{ partition, firstSequence: sequence, messages }] }];
      const offset = await link.retry(async () => {
        const leader = await link.leaderOf(topic, partition);
        const order = {
          acks: -1,
          timeout: produceMsMax,
          compression: 0,
          ...ids,
          topicData,
        } as const;
        const written = (await link.send(leader, produce, order)).topics[0]?.partitions[0];
        const code = written?.errorCode ?? codes.unknownServerError;
        if (code !== 0) throw answered(code, 'Produce');
        return BigInt(written?.baseOffset ?? -1);
      }, forever);
      if (offset === 'aborted') throw new Error('never');
      open.push(offset);
      sequence += 1;
    },
    /** The offsets of what it has ended so. */
    end: async (isCommitted: boolean): Promise<readonly bigint[]> => {
      const asked = { ...ids, transactionResult: isCommitted };
      expect((await link.send(coordinator, endTxn, asked)).errorCode).toBe(0);
      const ended = open;
      open = [];
      return ended;
    },
  };
}

describe.skipIf(!isHere)('open transactions (needs Java 17 and Maven)', () => {
  beforeAll(async () => {
    opened = await openFaultRoom();
  }, 120_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  test.each([1, 2, 3])(
    'of several producers on one partition, ended in any order, read from anywhere: the committed alone (seed %i)',
    async (seed) => {
      if (opened === null) throw new Error('no broker');
      await using installation = await opened.installation();
      const { prefix, direct } = installation;
      const brokers = openBrokers({
        settings: settingsFor([opened.broker.address], prefix),
        clientId: 'bare',
        notice: () => {},
        timing: kafkaTiming,
      });
      const topic = topicName(prefix, faultSpace, 'tasks');
      const producers = await Promise.all(
        Array.from({ length: producersCount }, (_, index) =>
          openBare(brokers, topic, `${prefix}bare-${index}`),
        ),
      );
      const dice = openDice(seed);
      const committed: bigint[] = [];
      let aborted = 0;
      const end = async (producer: (typeof producers)[number]): Promise<void> => {
        const isCommitted = dice.perMille(400);
        const offsets = await producer.end(isCommitted);
        if (isCommitted) committed.push(...offsets);
        else aborted += offsets.length;
      };
      for (let step = 0; step < steps; step += 1) {
        const producer = producers[dice.below(producersCount)];
        if (producer === undefined) continue;
        if (producer.isOpen() && dice.perMille(400)) await end(producer);
        else await producer.write(`step ${step}`);
      }
      for (const producer of producers) if (producer.isOpen()) await end(producer);
      brokers.close();

      const wanted = committed.toSorted((a, b) => (a < b ? -1 : 1));
      const last = wanted.at(-1) ?? -1n;
      expect(wanted.length).toBeGreaterThan(0);
      expect(aborted).toBeGreaterThan(0);
      const lane = (await laneQueue(direct.log, 'reader').take(faultPartitions)).get(partition);
      if (lane === undefined) throw new Error('no lane');
      for (let from = 0n; from <= last; from += startEvery) {
        expect(await offsetsFrom(lane, from, last), `from ${from}`).toEqual(
          wanted.filter((offset) => offset >= from),
        );
      }
    },
  );
});

async function offsetsFrom(lane: Lane, from: bigint, last: bigint): Promise<readonly bigint[]> {
  lane.seek(from);
  const found: bigint[] = [];
  while ((found.at(-1) ?? -1n) < last) {
    for (const { offset } of await lane.read(bytesMax, forever)) found.push(offset);
  }
  return found;
}
