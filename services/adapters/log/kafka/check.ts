// Start-up checks: can this installation work on these brokers as they are? What cannot work is a
// problem, which ends the start; what will hurt one day is a warning. Each names its remedy.
// Invariant: nothing is made or changed at the brokers but the number of one transactional id.
import { connect as connectTcp } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { KafkaSettings } from '../../../core/settings.ts';
import { type Channel, openChannel, splitAddress } from './channel.ts';
import {
  brokerSettings,
  clusterWarnings,
  connectionRemedy,
  type PortSpeaks,
  versionProblem,
} from './check-rules.ts';
import { answered, hasCode, isKafkaFailure } from './failure.ts';
import { type CoordinatorKind, type Link, openLink } from './link.ts';
import { transactionalIdOf } from './names.ts';
import { apiVersions, describeConfigs, initProducerId, metadata } from './wire.ts';

export interface CheckOptions {
  readonly settings: KafkaSettings;
  readonly clientId: string;
  /** How long transactions of ours may be open. */
  readonly transactionMs: number;
  /** Brokers that do not answer are asked again for so long. */
  readonly awayMsMax?: number;
}

export type CheckAnswer =
  | { readonly kind: 'problem'; readonly problem: Error & { readonly name: 'KafkaProblem' } }
  | { readonly kind: 'warnings'; readonly warnings: readonly string[] };

const awayMsDefault = 10_000;
const retryDelayMs = 500;
const askMsMax = 5_000;
const probeMsMax = 3_000;
const codesOfRights = [29, 30, 31, 53];
const invalidTransactionTimeout = 50;

interface ClusterMember {
  readonly nodeId: number;
  readonly address: string;
}

export async function checkBrokers(
  options: CheckOptions,
  signal: AbortSignal,
): Promise<CheckAnswer> {
  try {
    const members = await tryFor(options, signal, async () => {
      // Found anew each time: one that went away meanwhile is no longer listed.
      const found = await findMembers(options);
      for (const { address } of found) await checkVersions(options, address);
      return found;
    });
    const { replicationFactor } = options.settings;
    await checkCoordinators(options, signal);
    const settings = await settingsOf(options, members, signal);
    const facts = { brokers: members.length, replicationFactor, settings };
    return { kind: 'warnings', warnings: clusterWarnings(facts) };
  } catch (error) {
    if (isProblem(error)) return { kind: 'problem', problem: error };
    throw error;
  }
}

/** The brokers of the cluster under the addresses that they give themselves. */
async function findMembers(options: CheckOptions): Promise<readonly ClusterMember[]> {
  const failures: unknown[] = [];
  for (const address of options.settings.brokers) {
    try {
      return await askMembers(options, address);
    } catch (error) {
      if (isProblem(error)) throw error;
      failures.push(error);
    }
  }
  throw failures[0];
}

async function askMembers(
  options: CheckOptions,
  address: string,
): Promise<readonly ClusterMember[]> {
  return withChannel(options, address, 'KAFKA_BROKERS', async (channel) => {
    const asked = { topics: [], allowAutoTopicCreation: false } as const;
    const { brokers } = await channel.send(metadata, asked, askMsMax);
    if (brokers.length === 0) throw new Error('it knows no broker yet');
    return brokers.map(({ nodeId, host, port }) => ({ nodeId, address: `${host}:${port}` }));
  });
}

async function checkVersions(options: CheckOptions, address: string): Promise<void> {
  await withChannel(options, address, 'its advertised.listeners', async (channel) => {
    const told = await channel.send(apiVersions, undefined, askMsMax);
    const problem = versionProblem(address, told.apiVersions);
    if (problem !== null) throw problemOf(problem);
  });
}

/** named: where we have the address from. A failure gets its remedy. */
async function withChannel<Result>(
  { settings, clientId }: CheckOptions,
  address: string,
  named: string,
  act: (channel: Channel) => Promise<Result>,
): Promise<Result> {
  let channel: Channel | null = null;
  try {
    channel = await openChannel(address, { settings, clientId });
    return await act(channel);
  } catch (error) {
    if (isProblem(error)) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    const speaks = await probe(address, { settings, clientId });
    const uses = { usesTls: settings.tls !== null, usesSasl: settings.sasl !== null };
    const remedy = connectionRemedy(cause, speaks, uses);
    const message = `the broker ${address} (from ${named}) cannot be used: ${cause}; ${remedy}`;
    // Wrong credentials do not become right by asking again.
    if (isKafkaFailure(error) && error.remedy === 'refused') throw problemOf(message);
    throw new Error(message);
  } finally {
    channel?.close();
  }
}

/** Without certificates and passwords: only how the port speaks. */
async function probe(
  address: string,
  { settings, clientId }: Pick<CheckOptions, 'settings' | 'clientId'>,
): Promise<PortSpeaks> {
  if (await speaksTls(address)) return 'tls';
  try {
    const bare = { ...settings, tls: null, sasl: null };
    const channel = await openChannel(address, { settings: bare, clientId });
    channel.close();
    return 'plain';
  } catch {
    return speaksHttp(address);
  }
}

