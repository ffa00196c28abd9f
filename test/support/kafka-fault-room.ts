// One broker that tests of faults share, with a proxy in front of its second listener: services
// through the proxy meet the faults, those beside it see what came of them.
import { randomUUID } from 'node:crypto';
import type { Broker } from '../../infra/kafka/broker.ts';
import { type Brokers, openBrokers, type Tap } from '../../services/adapters/log/kafka/brokers.ts';
import { type Connected, connectLog } from '../../services/adapters/log/kafka/connect.ts';
import type { LogNotice } from '../../services/adapters/log/kafka/notice.ts';
import {
  isLogError,
  type Lane,
  type Log,
  type LogFailure,
  type NewRecord,
  type Space,
  type TopicShape,
} from '../../services/core/log.ts';
import { startTestBroker } from './kafka-broker.ts';
import { kafkaTiming, settingsFor } from './kafka-log-settings.ts';
import { type KafkaProxy, openKafkaProxy } from './kafka-proxy.ts';

export const faultSpace: Space = 'job.faults';
export const faultPartitions = 4;
const topics: readonly TopicShape[] = [
  { topic: 'tasks', partitions: faultPartitions, keep: 'consumed' },
  { topic: 'results', partitions: faultPartitions, keep: { ms: Number.MAX_SAFE_INTEGER } },
];
const forever = new AbortController().signal;
/** How often the broker looks for transactions that nobody ends. */
const abortLookMs = '500';

export interface FaultRoom extends AsyncDisposable {
  readonly broker: Broker;
  readonly proxy: KafkaProxy;
  /** The same broker, with topics and identities of their own. */
  installation(): Promise<Installation>;
}

export interface Installation extends AsyncDisposable {
  readonly prefix: string;
  readonly notices: readonly LogNotice[];
  /** Beside the proxy. */
  readonly direct: Connected;
  readonly connect: (options: {
    readonly by: 'proxy' | 'direct';
    readonly tap?: Tap;
  }) => Promise<Connected>;
  /** The texts of the records of a topic's partition, as a reader beside the proxy sees them now. */
  readonly texts: (topic: string, partition: number) => Promise<readonly string[]>;
}

export async function openFaultRoom(): Promise<FaultRoom> {
  const proxy = await openKafkaProxy();
  const broker = await startTestBroker({
    listeners: [{ name: 'PROXIED', security: 'PLAINTEXT', advertised: proxy }],
    properties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': abortLookMs },
  });
  proxy.leadTo(broker.addressOf('PROXIED'));
  const addresses = { proxy: `${proxy.host}:${proxy.port}`, direct: broker.address };
  return {
    broker,
    proxy,
    installation: () => openInstallation(addresses, proxy),
    [Symbol.asyncDispose]: async () => {
      await broker.stop();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

async function openInstallation(
  addresses: { readonly proxy: string; readonly direct: string },
  proxy: KafkaProxy,
): Promise<Installation> {
  const prefix = `faults-${randomUUID()}.`;
  const open: Brokers[] = [];
  const notices: LogNotice[] = [];
  const connect: Installation['connect'] = async ({ by, tap }) => {
    const brokers = openBrokers({
      settings: settingsFor([addresses[by]], prefix),
      clientId: `faults-${by}`,
      notice: (notice) => notices.push(notice),
      timing: kafkaTiming,
      tap,
    });
    open.push(brokers);
    return connectLog(brokers);
  };
  const direct = await connect({ by: 'direct' });
  await direct.spaces.create(faultSpace, topics);
  return {
    prefix,
    notices,
    direct,
    connect,
    texts: async (topic, partition) => {
      const found: string[] = [];
      const view = await direct.log.follow(
        faultSpace,
        topic,
        ({ key, value }) => {
          if (key === `${partition}`) found.push(new TextDecoder().decode(value ?? undefined));
        },
        forever,
      );
      await view.caughtUp('now', forever);
      await view.release();
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      proxy.judge();
      proxy.release();
      for (const brokers of open) brokers.close();
    },
  };
}

/** Its key is its partition, which a view does not tell. */
export function faultRecord(topic: string, partition: number, text: string): NewRecord {
  return { topic, partition, key: `${partition}`, value: new TextEncoder().encode(text) };
}

/** The lanes of one member of a group over tasks, in the order in which they come. */
export function laneQueue(log: Log, group: string, signal: AbortSignal = forever) {
  const iterator = log.join(faultSpace, 'tasks', group, signal)[Symbol.asyncIterator]();
  return {
    take: async (count: number): Promise<ReadonlyMap<number, Lane>> => {
      const lanes = new Map<number, Lane>();
      while (lanes.size < count) {
        const { value, done } = await iterator.next();
        if (done === true) throw new Error('the membership has ended');
        lanes.set(value.partition, value);
      }
      return lanes;
    },
  };
}

export async function failureOf(
  promise: Promise<unknown>,
): Promise<LogFailure | 'misuse' | 'none'> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isLogError(error) ? error.failure : 'misuse';
  }
}
