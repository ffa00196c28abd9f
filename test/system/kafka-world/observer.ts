// Who watches a job's results beside the proxies, while they come: a reader of our own log, in a
// group of its own, that commits nothing. It remembers every record and when it saw it.
// Invariant: a record seen twice (the broker was away, the lane began anew) was the same both times.
import { createRequire } from 'node:module';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { openBrokers, timingDefaults } from '../../../services/adapters/log/kafka/brokers.ts';
import { connectLog } from '../../../services/adapters/log/kafka/connect.ts';
import { groupName, topicName } from '../../../services/adapters/log/kafka/names.ts';
import { isLogError, type Lane } from '../../../services/core/log.ts';
import { jobSpace, resultsTopic, tasksTopic, workerGroup } from '../../../services/core/names.ts';
import { settingsFor } from '../../support/kafka-log-settings.ts';

export interface SeenRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array | null;
  /** performance.now() when it was first seen. */
  readonly seenMs: number;
}

export interface JobWatch {
  /** By partition and offset, each in its order. */
  records(): readonly SeenRecord[];
  /** Resolves when a record at that offset or beyond has been seen there; false: not in time. */
  reached(partition: number, offset: bigint): Promise<boolean>;
  end(): Promise<void>;
}

export interface Observer extends AsyncDisposable {
  watch(jobId: string): Promise<JobWatch>;
  /** The partitions of a job's tasks that each client holds, by the address the broker sees. */
  holders(jobId: string): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Where each partition of a job's results ends now, open transactions included. */
  ends(jobId: string): Promise<ReadonlyMap<number, bigint>>;
}

const bytesMax = 1024 * 1024;
const reachMsMax = 30_000;
const {
  MemberAssignment,
}: {
  readonly MemberAssignment: {
    decode(
      bytes: Buffer,
    ): { readonly assignment: Readonly<Record<string, readonly number[]>> } | null;
  };
} = createRequire(import.meta.url)('kafkajs/src/consumer/assignerProtocol.js');

export async function openObserver(broker: string, prefix: string): Promise<Observer> {
  const brokers = openBrokers({
    settings: settingsFor([broker], prefix),
    clientId: 'observer',
    notice: () => {},
    timing: timingDefaults,
  });
  const { log } = await connectLog(brokers);
  const client = new Kafka({ clientId: 'observer', brokers: [broker], logLevel: logLevel.NOTHING });

  async function ask<Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    const admin = client.admin({ retry: { retries: 0 } });
    await admin.connect();
    try {
      return await question(admin);
    } finally {
      await admin.disconnect();
    }
  }

  return {
    watch: async (jobId) => {
      const leaving = new AbortController();
      const seen = new Map<string, SeenRecord>();
      const waiting = new Set<() => void>();
      const reading: Promise<void>[] = [];
      const note = (record: SeenRecord): void => {
        const place = `${record.partition}/${record.offset}`;
        const before = seen.get(place);
        if (before === undefined) seen.set(place, record);
        else if (!sameRecord(before, record)) throw new Error(`${place} was read otherwise before`);
        for (const look of waiting) look();
      };
      const readLane = async (lane: Lane): Promise<void> => {
        try {
          while (!leaving.signal.aborted) {
            for (const { offset, key, value } of await lane.read(bytesMax, leaving.signal)) {
              const seenMs = performance.now();
              note({ partition: lane.partition, offset, key, value, seenMs });
            }
          }
        } catch (error) {
          if (!isLogError(error) || error.failure === 'lost') throw error;
        }
      };
      const lanes = async (): Promise<void> => {
        const space = jobSpace(jobId);
        for await (const lane of log.join(space, resultsTopic, 'observer', leaving.signal)) {
          reading.push(readLane(lane));
        }
      };
      const joined = lanes().catch((error: unknown) => {
        if (!isLogError(error) || error.failure === 'lost') throw error;
      });
      return {
        records: () =>
          [...seen.values()].toSorted(
            (a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1),
          ),
        reached: (partition, offset) =>
          new Promise((resolve) => {
            const finish = (isThere: boolean): void => {
              clearTimeout(timer);
              waiting.delete(look);
              resolve(isThere);
            };
            const look = (): void => {
              const isThere = [...seen.values()].some(
                (record) => record.partition === partition && record.offset >= offset,
              );
              if (isThere) finish(true);
            };
            const timer = setTimeout(() => finish(false), reachMsMax);
            waiting.add(look);
            look();
          }),
        end: async () => {
          leaving.abort();
          await joined;
          await Promise.all(reading);
        },
      };
    },
    holders: async (jobId) => {
      const group = groupName(prefix, jobSpace(jobId), workerGroup, tasksTopic);
      const topic = topicName(prefix, jobSpace(jobId), tasksTopic);
      const { groups } = await ask((admin) => admin.describeGroups([group]));
      return new Map(
        (groups[0]?.members ?? []).map(({ clientHost, memberAssignment }) => {
          const decoded =
            memberAssignment.length === 0 ? null : MemberAssignment.decode(memberAssignment);
          return [clientHost.replace(/^\//, ''), decoded?.assignment[topic] ?? []];
        }),
      );
    },
    ends: async (jobId) => {
      const topic = topicName(prefix, jobSpace(jobId), resultsTopic);
      const found = await ask((admin) => admin.fetchTopicOffsets(topic));
      return new Map(found.map(({ partition, high }) => [partition, BigInt(high)]));
    },
    [Symbol.asyncDispose]: () => log.end(),
  };
}

function sameRecord(a: SeenRecord, b: SeenRecord): boolean {
  const bytes = ({ value }: SeenRecord) => Buffer.from(value ?? []);
  return a.key === b.key && (a.value === null) === (b.value === null) && bytes(a).equals(bytes(b));
}