/** Asked only where no Kafka request was answered. */
function speaksHttp(address: string): Promise<PortSpeaks> {
  return new Promise((resolve) => {
    const socket = connectTcp(splitAddress(address));
    socket.setTimeout(probeMsMax);
    let isConnected = false;
    let said = '';
    const end = (speaks: PortSpeaks) => () => {
      socket.destroy();
      resolve(speaks);
    };
    const hungUp = () => end(isConnected && said === '' ? 'hangs up' : 'unknown')();
    socket.on('connect', () => {
      isConnected = true;
      socket.write('HEAD / HTTP/1.0\r\n\r\n');
    });
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
      if (said.startsWith('HTTP')) end('http')();
      else if (said.length >= 'HTTP'.length) end('unknown')();
    });
    socket.on('timeout', end('unknown'));
    socket.on('error', hungUp);
    socket.on('close', hungUp);
  });
}

function speaksTls(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { host, port } = splitAddress(address);
    // Nothing is sent over it, so whose certificate it is does not matter.
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: probeMsMax });
    const end = (speaks: boolean) => () => {
      socket.destroy();
      resolve(speaks);
    };
    socket.on('secureConnect', end(true));
    socket.on('error', end(false));
    socket.on('timeout', end(false));
    socket.on('close', end(false));
  });
}

/** Groups and transactions: rights, and the brokers' own topics behind them. */
async function checkCoordinators(options: CheckOptions, signal: AbortSignal): Promise<void> {
  const { settings, clientId, awayMsMax = awayMsDefault } = options;
  const id = transactionalIdOf(settings.prefix, 'control', 'check');
  const link = openLink({ settings, clientId, awayMsMax });
  try {
    await coordinated(settings, 'group', signal, () => link.coordinatorOf('group', id), link);
    await coordinated(settings, 'transaction', signal, () => initialise(link, id, options), link);
  } finally {
    link.close();
  }
}

async function initialise(
  link: Link,
  transactionalId: string,
  { transactionMs }: CheckOptions,
): Promise<void> {
  const coordinator = await link.coordinatorOf('transaction', transactionalId);
  const asked = { transactionalId, transactionTimeout: transactionMs };
  const { errorCode } = await link.send(coordinator, initProducerId, asked);
  if (errorCode === invalidTransactionTimeout) {
    throw problemOf(
      `the brokers refuse transactions of ${transactionMs} ms; raise their ` +
        `transaction.max.timeout.ms to at least that`,
    );
  }
  if (errorCode !== 0) throw answered(errorCode, `InitProducerId of ${transactionalId}`);
}

const coordinatorFacts = {
  group: {
    resource: 'Group',
    remedy: 'offsets.topic.replication.factor',
    rights: 'Read, Describe and Delete',
  },
  transaction: {
    resource: 'TransactionalId',
    remedy: 'transaction.state.log.replication.factor and transaction.state.log.min.isr',
    rights: 'Write and Describe',
  },
} as const;

async function coordinated(
  { prefix }: KafkaSettings,
  kind: CoordinatorKind,
  signal: AbortSignal,
  act: () => Promise<unknown>,
  link: Link,
): Promise<void> {
  const { resource, remedy, rights } = coordinatorFacts[kind];
  try {
    await link.retry(act, signal);
  } catch (error) {
    if (isProblem(error) || !(error instanceof Error)) throw error;
    if (hasCode(error, ...codesOfRights)) {
      throw problemOf(
        `${error.message}; allow the user ${rights} on every ${resource} whose name begins with ` +
          `${prefix} (kafka-acls.sh --resource-pattern-type prefixed)`,
      );
    }
    throw problemOf(
      `the brokers give no coordinator for a ${kind}: ${error.message}; with fewer brokers than ` +
        `${remedy} ask for there is none: set that lower, or start more brokers`,
    );
  }
}

/** Empty if we may not read them: the checks that need them are then left out. */
async function settingsOf(
  { settings, clientId }: CheckOptions,
  members: readonly ClusterMember[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const [member] = members;
  if (member === undefined || signal.aborted) return new Map();
  const channel = await openChannel(member.address, { settings, clientId });
  try {
    const name = String(member.nodeId);
    const configNames = Object.values(brokerSettings);
    const asked = { resources: [{ type: 4, name, configNames }], includeSynonyms: false } as const;
    const { resources } = await channel.send(describeConfigs, asked, askMsMax);
    return new Map(
      resources
        .filter(({ errorCode }) => errorCode === 0)
        .flatMap(({ configEntries }) => configEntries)
        .map(({ configName, configValue }) => [configName, configValue ?? '']),
    );
  } finally {
    channel.close();
  }
}

/** Again until awayMsMax have passed; then the last failure is the problem. */
async function tryFor<Result>(
  { awayMsMax = awayMsDefault }: CheckOptions,
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const startMs = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (isProblem(error) || !(error instanceof Error)) throw error;
      if (signal.aborted || performance.now() - startMs > awayMsMax) {
        throw problemOf(error.message);
      }
    }
    await pause(retryDelayMs, undefined, { signal }).catch(() => {});
  }
}

function problemOf(message: string): Error & { readonly name: 'KafkaProblem' } {
  return Object.assign(new Error(message), { name: 'KafkaProblem' as const });
}

function isProblem(error: unknown): error is Error & { readonly name: 'KafkaProblem' } {
  return error instanceof Error && error.name === 'KafkaProblem';
}
