// The settings of the Kafka log: what each may be, what belongs together, and that no problem and
// no warning shows a password.
import { describe, expect, test } from 'vitest';
import { type KafkaPlan, kafkaWarnings } from '../../../services/core/kafka-settings.ts';
import { jobSpace, resultsTopic } from '../../../services/core/names.ts';
import { isLoopback, readSettings } from '../../../services/core/settings.ts';

type Given = Readonly<Record<string, string>>;
const broker: Given = { S3BATCH_LOG: 'kafka', KAFKA_BROKERS: 'broker-1:9092' };
const login: Given = {
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: 's3batch',
  KAFKA_SASL_PASSWORD: 'hidden',
};

function problemsOf(given: Given): readonly string[] {
  const answer = readSettings(given);
  return answer.kind === 'problems' ? answer.problems : [];
}

function planOf(given: Given): KafkaPlan {
  const answer = readSettings(given);
  if (answer.kind === 'problems') throw new Error(answer.problems.join('\n'));
  if (answer.settings.kafka === null) throw new Error('the embedded log was chosen');
  return answer.settings.kafka;
}

describe('the settings of the Kafka log', () => {
  test('brokers are enough; the rest has defaults', () => {
    expect(planOf(broker)).toEqual({
      brokers: ['broker-1:9092'],
      prefix: 's3batch.',
      replicationFactor: null,
      partitionsMax: 32,
      eventsTopics: [{ topic: 'events', accountId: null }],
      compression: 'none',
      tls: null,
      sasl: null,
    });
  });

  test('everything that is given is read; files are named, not read', () => {
    const plan = planOf({
      ...broker,
      ...login,
      KAFKA_BROKERS: ' broker-1:9092 , 10.0.0.7:9093,',
      KAFKA_TOPIC_PREFIX: 'team_a-',
      KAFKA_REPLICATION_FACTOR: '2',
      KAFKA_PARTITIONS_MAX: '64',
      KAFKA_EVENTS_TOPICS: 'events.team-a:111122223333',
      KAFKA_COMPRESSION: 'gzip',
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA: 'ca.pem',
      KAFKA_TLS_CERT: 'own.pem',
      KAFKA_TLS_KEY: 'own.key',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
    });
    expect(plan).toEqual({
      brokers: ['broker-1:9092', '10.0.0.7:9093'],
      prefix: 'team_a-',
      replicationFactor: 2,
      partitionsMax: 64,
      eventsTopics: [{ topic: 'events.team-a', accountId: '111122223333' }],
      compression: 'gzip',
      tls: { caFile: 'ca.pem', certificateFile: 'own.pem', keyFile: 'own.key' },
      sasl: { mechanism: 'scram-sha-512', username: 's3batch', password: 'hidden' },
    });
    const { tls } = planOf({ ...broker, KAFKA_TLS: 'true' });
    expect(tls).toEqual({ caFile: null, certificateFile: null, keyFile: null });
  });

  test.each([
    ['KAFKA_BROKERS', ' , '],
    ['KAFKA_BROKERS', 'broker-1'],
    ['KAFKA_BROKERS', 'broker-1:0'],
    ['KAFKA_BROKERS', 'broker-1:65536'],
    ['KAFKA_BROKERS', 'good:9092,kafka://broker:9092'],
    ['KAFKA_BROKERS', '[::1]:9092'],
    ['KAFKA_TOPIC_PREFIX', 'a/b'],
    ['KAFKA_TOPIC_PREFIX', 'p'.repeat(65)],
    ['KAFKA_REPLICATION_FACTOR', '0'],
    ['KAFKA_PARTITIONS_MAX', '65'],
    ['KAFKA_COMPRESSION', 'zstd'],
    ['KAFKA_EVENTS_TOPICS', 'control.inbox'],
    ['KAFKA_TLS', 'yes'],
    ['KAFKA_TLS_CA', 'ca.pem'],
    ['KAFKA_SASL_MECHANISM', 'plain'],
    ['KAFKA_SASL_USERNAME', 's3batch'],
    ['KAFKA_SASL_PASSWORD', 'hidden'],
    ['KAFKA_BROKERZ', 'broker:9092'],
  ])('%s=%s is refused by name with a remedy', (name, value) => {
    const problems = problemsOf({ ...broker, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain('hidden');
  });

  test('a broker that is no host:port is told by its place, without what was written', () => {
    const given = { ...broker, KAFKA_BROKERS: 'good:9092,user:hidden@broker:9092' };
    expect(problemsOf(given)).toEqual([expect.stringContaining('KAFKA_BROKERS: entry 2 must be')]);
    expect(problemsOf(given).join()).not.toContain('hidden');
  });

  test('an unknown mechanism is refused with those that are known', () => {
    const given = { ...broker, ...login, KAFKA_SASL_MECHANISM: 'gssapi' };
    expect(problemsOf(given)).toEqual([
      'KAFKA_SASL_MECHANISM=gssapi: must be one of plain, scram-sha-256, scram-sha-512.',
    ]);
  });

  test('a certificate without its key is refused', () => {
    expect(problemsOf({ ...broker, KAFKA_TLS: 'true', KAFKA_TLS_CERT: 'own.pem' })).toEqual([
      'KAFKA_TLS_CERT and KAFKA_TLS_KEY: give both or neither.',
    ]);
  });

  test('kafka without brokers says what is missing', () => {
    expect(problemsOf({ S3BATCH_LOG: 'kafka' })).toEqual([
      expect.stringMatching(/^KAFKA_BROKERS: .*host:port of at least one broker/),
    ]);
  });

  test('beside the embedded log every Kafka setting is refused, an empty one is none', () => {
    expect(
      problemsOf({ KAFKA_BROKERS: 'broker:9092', KAFKA_TLS: 'false', KAFKA_TLS_CA: '' }),
    ).toEqual([
      'KAFKA_BROKERS: only S3BATCH_LOG=kafka reads it; set that, or remove this one.',
      'KAFKA_TLS: only S3BATCH_LOG=kafka reads it; set that, or remove this one.',
    ]);
  });

  test('the topics of events are no mistyped name', () => {
    expect(problemsOf({ ...broker, KAFKA_EVENTS_TOPICS: 'events' })).toEqual([]);
  });

  test('names of Kafka’s own scripts and of Kubernetes are no settings', () => {
    const foreign = {
      KAFKA_HOME: '/opt/kafka',
      KAFKA_OPTS: '-Dx=y',
      KAFKA_JVM_PERFORMANCE_OPTS: '-server',
      KAFKA_SERVICE_HOST: '10.0.0.1',
      KAFKA_PORT: 'tcp://10.0.0.1:9092',
      KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
    };
    expect(problemsOf(foreign)).toEqual([]);
    expect(problemsOf({ ...broker, ...foreign })).toEqual([]);
  });

  test('the longest prefix leaves room for the longest topic name', () => {
    const topicCharactersMax = 249;
    const uuidCharacters = 36;
    const longest = `${'p'.repeat(64)}${jobSpace('j'.repeat(uuidCharacters))}.${resultsTopic}`;
    expect(planOf({ ...broker, KAFKA_TOPIC_PREFIX: 'p'.repeat(64) }).prefix).toHaveLength(64);
    expect(longest.length).toBeLessThanOrEqual(topicCharactersMax);
  });

  test('a password that would travel readable is warned of, once per broker beyond loopback', () => {
    const brokers = 'broker-1:9092,127.0.0.1:9092,localhost:9092,broker-2:9092';
    const given = { ...broker, ...login, KAFKA_BROKERS: brokers };
    const warnings = kafkaWarnings(planOf(given), isLoopback);
    expect(warnings).toEqual([
      expect.stringContaining('broker-1:9092'),
      expect.stringContaining('broker-2:9092'),
    ]);
    expect(warnings.join()).not.toContain('hidden');
    const quiet: readonly Given[] = [
      { KAFKA_TLS: 'true' },
      { KAFKA_SASL_MECHANISM: 'scram-sha-256' },
      { KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' },
    ];
    for (const change of quiet) {
      expect(kafkaWarnings(planOf({ ...given, ...change }), isLoopback)).toEqual([]);
    }
  });
});
