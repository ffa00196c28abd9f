// The transactional producer behind one identity: it claims the transactional id, which fences and
// settles whoever had it, and commits records together with a position.
// Modes: claimed → committing → claimed; after any error in a commit → in doubt: the producer id's
// epoch is raised and the committed position tells whether the commit took effect; if not, it is
// sent again whole. Fenced is for good.
// Invariant: nothing is sent in an epoch in which something has failed, since the broker may have
// appended what we think failed, and would take the next records for a repetition and drop them.
// Each position carries a count of commits and the claim that made it, so that no commit looks
// like another's.
import { randomBytes } from 'node:crypto';
import { logError, type Position } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { answered, codes, hasCode, isKafkaFailure, type KafkaFailure } from './failure.ts';
import type { Link } from './link.ts';
import { type Outgoing, type ProduceRound, planRounds } from './plan-rounds.ts';
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  offsetFetch,
  produce,
  txnOffsetCommit,
} from './wire.ts';

/** Where an identity's position is kept: a consumer group's offset, with our note as metadata. */
export interface PositionPlace {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface StoredPosition extends Position {
  /** Commits of this identity so far; 0 and {0n, ''}: none. */
  readonly count: number;
  /** Of the claim that committed it: another's commit never looks like one's own. */
  readonly claim: string;
}

export interface ProducerOptions {
  readonly brokers: Brokers;
  readonly transactionalId: string;
  readonly place: PositionPlace;
  /** Told when a transaction was aborted. */
  readonly onAborted: () => void;
}

export interface Producer {
  /** Commits all or nothing. Rejects with fenced or lost, or with the brokers' refusal. */
  commit(records: readonly Outgoing[], position: Position, signal: AbortSignal): Promise<void>;
  readonly stored: StoredPosition;
}

/** How long the broker may wait for its replicas before it answers a Produce. */
const produceMsMax = 8_000;
const compressionCodes = { none: 0, gzip: 1 } as const;
const noPosition: StoredPosition = { next: 0n, note: '', count: 0, claim: '' };
/** Sequence numbers end at 2^31; a new epoch starts over long before. */
const sequenceMax = 1_000_000_000;
const claimBytes = 9;

interface Epoch {
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly sequences: Map<string, number>;
}

/** 'aborted': the signal came first. */
export async function claimProducer(
  options: ProducerOptions,
  signal: AbortSignal,
): Promise<Producer | 'aborted'> {
  const { brokers, transactionalId, place } = options;
  const link = brokers.commitLink(transactionalId);
  const first = await raiseEpoch(link, options, signal);
  if (first === 'aborted') return 'aborted';
  const found = await link.retry(() => fetchPosition(link, place), signal);
  if (found === 'aborted') return 'aborted';
  const claim = randomBytes(claimBytes).toString('base64url');
  let epoch: Epoch = first;
  let stored: StoredPosition = found;

  async function attempt(records: readonly Outgoing[], target: StoredPosition): Promise<void> {
    const { sequences, ...ids } = epoch;
    const transaction = { transactionalId, ...ids };
    const coordinator = await link.coordinatorOf('transaction', transactionalId);
    await both(
      addPartitions(link, coordinator, transaction, records),
      addGroup(link, coordinator, transaction, place.group),
    );
    await both(
      produceAll(link, transaction, sequences, records, compressionOf(brokers)),
      storePosition(link, transaction, place, target),
    );
    const ended = await link.send(coordinator, endTxn, { ...transaction, transactionResult: true });
    if (ended.errorCode !== 0) throw answered(ended.errorCode, `EndTxn of ${transactionalId}`);
  }

  /** Settles a commit that failed somewhere. true: it had taken effect after all. */
  async function settle(target: StoredPosition, until: AbortSignal): Promise<boolean> {
    options.onAborted();
    const isOurs = await waited(() => probe(link, transactionalId, epoch), until);
    if (!isOurs) {
      // Whoever has it now has settled what we had under way.
      const settled = await waited(() => fetchPosition(link, place), until);
      if (isSame(settled, target)) return true;
      throw fencedError(transactionalId, 'another has claimed it');
    }
    const raised = await raiseEpoch(link, options, until);
    if (raised === 'aborted') throw givenUp();
    const now = await waited(() => fetchPosition(link, place), until);
    epoch = raised;
    if (isSame(now, target)) return true;
    if (isSame(now, stored)) return false;
    throw fencedError(transactionalId, 'another has moved the position');
  }

  async function waited<Result>(
    attempt: () => Promise<Result>,
    until: AbortSignal,
  ): Promise<Result> {
    const result = await link.retry(attempt, until);
    if (result === 'aborted') throw givenUp();
    return result;
  }

  function givenUp(): Error {
    return logError('gone', `${transactionalId} is given up`);
  }

  async function commit(
    records: readonly Outgoing[],
    position: Position,
    until: AbortSignal,
  ): Promise<void> {
    const { next, note } = position;
    const target = { next, note, count: stored.count + 1, claim };
    const startMs = performance.now();
    // Nothing is under way: settling finds out whether the id is still ours, and raises the epoch.
    if (Math.max(0, ...epoch.sequences.values()) > sequenceMax) await settle(target, until);
    for (;;) {
      try {
        await attempt(records, target);
        break;
      } catch (error) {
        if (!isKafkaFailure(error)) throw error;
        if (performance.now() - startMs > brokers.timing.awayMsMax) {
          throw logError('lost', error.message);
        }
        if (await settle(target, until)) break;
        if (isHopeless(error)) throw new Error(error.message);
        link.forget();
      }
    }
    stored = target;
  }

  return {
    commit: async (records, position, until) => {
      try {
        await commit(records, position, until);
      } catch (error) {
        if (isKafkaFailure(error) && error.remedy === 'fenced') {
          throw fencedError(transactionalId, error.message);
        }
        throw error;
      }
    },
    get stored() {
      return stored;
    },
  };
}

/** Rejects only when both have ended: nothing may be under way while a failure is settled. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  throwFirst(await Promise.allSettled([first, second]));
}

function throwFirst(outcomes: readonly PromiseSettledResult<void>[]): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

interface TransactionIds {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Asking the same again would be refused again: a right is missing, a record is too large. */
function isHopeless(error: KafkaFailure): boolean {
  if (error.remedy !== 'refused') return false;
  return !hasCode(error, codes.invalidTransactionState, 45, 59);
}

function compressionOf({ settings }: Brokers): number {
  return compressionCodes[settings.compression];
}

async function raiseEpoch(
  link: Link,
  { brokers, transactionalId }: ProducerOptions,
  signal: AbortSignal,
): Promise<Epoch | 'aborted'> {
  return link.retry(async () => {
    const coordinator = await link.coordinatorOf('transaction', transactionalId);
    const transactionTimeout = brokers.timing.transactionMs;
    const told = await link.send(coordinator, initProducerId, {
      transactionalId,
      transactionTimeout,
    });
    const { errorCode, producerId, producerEpoch } = told;
    // Two claims at once: the later one wins, whichever that is.
    if (errorCode === codes.producerFenced || errorCode === codes.invalidProducerEpoch) {
      throw answered(codes.concurrentTransactions, `InitProducerId of ${transactionalId}`);
    }
    if (errorCode !== 0) throw answered(errorCode, `InitProducerId of ${transactionalId}`);
    return { producerId, producerEpoch, sequences: new Map() };
  }, signal);
}

/**
 * Ends what may be under way in our epoch, and finds out whether it is still ours: raising the
 * epoch without asking would fence whoever has claimed the id meanwhile.
 */
async function probe(link: Link, transactionalId: string, epoch: Epoch): Promise<boolean> {
  const { sequences: _sequences, ...ids } = epoch;
  const coordinator = await link.coordinatorOf('transaction', transactionalId);
  const asked = { transactionalId, ...ids, transactionResult: false };
  const { errorCode } = await link.send(coordinator, endTxn, asked);
  if (errorCode === 0 || errorCode === codes.invalidTransactionState) return true;
  const failure = answered(errorCode, `EndTxn of ${transactionalId}`);
  if (failure.remedy === 'fenced') return false;
  throw failure;
}

async function addPartitions(
  link: Link,
  coordinator: string,
  transaction: TransactionIds,
  records: readonly Outgoing[],
): Promise<void> {
  if (records.length === 0) return;
  const touched = new Map<string, Set<number>>();
  for (const { topic, partition } of records) {
    touched.set(topic, (touched.get(topic) ?? new Set()).add(partition));
  }
  const topics = [...touched].map(([topic, partitions]) => ({
    topic,
    partitions: [...partitions],
  }));
  await whileConcurrent(link, async () => {
    const told = await link.send(coordinator, addPartitionsToTxn, { ...transaction, topics });
    for (const { topic, partitionErrors } of told.errors) {
      for (const { partition, errorCode } of partitionErrors) {
        if (errorCode !== 0)
          throw answered(errorCode, `AddPartitionsToTxn of ${topic}/${partition}`);
      }
    }
  });
}

async function addGroup(
  link: Link,
  coordinator: string,
  transaction: TransactionIds,
  groupId: string,
): Promise<void> {
  await whileConcurrent(link, async () => {
    const told = await link.send(coordinator, addOffsetsToTxn, { ...transaction, groupId });
    if (told.errorCode !== 0) throw answered(told.errorCode, `AddOffsetsToTxn of ${groupId}`);
  });
}

/** A commit is answered before its markers are written; until then the next one must wait. */
async function whileConcurrent(link: Link, attempt: () => Promise<void>): Promise<void> {
  const patience = AbortSignal.timeout(concurrentMsMax);
  let failure: unknown = null;
  await link.retry(async () => {
    try {
      failure = null;
      await attempt();
    } catch (error) {
      if (hasCode(error, codes.concurrentTransactions)) throw error;
      failure = error;
    }
  }, patience);
  if (failure !== null) throw failure;
  if (patience.aborted) {
    throw answered(codes.concurrentTransactions, 'the transaction before this one does not end');
  }
}

const concurrentMsMax = 10_000;

async function produceAll(
  link: Link,
  transaction: TransactionIds,
  sequences: Map<string, number>,
  records: readonly Outgoing[],
  compression: number,
): Promise<void> {
  for (const round of planRounds(records, sequences)) {
    await produceRound(link, transaction, round, compression);
  }
}

async function produceRound(
  link: Link,
  transaction: TransactionIds,
  round: ProduceRound,
  compression: number,
): Promise<void> {
  const leaders = new Map<string, ProduceRound[number][]>();
  for (const entry of round) {
    const leader = await link.leaderOf(entry.topic, entry.batch.partition);
    leaders.set(leader, [...(leaders.get(leader) ?? []), entry]);
  }
  const outcomes = await Promise.allSettled(
    [...leaders].map(async ([leader, entries]) => {
      const told = await link.send(leader, produce, {
        acks: -1,
        timeout: produceMsMax,
        compression,
        ...transaction,
        topicData: byTopic(entries),
      });
      throwRefusals(told, leader);
    }),
  );
  throwFirst(outcomes);
}

function byTopic(entries: ProduceRound) {
  const topics = new Map<string, ProduceRound[number]['batch'][]>();
  for (const { topic, batch } of entries) topics.set(topic, [...(topics.get(topic) ?? []), batch]);
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

async function storePosition(
  link: Link,
  transaction: TransactionIds,
  { group, topic, partition }: PositionPlace,
  { next, note, count, claim }: StoredPosition,
): Promise<void> {
  const coordinator = await link.coordinatorOf('group', group);
  const metadata = `${count.toString(36)}.${claim} ${note}`;
  const told = await link.send(coordinator, txnOffsetCommit, {
    ...transaction,
    groupId: group,
    topics: [{ topic, partitions: [{ partition, offset: next.toString(), metadata }] }],
  });
  const code = told.topics[0]?.partitions[0]?.errorCode ?? codes.unknownServerError;
  if (code !== 0) throw answered(code, `TxnOffsetCommit of ${group} for ${topic}/${partition}`);
}

export async function fetchPosition(link: Link, place: PositionPlace): Promise<StoredPosition> {
  const { group, topic, partition } = place;
  const what = `OffsetFetch of ${group} for ${topic}/${partition}`;
  const coordinator = await link.coordinatorOf('group', group);
  const topics = [{ topic, partitions: [{ partition }] }];
  const told = await link.send(coordinator, offsetFetch, { groupId: group, topics });
  if (told.errorCode !== 0) throw answered(told.errorCode, what);
  const found = told.responses[0]?.partitions[0];
  if (found === undefined || (found.errorCode === 0 && BigInt(found.offset) < 0n)) {
    return noPosition;
  }
  if (found.errorCode !== 0) throw answered(found.errorCode, what);
  const metadata = found.metadata ?? '';
  const parts = /^(?<count>[0-9a-z]+)\.(?<claim>[\w-]+) (?<note>[^]*)$/.exec(metadata)?.groups;
  if (parts === undefined) {
    throw new Error(
      `${what}: the offset ${found.offset} was committed by something else than s3batch; set ` +
        'nothing by hand here. Delete the group to start this reader anew',
    );
  }
  const { count = '', claim = '', note = '' } = parts;
  return { next: BigInt(found.offset), note, count: Number.parseInt(count, 36), claim };
}

function throwRefusals(
  told: {
    readonly topics: readonly {
      readonly topicName: string;
      readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[];
    }[];
  },
  leader: string,
): void {
  for (const { topicName, partitions } of told.topics) {
    for (const { partition, errorCode } of partitions) {
      if (errorCode === 0) continue;
      throw answered(errorCode, `Produce to ${topicName}/${partition} at ${leader}`);
    }
  }
}

function isSame(a: StoredPosition, b: StoredPosition): boolean {
  return a.count === b.count && a.claim === b.claim;
}

function fencedError(transactionalId: string, cause: string): Error {
  return logError('fenced', `${transactionalId} has another holder: ${cause}`);
}
