// The settings of S3BATCH_LOG=kafka: how to reach the brokers, and how topics are made there. Pure:
// files of certificates are named here and read by whoever starts the process.
// Invariant: no problem and no warning repeats a password.
import { type EventsTopic, readEventsTopics } from './events-topics.ts';
import type { Setting, SettingReader } from './setting-reader.ts';

export const kafkaSettingTable = [
  {
    name: 'KAFKA_BROKERS',
    fallback: '',
    meaning: 'brokers to begin with: host:port, comma between',
  },
  { name: 'KAFKA_TOPIC_PREFIX', fallback: 's3batch.', meaning: 'begins every name at the brokers' },
  { name: 'KAFKA_REPLICATION_FACTOR', fallback: '', meaning: 'absent: 3, or one per broker' },
  { name: 'KAFKA_PARTITIONS_MAX', fallback: '32', meaning: 'partitions that a job may get' },
  { name: 'KAFKA_COMPRESSION', fallback: 'none', meaning: 'none or gzip' },
  {
    name: 'KAFKA_EVENTS_TOPICS',
    fallback: 'events',
    meaning: 'topics that outside producers write to, with the account they act for',
  },
  { name: 'KAFKA_TLS', fallback: 'false', meaning: 'true: connections are TLS' },
  { name: 'KAFKA_TLS_CA', fallback: '', meaning: 'file of the authorities that are trusted' },
  { name: 'KAFKA_TLS_CERT', fallback: '', meaning: 'file of the certificate that we show' },
  { name: 'KAFKA_TLS_KEY', fallback: '', meaning: 'file of its private key' },
  { name: 'KAFKA_SASL_MECHANISM', fallback: '', meaning: 'plain, scram-sha-256 or scram-sha-512' },
  { name: 'KAFKA_SASL_USERNAME', fallback: '', meaning: 'who logs in at the brokers' },
  { name: 'KAFKA_SASL_PASSWORD', fallback: '', meaning: 'their password' },
] as const satisfies readonly Setting[];

type KafkaSettingName = (typeof kafkaSettingTable)[number]['name'];

