// Start-up checks against real brokers that are set up wrong in one way each, and what works there
// without rights on the whole cluster.
import { randomUUID } from 'node:crypto';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Broker, BrokerOptions } from '../../../infra/kafka/broker.ts';
import { freePorts } from '../../../infra/kafka/free-ports.ts';
import { openBrokers } from '../../../services/adapters/log/kafka/brokers.ts';
import { checkBrokers } from '../../../services/adapters/log/kafka/check.ts';
import { connectLog } from '../../../services/adapters/log/kafka/connect.ts';
import type { KafkaSettings } from '../../../services/core/settings.ts';
import { type BrokerCertificate, makeBrokerCertificate } from '../../support/broker-certificate.ts';
import { ownKafkaIsHere, startTestBroker } from '../../support/kafka-broker.ts';
import { describeWith, kafkaTiming, settingsFor } from '../../support/kafka-log.ts';

const alice = { username: 'alice', password: 'alice-secret' };
const clientId = 'check';
/** A broker that has just started makes its own topics first. */
const patientMs = 20_000;
/** For what does not get better by waiting. */
const hastyMs = 500;
const halfPatientMs = 5_000;
const forever = new AbortController().signal;

let broker: Broker | null = null;
let certificate: BrokerCertificate | null = null;

function addressOf(listener: string): string {
  return broker?.addressOf(listener) ?? '';
}

async function check(
  address: string,
  changes: Partial<KafkaSettings> = {},
  awayMsMax = patientMs,
): Promise<string | readonly string[]> {
  const settings = { ...settingsFor([address], 'check.'), ...changes };
  const transactionMs = kafkaTiming.transactionMs;
  const answer = await checkBrokers({ settings, clientId, transactionMs, awayMsMax }, forever);
  return answer.kind === 'problem' ? answer.problem.message : answer.warnings;
}

const saslOf = (password: string) => ({
  mechanism: 'scram-sha-256' as const,
  username: alice.username,
  password,
});
const tlsOf = (ca: string) => ({ ca, certificate: '', key: '' });

