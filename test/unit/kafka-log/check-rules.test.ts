// What start-up checks conclude: versions, warnings, remedies.
import { describe, expect, test } from 'vitest';
import {
  brokerSettings,
  clusterWarnings,
  connectionRemedy,
  versionProblem,
} from '../../../services/adapters/log/kafka/check-rules.ts';

function offeredOf(text: string) {
  return text.split(' ').map((entry) => {
    const [apiKey = 0, minVersion = 0, maxVersion = 0] = entry.split(/[:-]/).map(Number);
    return { apiKey, minVersion, maxVersion };
  });
}

/** As brokers of these versions answer ApiVersions. */
const kafka411 = offeredOf(
  '0:0-13 1:4-18 2:1-10 3:0-13 8:2-9 9:1-9 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-6 16:0-5 ' +
    '17:0-1 18:0-4 19:2-7 20:1-6 21:0-2 22:0-5 23:2-4 24:0-5 25:0-4 26:0-5 27:1-1 28:0-5 32:1-4 ' +
    '33:0-2 34:1-2 35:1-4 36:0-2 37:0-3 42:0-2',
);
const kafka391 = offeredOf(
  '0:0-11 1:0-17 2:0-9 3:0-12 8:0-9 9:0-9 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-5 16:0-5 ' +
    '17:0-1 18:0-4 19:0-7 20:0-6 21:0-2 22:0-5 23:0-4 24:0-5 25:0-4 26:0-4 28:0-4 32:0-4 42:0-2',
);

describe('versions', () => {
  test('Kafka 4.1 is taken', () => {
    expect(versionProblem('b:1', kafka411)).toBeNull();
  });

  test('Kafka 3.9 is refused, and so is what offers no Fetch', () => {
    expect(versionProblem('b:1', kafka391)).toContain('the broker b:1 is older than Kafka 4.0');
    expect(versionProblem('b:1', [])).toContain('older');
  });

  test('what is not offered in our version is named', () => {
    const without = kafka411
      .filter(({ apiKey }) => apiKey !== 42)
      .map((api) => (api.apiKey === 26 ? { ...api, minVersion: 2 } : api))
      .map((api) => (api.apiKey === 16 ? { ...api, maxVersion: 1 } : api));
    const problem = versionProblem('b:1', without);
    expect(problem).toContain('listGroups version 2, endTxn version 1, deleteGroups version 1');
  });
});

describe('warnings', () => {
  const fine = new Map([
    [brokerSettings.offsetsRetention, '129600'],
    [brokerSettings.rebalanceDelay, '0'],
    [brokerSettings.offsetsReplicas, '3'],
    [brokerSettings.transactionReplicas, '3'],
  ]);
  const warningsOf = (changes: readonly (readonly [string, string])[], brokers = 3) =>
    clusterWarnings({
      brokers,
      replicationFactor: null,
      settings: new Map<string, string>([...fine, ...changes]),
    });

  test('there are none on brokers that are set up well', () => {
    expect(warningsOf([])).toEqual([]);
  });

  test('positions that expire after less than 90 days, with the days', () => {
    const [warning] = warningsOf([[brokerSettings.offsetsRetention, '10080']]);
    expect(warning).toContain('offsets.retention.minutes=10080');
    expect(warning).toContain('more than 7 days');
    expect(warning).toContain('129600 or more');
  });

  test('a delay of the first rebalance', () => {
    expect(warningsOf([[brokerSettings.rebalanceDelay, '3000']])[0]).toContain('=3000');
  });

  test('one copy of what holds positions or transactions, where more brokers are', () => {
    const single = [
      [brokerSettings.offsetsReplicas, '1'],
      [brokerSettings.transactionReplicas, '1'],
    ] as const;
    expect(warningsOf(single)).toHaveLength(2);
    expect(warningsOf(single, 2)).toEqual([]);
  });

  test('KAFKA_REPLICATION_FACTOR below three where there are three brokers', () => {
    const settings = new Map<string, string>();
    const facts = { brokers: 3, settings };
    expect(clusterWarnings({ ...facts, replicationFactor: 2 })[0]).toContain('FACTOR=2');
    expect(clusterWarnings({ ...facts, replicationFactor: 3 })).toEqual([]);
    expect(clusterWarnings({ ...facts, brokers: 2, replicationFactor: 1 })).toEqual([]);
    const [warning] = clusterWarnings({ ...facts, brokers: 2, replicationFactor: 3 });
    expect(warning).toContain('FACTOR=3, but only 2 of the brokers run');
  });

  test('settings that may not be read, or are told empty, warn of nothing', () => {
    const settings = new Map([[brokerSettings.offsetsRetention, '']]);
    expect(clusterWarnings({ brokers: 3, replicationFactor: null, settings })).toEqual([]);
  });
});

describe('remedies for connections', () => {
  const none = { usesTls: false, usesSasl: false };
  const tls = { usesTls: true, usesSasl: false };
  const sasl = { usesTls: false, usesSasl: true };
  test.each([
    ['closed', 'tls', none, 'KAFKA_TLS=true'],
    ['closed', 'plain', tls, 'remove KAFKA_TLS'],
    ['self-signed certificate in certificate chain', 'tls', tls, 'KAFKA_TLS_CA'],
    ["Hostname/IP does not match certificate's altnames", 'tls', tls, 'advertised.listeners'],
    ['certificate has expired', 'tls', tls, 'renew it'],
    ['tlsv13 alert certificate required', 'tls', tls, 'KAFKA_TLS_CERT'],
    ['does not support the requested SASL mechanism', 'plain', sasl, 'KAFKA_SASL_MECHANISM'],
    ['not valid given the current SASL state', 'plain', sasl, 'wants no login'],
    ['SASL PLAIN mechanism is not supported by the server', 'plain', sasl, 'KAFKA_SASL_MECHANISM'],
    ['invalid credentials with SASL mechanism PLAIN', 'plain', sasl, 'KAFKA_SASL_PASSWORD'],
    ['getaddrinfo ENOTFOUND x', 'unknown', none, 'DNS'],
    ['closed', 'plain', none, 'takes no request without a login'],
    ['ECONNREFUSED', 'unknown', none, 'check KAFKA_BROKERS'],
    ['closed', 'http', none, 'not a Kafka broker'],
    ['closed', 'hangs up', none, 'not a Kafka broker'],
    ['ECONNREFUSED', 'plain', sasl, 'check KAFKA_BROKERS'],
  ] as const)('%s at a port that speaks %s', (cause, speaks, uses, remedy) => {
    expect(connectionRemedy(cause, speaks, uses)).toContain(remedy);
  });
});
