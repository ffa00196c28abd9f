// What a broker answered, as a decision: the error codes of the Kafka protocol that this adapter
// meets, each with what it does about them. kafkajs knows no code above 88 and hides the number, so
// the table is ours. Source: org.apache.kafka.common.protocol.Errors of Kafka 4.1.

/**
 * again: nothing was done, ask again. elsewhere: ask again after looking up who leads or
 * coordinates. fenced: another producer holds the transactional id. refused: asking again would not
 * help.
 */
export type Remedy = 'again' | 'elsewhere' | 'fenced' | 'refused';

interface CodeEntry {
  readonly name: string;
  readonly remedy: Remedy;
}

export const codes = {
  unknownServerError: -1,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  messageTooLarge: 10,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  invalidReplicationFactor: 38,
  invalidProducerEpoch: 47,
  invalidTransactionState: 48,
  concurrentTransactions: 51,
  nonEmptyGroup: 68,
  groupIdNotFound: 69,
  memberIdRequired: 79,
  producerFenced: 90,
} as const;

const table: ReadonlyMap<number, CodeEntry> = new Map([
  [-1, { name: 'UNKNOWN_SERVER_ERROR', remedy: 'again' }],
  [1, { name: 'OFFSET_OUT_OF_RANGE', remedy: 'refused' }],
  [2, { name: 'CORRUPT_MESSAGE', remedy: 'refused' }],
  [3, { name: 'UNKNOWN_TOPIC_OR_PARTITION', remedy: 'elsewhere' }],
  [5, { name: 'LEADER_NOT_AVAILABLE', remedy: 'elsewhere' }],
  [6, { name: 'NOT_LEADER_OR_FOLLOWER', remedy: 'elsewhere' }],
  [7, { name: 'REQUEST_TIMED_OUT', remedy: 'again' }],
  [9, { name: 'REPLICA_NOT_AVAILABLE', remedy: 'elsewhere' }],
  [10, { name: 'MESSAGE_TOO_LARGE', remedy: 'refused' }],
  [12, { name: 'OFFSET_METADATA_TOO_LARGE', remedy: 'refused' }],
  [14, { name: 'COORDINATOR_LOAD_IN_PROGRESS', remedy: 'again' }],
  [15, { name: 'COORDINATOR_NOT_AVAILABLE', remedy: 'elsewhere' }],
  [16, { name: 'NOT_COORDINATOR', remedy: 'elsewhere' }],
  [17, { name: 'INVALID_TOPIC_EXCEPTION', remedy: 'refused' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', remedy: 'refused' }],
  [19, { name: 'NOT_ENOUGH_REPLICAS', remedy: 'again' }],
  [20, { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', remedy: 'again' }],
  [22, { name: 'ILLEGAL_GENERATION', remedy: 'refused' }],
  [23, { name: 'INCONSISTENT_GROUP_PROTOCOL', remedy: 'refused' }],
  [25, { name: 'UNKNOWN_MEMBER_ID', remedy: 'refused' }],
  [26, { name: 'INVALID_SESSION_TIMEOUT', remedy: 'refused' }],
  [27, { name: 'REBALANCE_IN_PROGRESS', remedy: 'refused' }],
  [29, { name: 'TOPIC_AUTHORIZATION_FAILED', remedy: 'refused' }],
  [30, { name: 'GROUP_AUTHORIZATION_FAILED', remedy: 'refused' }],
  [31, { name: 'CLUSTER_AUTHORIZATION_FAILED', remedy: 'refused' }],
  [
    32,
    {
      name: 'INVALID_TIMESTAMP (set the clock of this machine right: it is ahead of the broker)',
      remedy: 'refused',
    },
  ],
  [33, { name: 'UNSUPPORTED_SASL_MECHANISM', remedy: 'refused' }],
  [35, { name: 'UNSUPPORTED_VERSION', remedy: 'refused' }],
  [36, { name: 'TOPIC_ALREADY_EXISTS', remedy: 'refused' }],
  [37, { name: 'INVALID_PARTITIONS', remedy: 'refused' }],
  [38, { name: 'INVALID_REPLICATION_FACTOR', remedy: 'refused' }],
  [40, { name: 'INVALID_CONFIG', remedy: 'refused' }],
  [41, { name: 'NOT_CONTROLLER', remedy: 'elsewhere' }],
  [44, { name: 'POLICY_VIOLATION', remedy: 'refused' }],
  [45, { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', remedy: 'refused' }],
  [47, { name: 'INVALID_PRODUCER_EPOCH', remedy: 'fenced' }],
  [48, { name: 'INVALID_TXN_STATE', remedy: 'refused' }],
  [49, { name: 'INVALID_PRODUCER_ID_MAPPING', remedy: 'fenced' }],
  [51, { name: 'CONCURRENT_TRANSACTIONS', remedy: 'again' }],
  [53, { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', remedy: 'refused' }],
  [56, { name: 'KAFKA_STORAGE_ERROR', remedy: 'elsewhere' }],
  [58, { name: 'SASL_AUTHENTICATION_FAILED', remedy: 'refused' }],
  [59, { name: 'UNKNOWN_PRODUCER_ID', remedy: 'refused' }],
  [68, { name: 'NON_EMPTY_GROUP', remedy: 'refused' }],
  [69, { name: 'GROUP_ID_NOT_FOUND', remedy: 'refused' }],
  [74, { name: 'FENCED_LEADER_EPOCH', remedy: 'elsewhere' }],
  [75, { name: 'UNKNOWN_LEADER_EPOCH', remedy: 'elsewhere' }],
  [78, { name: 'OFFSET_NOT_AVAILABLE', remedy: 'again' }],
  [79, { name: 'MEMBER_ID_REQUIRED', remedy: 'refused' }],
  [87, { name: 'INVALID_RECORD', remedy: 'refused' }],
  [88, { name: 'UNSTABLE_OFFSET_COMMIT', remedy: 'again' }],
  [89, { name: 'THROTTLING_QUOTA_EXCEEDED', remedy: 'again' }],
  [90, { name: 'PRODUCER_FENCED', remedy: 'fenced' }],
  [100, { name: 'UNKNOWN_TOPIC_ID', remedy: 'elsewhere' }],
]);

export interface KafkaFailure extends Error {
  readonly name: 'KafkaFailure';
  /** null: no answer came (refused, cut, timed out). */
  readonly code: number | null;
  readonly remedy: Remedy;
}

/** what names the request and its place: `Produce to s3batch.control.inbox/0 at 10.0.0.1:9092`. */
export function answered(code: number, what: string): KafkaFailure {
  const { name, remedy } = table.get(code) ?? { name: 'no code that we know', remedy: 'refused' };
  return failureOf(code, remedy, `${what}: the broker answered ${code} ${name}`);
}

/** No answer: whether it took effect is unknown. */
export function unanswered(what: string, cause: string): KafkaFailure {
  return failureOf(null, 'elsewhere', `${what}: ${cause}`);
}

export function refused(what: string, cause: string): KafkaFailure {
  return failureOf(null, 'refused', `${what}: ${cause}`);
}

export function isKafkaFailure(error: unknown): error is KafkaFailure {
  return error instanceof Error && error.name === 'KafkaFailure';
}

export function hasCode(error: unknown, ...wanted: readonly number[]): boolean {
  return isKafkaFailure(error) && error.code !== null && wanted.includes(error.code);
}

function failureOf(code: number | null, remedy: Remedy, message: string): KafkaFailure {
  return Object.assign(new Error(message), { name: 'KafkaFailure' as const, code, remedy });
}