async function allow(...types: readonly AclResourceTypes[]): Promise<void> {
  const admin = new Kafka({
    brokers: [addressOf('PLAINTEXT')],
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  const acl = types.map((resourceType) => ({
    resourceType,
    resourceName: 'check.',
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: `User:${alice.username}`,
    host: '*',
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW,
  }));
  await admin.createAcls({ acl });
  await admin.disconnect();
}

async function withBroker(options: BrokerOptions): Promise<string> {
  const own = await startTestBroker(options);
  onTestFinished(() => own.stop());
  return own.address;
}

const isHere = await ownKafkaIsHere();

describeWith('start-up checks', () => {
  beforeAll(async () => {
    if (!isHere) return;
    certificate = await makeBrokerCertificate('broker');
    broker = await startTestBroker({
      listeners: [
        { name: 'LOGIN', security: 'SASL_PLAINTEXT' },
        { name: 'SECURE', security: 'SSL' },
      ],
      users: [alice],
      needsRights: true,
      certificate: { keyAndChain: certificate.privateKeyPem + certificate.certificatePem },
    });
  }, 120_000);
  afterAll(async () => {
    await broker?.stop();
  });

  test.skipIf(!isHere)('brokers that are set up well pass without a warning', async () => {
    expect(await check(addressOf('PLAINTEXT'))).toEqual([]);
    expect(
      await check(addressOf('SECURE'), { tls: tlsOf(certificate?.certificatePem ?? '') }),
    ).toEqual([]);
  });

  test.skipIf(!isHere)('nobody at the address: setting, address and cause', async () => {
    const [port = 0] = await freePorts('127.0.0.1', 1);
    const problem = await check(`127.0.0.1:${port}`, {}, hastyMs);
    expect(problem).toContain('KAFKA_BROKERS');
    expect(problem).toContain(`127.0.0.1:${port}`);
    expect(problem).toContain('ECONNREFUSED');
  });

  test.skipIf(!isHere)('one address of several that answers is enough', async () => {
    const [port = 0] = await freePorts('127.0.0.1', 1);
    const brokers = [`127.0.0.1:${port}`, addressOf('PLAINTEXT')];
    expect(await check('', { brokers })).toEqual([]);
  });

  test.skipIf(!isHere)('TLS to a plain port, and plain to a TLS port', async () => {
    expect(await check(addressOf('PLAINTEXT'), { tls: tlsOf('') }, hastyMs)).toContain(
      'remove KAFKA_TLS',
    );
    expect(await check(addressOf('SECURE'), {}, hastyMs)).toContain('set KAFKA_TLS=true');
  });

  test.skipIf(!isHere)('a certificate of an authority that is not trusted', async () => {
    expect(await check(addressOf('SECURE'), { tls: tlsOf('') }, hastyMs)).toContain('KAFKA_TLS_CA');
  });

  test.skipIf(!isHere)('a wrong password is told at once, and not repeated', async () => {
    const problem = await check(addressOf('LOGIN'), { sasl: saslOf('wrong-word') });
    expect(problem).toContain('check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD');
    expect(problem).not.toContain('wrong-word');
  });

  test.skipIf(!isHere)('a login where none is wanted, and none where one is', async () => {
    const sasl = saslOf(alice.password);
    expect(await check(addressOf('PLAINTEXT'), { sasl }, hastyMs)).toContain(
      'remove KAFKA_SASL_MECHANISM',
    );
    expect(await check(addressOf('LOGIN'), {}, hastyMs)).toContain(
      'takes no request without a login',
    );
  });

  test.skipIf(!isHere)(
    'rights: each that is missing is named with the prefix; then all works',
    async () => {
      const sasl = saslOf(alice.password);
      const login = addressOf('LOGIN');
      expect(await check(login, { sasl })).toMatch(/Describe and Delete on every Group .* check\./);
      await allow(AclResourceTypes.GROUP);
      expect(await check(login, { sasl })).toMatch(/Describe on every TransactionalId .* check\./);
      await allow(AclResourceTypes.TRANSACTIONAL_ID);
      // Without rights on the cluster its settings are unknown: nothing to warn of.
      expect(await check(login, { sasl })).toEqual([]);

      await allow(AclResourceTypes.TOPIC);
      const settings = { ...settingsFor([login], `check.${randomUUID()}.`), sasl };
      const brokers = openBrokers({ settings, clientId, notice: () => {}, timing: kafkaTiming });
      onTestFinished(() => brokers.close());
      const { log, spaces } = await connectLog(brokers);
      await spaces.create('job.1', [{ topic: 'tasks', partitions: 2, keep: 'consumed' }]);
      const record = { topic: 'tasks', partition: 1, key: '', value: Buffer.alloc(10) };
      await log.send('job.1', [record, record]);
      // Nor are the sizes of its files known: guessed from the two records.
      expect(await spaces.list()).toEqual([{ space: 'job.1', bytes: 300 }]);
      await log.end();
    },
  );

  test.skipIf(!isHere)(
    'more copies than brokers are a warning, since the others may be away',
    async () => {
      const [warning] = await check(addressOf('PLAINTEXT'), { replicationFactor: 3 });
      expect(warning).toContain('KAFKA_REPLICATION_FACTOR=3, but only 1 of the brokers run');
    },
  );

  test.skipIf(!isHere)(
    'transactions that the brokers cannot keep are told with the setting',
    async () => {
      const properties = { 'transaction.state.log.replication.factor': '3' };
      const problem = await check(await withBroker({ properties }), {}, halfPatientMs);
      expect(problem).toContain('transaction.state.log.replication.factor');
    },
  );

  test.skipIf(!isHere)('transactions that are refused for their time', async () => {
    const properties = { 'transaction.max.timeout.ms': '1000' };
    const problem = await check(await withBroker({ properties }));
    expect(problem).toContain('raise their transaction.max.timeout.ms');
  });

  test.skipIf(!isHere)('settings that will hurt one day are warnings', async () => {
    const properties = {
      'offsets.retention.minutes': '10080',
      'group.initial.rebalance.delay.ms': '3000',
    };
    const warnings = await check(await withBroker({ properties }));
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('offsets.retention.minutes=10080');
    expect(warnings[1]).toContain('group.initial.rebalance.delay.ms=3000');
  });
});