/** How to reach the brokers of S3BATCH_LOG=kafka, and how topics are made there. */
export interface KafkaSettings {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  /** Every topic, group and transactional id of this installation begins with it. */
  readonly prefix: string;
  /** null: three, or as many as there are brokers. */
  readonly replicationFactor: number | null;
  readonly partitionsMax: number;
  readonly compression: 'none' | 'gzip';
  /** null: plain TCP. PEM texts; an empty one is not given. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string } | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

/** KafkaSettings before the files of certificates have been read. */
export interface KafkaPlan extends Omit<KafkaSettings, 'tls'> {
  readonly eventsTopics: readonly EventsTopic[];
  /** null: plain TCP. Paths; null where none is given. */
  readonly tls: {
    readonly caFile: string | null;
    readonly certificateFile: string | null;
    readonly keyFile: string | null;
  } | null;
}

const replicationFactorMax = 100;
const partitionsMaxMax = 64;
const portMax = 65_535;
const prefixPattern = /^[A-Za-z0-9._-]{1,64}$/;
const brokerPattern = /^([A-Za-z0-9._-]+):(\d{1,5})$/;
const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/**
 * Names that begin with KAFKA_ and are no settings: those of Kafka's own scripts, and those that
 * Kubernetes gives every container beside a service called kafka.
 */
const foreignPattern = /^KAFKA_(HOME|([A-Z0-9]+_)*OPTS|SERVICE_\w+|PORT(_\w+)?)$/;

export function isForeignKafkaName(name: string): boolean {
  return foreignPattern.test(name);
}

export function readKafkaPlan(
  reader: SettingReader<KafkaSettingName>,
  problems: string[],
): KafkaPlan {
  return {
    brokers: brokersOf(reader, problems),
    prefix: reader.need(
      'KAFKA_TOPIC_PREFIX',
      (value) => prefixPattern.test(value),
      '1 to 64 of the characters A-Z, a-z, 0-9, period, underscore and hyphen',
    ),
    replicationFactor: reader.wholeOrNull('KAFKA_REPLICATION_FACTOR', 1, replicationFactorMax),
    partitionsMax: reader.whole('KAFKA_PARTITIONS_MAX', 1, partitionsMaxMax),
    compression:
      reader.need('KAFKA_COMPRESSION', isCompression, 'none or gzip') === 'gzip' ? 'gzip' : 'none',
    eventsTopics: eventsTopicsOf(reader, problems),
    tls: tlsOf(reader, problems),
    sasl: saslOf(reader, problems),
  };
}

/** What the embedded log is given and does not read. */
export function kafkaSettingsInVain(reader: SettingReader<KafkaSettingName>): string[] {
  return kafkaSettingTable
    .filter(({ name }) => reader.isGiven(name))
    .map(({ name }) => `${name}: only S3BATCH_LOG=kafka reads it; set that, or remove this one.`);
}

/** What works and yet should be known, one sentence each. */
export function kafkaWarnings({ brokers, tls, sasl }: KafkaPlan, isLocal: IsLocal): string[] {
  if (tls !== null || sasl?.mechanism !== 'plain') return [];
  return brokers
    .filter((broker) => !isLocal(hostOf(broker)))
    .map(
      (broker) =>
        `KAFKA_SASL_MECHANISM=plain without KAFKA_TLS=true sends the password readable to ${broker}`,
    );
}

type IsLocal = (host: string) => boolean;

function brokersOf(reader: SettingReader<KafkaSettingName>, problems: string[]): string[] {
  const given = reader.text('KAFKA_BROKERS').split(',');
  const brokers = given.map((broker) => broker.trim()).filter((broker) => broker !== '');
  if (brokers.length === 0) {
    problems.push(
      'KAFKA_BROKERS: S3BATCH_LOG=kafka needs it: host:port of at least one broker, such as ' +
        'broker-1:9092,broker-2:9092.',
    );
  }
  // Said without what was given, which may hold a password where people are used to URLs.
  brokers.forEach((broker, index) => {
    if (!isBroker(broker)) {
      problems.push(
        `KAFKA_BROKERS: entry ${index + 1} must be host:port, such as broker-1:9092, with a host ` +
          `name or an IPv4 address and a port from 1 to ${portMax}.`,
      );
    }
  });
  return brokers;
}

function eventsTopicsOf(
  reader: SettingReader<KafkaSettingName>,
  problems: string[],
): readonly EventsTopic[] {
  const given = reader.text('KAFKA_EVENTS_TOPICS');
  const answer = readEventsTopics(given);
  if (answer.kind === 'topics') return answer.topics;
  problems.push(`KAFKA_EVENTS_TOPICS=${given}: must be ${answer.rule}.`);
  return [];
}

function isBroker(broker: string): boolean {
  const port = Number(brokerPattern.exec(broker)?.[2]);
  return port >= 1 && port <= portMax;
}

function hostOf(broker: string): string {
  return broker.replace(/:\d+$/, '');
}

function isCompression(value: string): boolean {
  return value === 'none' || value === 'gzip';
}

function tlsOf(reader: SettingReader<KafkaSettingName>, problems: string[]): KafkaPlan['tls'] {
  const caFile = reader.orNull('KAFKA_TLS_CA');
  const certificateFile = reader.orNull('KAFKA_TLS_CERT');
  const keyFile = reader.orNull('KAFKA_TLS_KEY');
  if ((certificateFile === null) !== (keyFile === null)) {
    problems.push('KAFKA_TLS_CERT and KAFKA_TLS_KEY: give both or neither.');
  }
  if (reader.flag('KAFKA_TLS')) return { caFile, certificateFile, keyFile };
  for (const name of ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'] as const) {
    if (reader.orNull(name) === null) continue;
    problems.push(`${name}: only TLS connections use it; set KAFKA_TLS=true, or remove it.`);
  }
  return null;
}

function saslOf(reader: SettingReader<KafkaSettingName>, problems: string[]): KafkaPlan['sasl'] {
  const asked = reader.orNull('KAFKA_SASL_MECHANISM');
  const username = reader.orNull('KAFKA_SASL_USERNAME');
  const password = reader.orNull('KAFKA_SASL_PASSWORD');
  if (asked === null && username === null && password === null) return null;
  if (asked === null || username === null || password === null) {
    problems.push(
      'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: give all three or none.',
    );
    return null;
  }
  const mechanism = mechanisms.find((known) => known === asked);
  if (mechanism === undefined) {
    problems.push(`KAFKA_SASL_MECHANISM=${asked}: must be one of ${mechanisms.join(', ')}.`);
    return null;
  }
  return { mechanism, username, password };
}
