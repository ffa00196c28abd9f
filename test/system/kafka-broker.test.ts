// What other tests rely on in their brokers: that each way in is there, that kills, restarts and
// freezes are real, and that no broker outlives the process that started it.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  type KafkaConfig,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { describe, expect, test, vi } from 'vitest';
import { countBrokers } from '../../infra/kafka/count-brokers.ts';
import { makeBrokerCertificate } from '../support/broker-certificate.ts';
import { ownKafkaIsHere, startTestBroker } from '../support/kafka-broker.ts';

const isHere = await ownKafkaIsHere();
const alice = { username: 'alice', password: 'alice-secret' };
const goneMsMax = 20_000;

type Reach = Omit<KafkaConfig, 'brokers'>;

async function asAdmin<T>(
  address: string,
  work: (admin: Admin) => Promise<T>,
  reach: Reach = {},
): Promise<T> {
  const kafka = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    retry: { retries: 3 },
    ...reach,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const listTopics = (admin: Admin) => admin.listTopics();
const createTopic = (topic: string) => (admin: Admin) =>
  admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });

async function untilGone(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const look = () => expect(countBrokers(host, Number(port))).rejects.toThrow('ECONNREFUSED');
  await vi.waitFor(look, { timeout: goneMsMax, interval: 50 });
}

describe.skipIf(!isHere)('a broker for tests (Java and Maven)', () => {
  test('what it holds survives kill -9, and stop removes its folder', async () => {
    const broker = await startTestBroker();
    await asAdmin(broker.address, createTopic('kept'));
    await broker.kill();
    await untilGone(broker.address);
    await broker.restart();
    expect(await asAdmin(broker.address, listTopics)).toContain('kept');
    await broker.stop();
    await untilGone(broker.address);
    expect(existsSync(broker.dataFolder)).toBe(false);
  });

  test('frozen it takes connections and answers nothing, thawed it answers', async () => {
    await using broker = await startTestBroker();
    broker.pause();
    const [host = '', port = ''] = broker.address.split(':');
    let isAnswered = false;
    const answer = countBrokers(host, Number(port)).then((count) => {
      isAnswered = true;
      return count;
    });
    const socket = connect({ host, port: Number(port) });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.destroy();
    expect(isAnswered).toBe(false);
    broker.resume();
    expect(await answer).toBe(1);
  });

  test('users log in by PLAIN and both SCRAMs, and may do only what ACLs allow', async () => {
    await using broker = await startTestBroker({
      listeners: [{ name: 'LOGIN', security: 'SASL_PLAINTEXT' }],
      users: [alice],
      needsRights: true,
    });
    const login = broker.addressOf('LOGIN');
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const sasl = saslOf(mechanism, alice.password);
      const created = asAdmin(login, createTopic(`by-${mechanism}`), { sasl });
      await expect(created, mechanism).rejects.toMatchObject({
        errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED' }],
      });
      const wrong = asAdmin(login, listTopics, { sasl: saslOf(mechanism, 'wrong') });
      await expect(wrong, mechanism).rejects.toThrow(/[Aa]uthentication/);
    }
    const allowed = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: '*',
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${alice.username}`,
      host: '*',
      operation: AclOperationTypes.ALL,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await asAdmin(broker.address, (admin) => admin.createAcls({ acl: [allowed] }));
    const sasl = saslOf('scram-sha-512', alice.password);
    await asAdmin(login, createTopic('allowed'), { sasl });
    expect(await asAdmin(broker.address, listTopics)).toEqual(['allowed']);
  });

  test('TLS listeners show their certificate, and ask for one where they shall', async () => {
    const certificate = await makeBrokerCertificate('broker');
    const client = await makeBrokerCertificate('client');
    await using broker = await startTestBroker({
      listeners: [{ name: 'SECURE', security: 'SSL' }],
      certificate: {
        keyAndChain: certificate.privateKeyPem + certificate.certificatePem,
        clientAuthorities: client.certificatePem,
      },
    });
    const secure = broker.addressOf('SECURE');
    const ca = [certificate.certificatePem];
    const shown = { ca, key: client.privateKeyPem, cert: client.certificatePem };
    expect(await asAdmin(secure, listTopics, { ssl: shown })).toEqual([]);
    await expect(asAdmin(secure, listTopics, { ssl: { ca } })).rejects.toThrow();
    await expect(asAdmin(secure, listTopics, { ssl: { ...shown, ca: [] } })).rejects.toThrow(
      /self-signed/,
    );
  });

  test('a listener behind a proxy sends its clients to the proxy', async () => {
    let target = 0;
    let passed = 0;
    const proxy = createServer((near) => {
      passed += 1;
      const far = connect({ host: '127.0.0.1', port: target });
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    });
    const port = await listenOn(proxy);
    await using broker = await startTestBroker({
      listeners: [
        { name: 'PROXIED', security: 'PLAINTEXT', advertised: { host: '127.0.0.1', port } },
      ],
    });
    target = Number(broker.addressOf('PROXIED').split(':')[1]);
    const { brokers } = await asAdmin(`127.0.0.1:${port}`, (admin) => admin.describeCluster());
    expect(brokers).toMatchObject([{ host: '127.0.0.1', port }]);
    expect(passed).toBeGreaterThan(0);
    proxy.close();
  });

  test('a broker ends with the process that started it, even by kill -9, and leaves no folder', async () => {
    const child = fork(new URL('./kafka-broker-holder.ts', import.meta.url));
    const said = await new Promise<string>((resolve) => child.once('message', resolve));
    const [address = '', folder = ''] = said.split(' ');
    expect(await countBrokers('127.0.0.1', Number(address.split(':')[1]))).toBe(1);
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await untilGone(address);
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), {
      timeout: goneMsMax,
      interval: 50,
    });
  });
});

function saslOf(mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password: string) {
  const login = { username: alice.username, password };
  // kafkajs has one type per mechanism, which a union does not fit.
  if (mechanism === 'plain') return { mechanism, ...login };
  return mechanism === 'scram-sha-256' ? { mechanism, ...login } : { mechanism, ...login };
}

function listenOn(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
