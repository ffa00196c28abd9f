// A way to the cluster: which broker leads a partition or coordinates a group or a transactional
// id, a channel to each that is used, and one rule for trying again.
// A broker answers the requests of one connection one after the other, so whoever parks there (a
// fetch, a join) has a link of its own.
// Invariant: what a failure makes doubtful (a channel, a leader, a coordinator) is forgotten before
// the next attempt.
import { setTimeout as pause } from 'node:timers/promises';
import { logError } from '../../../core/log.ts';
import type { KafkaSettings } from '../../../core/settings.ts';
import { type Channel, type ChannelOptions, openChannel } from './channel.ts';
import { answered, codes, isKafkaFailure, unanswered } from './failure.ts';
import type { Outage } from './outage.ts';
import { type Api, findCoordinator, type Metadata, metadata } from './wire.ts';

/** A request that a broker answers at once takes this long at most; else the connection is dead. */
export const requestMsMax = 10_000;
const retryDelayMsMin = 5;
const retryDelayMsMax = 1_000;
const retryGrowth = 1.6;

export interface LinkOptions {
  readonly settings: KafkaSettings;
  readonly clientId: string;
  /** Brokers that are away for longer lose the log. */
  readonly awayMsMax: number;
  /** Told what answers and what does not; absent where an outage is told otherwise. */
  readonly outage?: Outage | undefined;
  readonly tap?: ChannelOptions['tap'] | undefined;
}

export type CoordinatorKind = 'group' | 'transaction';

export interface Link {
  /** Brokers that are away for longer lose the log. */
  readonly awayMsMax: number;
  /** Sends to this broker. Rejects with a KafkaFailure. */
  send<Request, Response>(
    address: string,
    api: Api<Request, Response>,
    values: Request,
    msMax?: number,
  ): Promise<Response>;
  /** The broker that leads the partition now. */
  leaderOf(topic: string, partition: number): Promise<string>;
  /** undefined: there is no such topic. Asked anew each time. */
  partitionsOf(topic: string): Promise<number | undefined>;
  coordinatorOf(kind: CoordinatorKind, key: string): Promise<string>;
  /** The controller, for topics made and deleted. */
  controller(): Promise<string>;
  /** Every broker, asked anew. */
  brokers(): Promise<readonly string[]>;
  /** Forgets who leads and coordinates; channels stay. */
  forget(): void;
  /**
   * Attempts until one succeeds. A failure that asking again may mend is tried again, with growing
   * pauses, for awayMsMax; then the log is lost. Ends with 'aborted' as soon as the signal is.
   */
  retry<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result | 'aborted'>;
  close(): void;
}

