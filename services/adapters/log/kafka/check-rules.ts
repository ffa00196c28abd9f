// What the start-up checks conclude from what brokers say, as pure functions: versions, settings of
// the brokers, and the remedies for connections that fail.
import {
  type Api,
  addOffsetsToTxn,
  addPartitionsToTxn,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeConfigs,
  endTxn,
  fetchRecords,
  findCoordinator,
  heartbeat,
  initProducerId,
  joinGroup,
  leaveGroup,
  listGroups,
  listOffsets,
  metadata,
  offsetFetch,
  produce,
  syncGroup,
  txnOffsetCommit,
} from './wire.ts';

export interface OfferedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Every request we send, with its number in the protocol. */
const apisNeeded: readonly (readonly [number, Pick<Api<never, unknown>, 'name' | 'version'>])[] = [
  [0, produce],
  [1, fetchRecords],
  [2, listOffsets],
  [3, metadata],
  [9, offsetFetch],
  [10, findCoordinator],
  [11, joinGroup],
  [12, heartbeat],
  [13, leaveGroup],
  [14, syncGroup],
  [16, listGroups],
  [19, createTopics],
  [20, deleteTopics],
  [21, deleteRecords],
  [22, initProducerId],
  [24, addPartitionsToTxn],
  [25, addOffsetsToTxn],
  [26, endTxn],
  [28, txnOffsetCommit],
  [32, describeConfigs],
  [42, deleteGroups],
];

const fetchKey = 1;
/** Kafka 4.0 removed the versions before this one (KIP-896); 3.9 still offers version 0. */
const fetchVersionMin = 4;

/** null: the broker is Kafka 4.0 or later and offers all we need. */
export function versionProblem(address: string, offered: readonly OfferedApi[]): string | null {
  const fetchOffered = offered.find(({ apiKey }) => apiKey === fetchKey);
  if (fetchOffered === undefined || fetchOffered.minVersion < fetchVersionMin) {
    return `the broker ${address} is older than Kafka 4.0, which is needed; upgrade the brokers`;
  }
  const missing = apisNeeded.filter(([key, { version }]) => {
    const range = offered.find(({ apiKey }) => apiKey === key);
    return range === undefined || version < range.minVersion || version > range.maxVersion;
  });
  if (missing.length === 0) return null;
  const names = missing.map(([, { name, version }]) => `${name} version ${version}`).join(', ');
  return `the broker ${address} does not offer ${names}; Apache Kafka 4.0 and 4.1 do`;
}

const minutesPerDay = 24 * 60;
const offsetsRetentionDaysMin = 90;
const replicasWanted = 3;

