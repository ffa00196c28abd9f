// The rights that docs/KAFKA.md lists, on a broker that authorizes: with exactly these an
// installation runs a job for an outside producer, and a reader reads its results and no more.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  ResourcePatternTypes,
} from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { resultRecordCodec } from '../../schemas/codec.ts';
import { listJobIds } from '../../services/standalone/demo/ask-control.ts';
import { roleArn } from '../support/control-front.ts';
import { ownKafkaIsHere, startTestBroker } from '../support/kafka-broker.ts';
import {
  accountId,
  key,
  makeBuckets,
  openStandaloneWorld,
  seed,
  untilComplete,
} from '../support/standalone-world.ts';

const isHere = await ownKafkaIsHere();
const users = ['services', 'producer', 'reader'];
const row =
  /^\| (?<who>\w+) \| (?<type>[a-z-]+) `(?<name>[^`]+)` \| (?<pattern>prefixed|literal) \| (?<rights>[\w, ]+) \|$/gm;

const resourceTypes: ReadonlyMap<string, AclResourceTypes> = new Map([
  ['topic', AclResourceTypes.TOPIC],
  ['group', AclResourceTypes.GROUP],
  ['transactional-id', AclResourceTypes.TRANSACTIONAL_ID],
  ['cluster', AclResourceTypes.CLUSTER],
]);
const operations: ReadonlyMap<string, AclOperationTypes> = new Map([
  ['Create', AclOperationTypes.CREATE],
  ['Delete', AclOperationTypes.DELETE],
  ['Describe', AclOperationTypes.DESCRIBE],
  ['DescribeConfigs', AclOperationTypes.DESCRIBE_CONFIGS],
  ['Read', AclOperationTypes.READ],
  ['Write', AclOperationTypes.WRITE],
]);

function documentedRights() {
  const text = readFileSync('docs/KAFKA.md', 'utf8');
  return [...text.matchAll(row)].flatMap(({ groups = {} }) => {
    const { who = '', type = '', name = '', pattern = '', rights = '' } = groups;
    return rights.split(', ').map((right) => ({
      resourceType: resourceTypes.get(type) ?? AclResourceTypes.UNKNOWN,
      resourceName: name,
      resourcePatternType:
        pattern === 'prefixed' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${who}`,
      host: '*',
      operation: operations.get(right) ?? AclOperationTypes.UNKNOWN,
      permissionType: AclPermissionTypes.ALLOW,
    }));
  });
}

function loginOf(broker: string, username: string): Kafka {
  const sasl = { mechanism: 'plain', username, password: `${username}-password` } as const;
  return new Kafka({ brokers: [broker], sasl, logLevel: logLevel.NOTHING, retry: { retries: 2 } });
}

async function send(kafka: Kafka, topic: string, value: string): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const signature = createHmac('sha256', key.secretAccessKey).update(value).digest('hex');
  const headers = { 's3batch-access-key-id': key.accessKeyId, 's3batch-signature': signature };
  try {
    await producer.send({ topic, acks: -1, messages: [{ key: 'k', value, headers }] });
  } finally {
    await producer.disconnect();
  }
}

/** Until the partition's end, which a job as small as this has one of. */
async function countResults(kafka: Kafka, topic: string): Promise<number> {
  const consumer = kafka.consumer({ groupId: 'results-reader-1' });
  const counted = Promise.withResolvers<number>();
  let count = 0;
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const record = resultRecordCodec.decode(message.value ?? new Uint8Array());
        if (record.kind === 'end') counted.resolve(count);
        else count += record.results.length;
      },
    });
    return await counted.promise;
  } finally {
    await consumer.disconnect();
  }
}

describe.skipIf(!isHere)('a broker that authorizes (Java and Maven)', () => {
  test('the documented rights are enough for services, producers and readers, and no more', async () => {
    await using broker = await startTestBroker({
      listeners: [{ name: 'LOGIN', security: 'SASL_PLAINTEXT' }],
      users: users.map((username) => ({ username, password: `${username}-password` })),
      needsRights: true,
    });
    const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const acl = documentedRights();
    expect(new Set(acl.map(({ principal }) => principal))).toEqual(
      new Set(users.map((user) => `User:${user}`)),
    );
    await admin.createAcls({ acl });
    await admin.disconnect();
    const login = broker.addressOf('LOGIN');

    await using world = await openStandaloneWorld();
    makeBuckets(world, 'lists', 'photos');
    seed(world, 'photos', 'one.jpg', 'a photograph');
    const etag = seed(world, 'lists', 'all.csv', 'photos,one.jpg\n');
    const running = await world.start({
      S3BATCH_LOG: 'kafka',
      KAFKA_BROKERS: login,
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'services',
      KAFKA_SASL_PASSWORD: 'services-password',
    });
    const request = {
      Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: 'yes' }] } },
      Manifest: {
        Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
        Location: { ObjectArn: 'arn:aws:s3:::lists/all.csv', ETag: etag },
      },
      Report: { Enabled: false },
      Priority: 10,
      RoleArn: roleArn,
      ConfirmationRequired: false,
    };
    const value = { specVersion: '1.0', type: 'job', clientRequestToken: 'rights', request };
    const producer = loginOf(login, 'producer');
    await send(producer, 's3batch.events', JSON.stringify(value));
    await expect(send(producer, 's3batch.control.inbox', '{}')).rejects.toThrow(/[Aa]uthori[sz]ed/);
    let jobs = await listJobIds(running.control, accountId);
    while (jobs.length === 0) jobs = await listJobIds(running.control, accountId);
    const [jobId = ''] = jobs;
    await untilComplete(running.control, jobId);
    const reader = loginOf(login, 'reader');
    expect(await countResults(reader, `s3batch.job.${jobId}.results`)).toBe(1);
    await expect(countResults(reader, 's3batch.control.jobs')).rejects.toThrow(/[Aa]uthori[sz]ed/);
    expect(world.lines.filter((line) => /uthoriz/.test(line))).toEqual([]);
  });
});