export function openLink(options: LinkOptions): Link {
  const { settings, awayMsMax, outage } = options;
  const channels = new Map<string, Promise<Channel>>();
  const leaders = new Map<string, string>();
  const coordinators = new Map<string, string>();
  let known: readonly string[] = settings.brokers;
  let controllerAddress: string | null = null;
  let closed = false;

  function channelTo(address: string): Promise<Channel> {
    const kept = channels.get(address);
    if (kept !== undefined) return kept;
    const opening = openChannel(address, options).then((channel) => {
      if (closed) channel.close();
      return channel;
    });
    channels.set(address, opening);
    opening.catch(() => channels.delete(address));
    return opening;
  }

  /** One that was closed meanwhile is replaced. */
  async function openChannelTo(address: string): Promise<Channel> {
    const opened = channelTo(address);
    const channel = await opened;
    if (channel.isOpen || channels.get(address) !== opened) return channel;
    channels.delete(address);
    return openChannelTo(address);
  }

  async function send<Request, Response>(
    address: string,
    api: Api<Request, Response>,
    values: Request,
    msMax = requestMsMax,
  ): Promise<Response> {
    if (closed) throw unanswered(`${api.name} to ${address}`, 'the link is closed');
    try {
      const channel = await openChannelTo(address);
      const answer = await channel.send(api, values, msMax);
      outage?.answered();
      return answer;
    } catch (error) {
      const isSilent = isKafkaFailure(error) && error.code === null && error.remedy !== 'refused';
      if (!isSilent || closed || outage === undefined) throw error;
      throw outage.failed(address, error);
    }
  }

  /** Any broker that answers; the configured ones last, since they may be gone. */
  async function ask(topics: readonly string[] | null): Promise<Metadata> {
    const addresses = [...new Set([...known, ...settings.brokers])];
    let failure: unknown = null;
    for (const address of addresses) {
      try {
        const told = await send(address, metadata, { topics, allowAutoTopicCreation: false });
        learn(told);
        return told;
      } catch (error) {
        if (!isKafkaFailure(error) || error.remedy === 'refused') throw error;
        failure = error;
      }
    }
    throw failure;
  }

  function learn(told: Metadata): void {
    const nodes = new Map(
      told.brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]),
    );
    if (nodes.size > 0) known = [...nodes.values()];
    controllerAddress = nodes.get(told.controllerId) ?? null;
    for (const { topic, partitionMetadata } of told.topicMetadata) {
      for (const { partitionId, leader } of partitionMetadata) {
        const address = nodes.get(leader);
        if (address === undefined) leaders.delete(`${topic}/${partitionId}`);
        else leaders.set(`${topic}/${partitionId}`, address);
      }
    }
  }

  async function leaderOf(topic: string, partition: number): Promise<string> {
    const place = `${topic}/${partition}`;
    const kept = leaders.get(place);
    if (kept !== undefined) return kept;
    const told = await ask([topic]);
    const code = told.topicMetadata[0]?.topicErrorCode ?? 0;
    const found = leaders.get(place);
    if (found !== undefined) return found;
    throw answered(code === 0 ? codes.unknownTopicOrPartition : code, `looking up ${place}`);
  }

  async function partitionsOf(topic: string): Promise<number | undefined> {
    const [told] = (await ask([topic])).topicMetadata;
    if (told === undefined || told.topicErrorCode === codes.unknownTopicOrPartition) {
      return undefined;
    }
    if (told.topicErrorCode !== 0) throw answered(told.topicErrorCode, `looking up ${topic}`);
    return told.partitionMetadata.length;
  }

  async function coordinatorOf(kind: CoordinatorKind, key: string): Promise<string> {
    const place = `${kind} ${key}`;
    const kept = coordinators.get(place);
    if (kept !== undefined) return kept;
    const [first] = await brokers();
    if (first === undefined) throw unanswered(`looking up the coordinator`, 'no broker is known');
    const coordinatorType = kind === 'group' ? 0 : 1;
    const asked = { coordinatorKey: key, coordinatorType } as const;
    const told = await send(first, findCoordinator, asked);
    if (told.errorCode !== 0) {
      throw answered(told.errorCode, `looking up the coordinator of the ${place}`);
    }
    const address = `${told.coordinator.host}:${told.coordinator.port}`;
    coordinators.set(place, address);
    return address;
  }

  async function brokers(): Promise<readonly string[]> {
    await ask([]);
    return known;
  }

  async function controller(): Promise<string> {
    if (controllerAddress === null) await ask([]);
    if (controllerAddress === null) throw unanswered('looking up the controller', 'there is none');
    return controllerAddress;
  }

  function forget(): void {
    leaders.clear();
    coordinators.clear();
    controllerAddress = null;
  }

  async function retry<Result>(
    attempt: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result | 'aborted'> {
    const startMs = performance.now();
    let delayMs = retryDelayMsMin;
    for (;;) {
      if (signal.aborted) return 'aborted';
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) return 'aborted';
        if (!isKafkaFailure(error) || error.remedy === 'refused' || error.remedy === 'fenced') {
          throw error;
        }
        if (error.remedy === 'elsewhere') forget();
        const awayMs = performance.now() - startMs;
        if (closed || awayMs > awayMsMax) {
          throw logError('lost', `${error.message}; given up after ${Math.round(awayMs)} ms`);
        }
      }
      await pause(delayMs, undefined, { signal }).catch(() => {});
      delayMs = Math.min(delayMs * retryGrowth, retryDelayMsMax);
    }
  }

  return {
    awayMsMax,
    send,
    leaderOf,
    partitionsOf,
    coordinatorOf,
    controller,
    brokers,
    forget,
    retry,
    close: () => {
      closed = true;
      for (const opening of channels.values())
        opening.then(
          (channel) => channel.close(),
          () => {},
        );
      channels.clear();
    },
  };
}