export interface ClusterFacts {
  readonly brokers: number;
  /** KAFKA_REPLICATION_FACTOR. */
  readonly replicationFactor: number | null;
  /** Settings of one broker; empty if we may not read them. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The settings of a broker that are looked at. */
export const brokerSettings = {
  offsetsRetention: 'offsets.retention.minutes',
  rebalanceDelay: 'group.initial.rebalance.delay.ms',
  offsetsReplicas: 'offsets.topic.replication.factor',
  transactionReplicas: 'transaction.state.log.replication.factor',
} as const;

/** What works, and will hurt one day. */
export function clusterWarnings({
  brokers,
  replicationFactor,
  settings,
}: ClusterFacts): readonly string[] {
  const warnings: string[] = [];
  const numberOf = (name: string): number | null => {
    const text = settings.get(name);
    return text === undefined || text === '' ? null : Number(text);
  };
  const minutes = numberOf(brokerSettings.offsetsRetention);
  if (minutes !== null && minutes < offsetsRetentionDaysMin * minutesPerDay) {
    const days = Math.floor(minutes / minutesPerDay);
    warnings.push(
      `${brokerSettings.offsetsRetention}=${minutes} on the brokers: the positions of a job that ` +
        `is paused for more than ${days} days expire, and the job can then not go on; set it to ` +
        `${offsetsRetentionDaysMin * minutesPerDay} or more.`,
    );
  }
  const delayMs = numberOf(brokerSettings.rebalanceDelay);
  if (delayMs !== null && delayMs > 0) {
    warnings.push(
      `${brokerSettings.rebalanceDelay}=${delayMs} on the brokers: each job begins that much ` +
        'later; 0 is best here.',
    );
  }
  if (replicationFactor !== null && replicationFactor > brokers) {
    warnings.push(
      `KAFKA_REPLICATION_FACTOR=${replicationFactor}, but only ${brokers} of the brokers run: ` +
        'unless others are just away, no topic can be made; start them, or set it lower.',
    );
  }
  if (brokers < replicasWanted) return warnings;
  if (replicationFactor !== null && replicationFactor < replicasWanted) {
    warnings.push(
      `KAFKA_REPLICATION_FACTOR=${replicationFactor}, though there are ${brokers} brokers: the ` +
        'loss of one may lose records or stop jobs; remove the setting, or set it to ' +
        `${replicasWanted}.`,
    );
  }
  for (const name of [brokerSettings.offsetsReplicas, brokerSettings.transactionReplicas]) {
    const replicas = numberOf(name);
    if (replicas === null || replicas >= replicasWanted) continue;
    warnings.push(
      `${name}=${replicas} on the brokers, though there are ${brokers}: the loss of one may stop ` +
        `every job; set it to ${replicasWanted} before the topic is made.`,
    );
  }
  return warnings;
}

/** How the port at the other end seems to speak, where a connection failed. */
export type PortSpeaks = 'tls' | 'plain' | 'http' | 'hangs up' | 'unknown';

const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /self.signed|unable to verify|unable to get (local )?issuer/i,
    'its certificate is not trusted: give the file of its authority as KAFKA_TLS_CA',
  ],
  [
    /altnames|hostname\/IP/i,
    'its certificate is for another name: write the broker in KAFKA_BROKERS (and in its ' +
      'advertised.listeners) as the certificate names it',
  ],
  [/certificate has expired/i, 'its certificate has expired: renew it at the broker'],
  [
    /certificate required|bad certificate|alert certificate|handshake failure/i,
    'it wants a certificate of ours: give KAFKA_TLS_CERT and KAFKA_TLS_KEY, signed by an ' +
      'authority that the broker trusts',
  ],
  [
    /not support\w* .*mechanism|mechanism is not supported/i,
    'set KAFKA_SASL_MECHANISM to one that the broker offers (sasl.enabled.mechanisms)',
  ],
  [
    /SASL state/i,
    'the broker wants no login at this port: remove KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME ' +
      'and KAFKA_SASL_PASSWORD, or name the port that does',
  ],
  [
    /authentication|SASL|SCRAM|credential/i,
    'check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'its host name is not known here: check KAFKA_BROKERS and the DNS'],
];

/** One sentence for a connection that failed. usesTls, usesSasl: what our settings say. */
export function connectionRemedy(
  cause: string,
  speaks: PortSpeaks,
  { usesTls, usesSasl }: { readonly usesTls: boolean; readonly usesSasl: boolean },
): string {
  if (!usesTls && speaks === 'tls') return 'the port speaks TLS: set KAFKA_TLS=true';
  if (usesTls && speaks === 'plain') {
    return 'the port does not speak TLS: remove KAFKA_TLS, or name the port that does';
  }
  if (speaks === 'http') {
    return (
      'what answers there speaks HTTP and is not a Kafka broker: name the port of the broker in ' +
      'KAFKA_BROKERS'
    );
  }
  const known = remedies.find(([pattern]) => pattern.test(cause));
  if (known !== undefined) return known[1];
  if (speaks === 'hangs up') {
    return (
      'what answers there hangs up at the first request: it is not a Kafka broker, or one that ' +
      'is ending; check the port in KAFKA_BROKERS'
    );
  }
  if (!usesSasl && speaks === 'plain') {
    return (
      'it answers, but takes no request without a login: give KAFKA_SASL_MECHANISM, ' +
      'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD'
    );
  }
  return 'check KAFKA_BROKERS, and that the broker runs and can be reached from here';
}
