// Outside producers and readers against a real broker and a whole installation: the programs of
// docs/KAFKA.md, run as they stand there, and job requests that are started once each though the
// process is killed again and again.
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listJobIds } from '../../services/standalone/demo/ask-control.ts';
import { kafkaPythonIsHere } from '../support/clients.ts';
import { roleArn } from '../support/control-front.ts';
import { type DocPrograms, openDocPrograms } from '../support/doc-programs.ts';
import { kafkaIsHere, openTestBrokers, type TestBrokers } from '../support/kafka-broker.ts';
import {
  accountId,
  key,
  makeBuckets,
  openStandaloneWorld,
  type Running,
  type StandaloneWorld,
  seed,
  tagsOf,
  untilComplete,
} from '../support/standalone-world.ts';

const hasBroker = await kafkaIsHere();
const hasPython = kafkaPythonIsHere();
const objects = ['one.jpg', 'two.jpg', 'three.jpg'];
const rulePrefix = 'inventory/photos/all/';
const prefix = `outside-${randomUUID()}.`;
const killsMax = 4;
const requestsMax = 24;

let brokers: TestBrokers;
let world: StandaloneWorld;
let running: Running;
let programs: DocPrograms;
let environment: Readonly<Record<string, string>>;
let settings: Readonly<Record<string, string>>;
let producer: Producer;

beforeAll(async () => {
  if (!hasBroker) return;
  brokers = await openTestBrokers();
  world = await openStandaloneWorld();
  programs = openDocPrograms('docs/KAFKA.md');
  makeBuckets(world, 'lists', 'drops', 'photos');
  for (const name of objects) seed(world, 'photos', name, 'a photograph');
  const rule = {
    name: 'by-event',
    bucket: 'drops',
    prefix: rulePrefix,
    roleArn,
    operation: { S3DeleteObjectTagging: {} },
  };
  settings = {
    S3BATCH_LOG: 'kafka',
    KAFKA_BROKERS: brokers.brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_EVENTS_TOPICS: `events,events.team-a:${accountId}`,
    S3BATCH_RULES: world.write('rules.json', [rule]),
    // Only an event makes the rule look again within the test.
    S3BATCH_RULES_POLL_MS: '86400000',
  };
  environment = {
    KAFKA_BROKERS: brokers.brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    REQUEST_ACCESS_KEY: key.accessKeyId,
    REQUEST_SECRET_KEY: key.secretAccessKey,
  };
  running = await world.start(settings);
  const kafka = new Kafka({ brokers: [...brokers.brokers], logLevel: logLevel.NOTHING });
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});
afterAll(async () => {
  if (!hasBroker) return;
  await producer.disconnect();
  programs[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
  await brokers[Symbol.asyncDispose]();
});

function requestFor(tag: string): object {
  const manifest = `${objects.map((name) => `photos,${name}`).join('\n')}\n`;
  const etag = seed(world, 'lists', `${tag}.csv`, manifest);
  return {
    Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: tag }] } },
    Manifest: {
      Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
      Location: { ObjectArn: `arn:aws:s3:::lists/${tag}.csv`, ETag: etag },
    },
    Report: { Enabled: false },
    Priority: 10,
    RoleArn: roleArn,
    ConfirmationRequired: false,
  };
}

function deliver(folder: string): void {
  const manifest = JSON.stringify({
    sourceBucket: 'photos',
    destinationBucket: 'arn:aws:s3:::drops',
    version: '2016-11-30',
    creationTimestamp: '1514944800000',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key',
    files: [{ key: `${rulePrefix}data/1.csv.gz`, size: 1, MD5checksum: '0'.repeat(32) }],
  });
  seed(world, 'drops', `${folder}manifest.json`, manifest);
  const md5 = createHash('md5').update(manifest).digest('hex');
  seed(world, 'drops', `${folder}manifest.checksum`, `${md5}\n`);
}

async function send(topic: string, key: string, value: string): Promise<void> {
  await producer.send({ topic: `${prefix}${topic}`, acks: -1, messages: [{ key, value }] });
}

async function untilJobs(count: number): Promise<readonly string[]> {
  let ids = await listJobIds(running.control, accountId);
  while (ids.length < count) ids = await listJobIds(running.control, accountId);
  return ids;
}

/** One line per task, as both readers print it. */
function linesFor(outcome: string): readonly string[] {
  return objects.map((name) => `photos ${name} ${outcome}`).toSorted();
}

const producers = ['send-event.mjs', 'send_event.py', 'request-job.mjs', 'request_job.py'];
const readers = ['read-rejected.mjs', 'read_rejected.py', 'read-results.mjs', 'read_results.py'];

function lacksClient(name: string): boolean {
  return name.endsWith('.py') && !hasPython;
}

describe.skipIf(!hasBroker)('outside producers and readers (a Kafka broker, PyPI clients)', () => {
  test('the document shows the programs that are run here, and no other', () => {
    expect(programs.names).toEqual([...producers, ...readers]);
  });

  for (const [index, name] of ['send-event.mjs', 'send_event.py'].entries()) {
    test.skipIf(lacksClient(name))(`${name}: an event makes its rule start a job`, async () => {
      const folder = `${rulePrefix}2026-11-20T01-0${index}Z/`;
      deliver(folder);
      await programs.run(name, ['drops', `${folder}manifest.checksum`], environment);
      await world.heard(new RegExp(`${folder}manifest.json.*delivery started a job`));
    });
  }

  for (const name of ['request-job.mjs', 'request_job.py']) {
    test.skipIf(lacksClient(name))(
      `${name}: a request runs once, its results are read`,
      async () => {
        const before = await listJobIds(running.control, accountId);
        writeFileSync(join(programs.folder, 'job.json'), JSON.stringify(requestFor(name)));
        for (let sent = 0; sent < 2; sent += 1) {
          const words = ['job.json', `token of ${name}`];
          expect(await programs.run(name, words, environment)).toBe('sent\n');
        }
        const jobs = await untilJobs(before.length + 1);
        const [jobId = ''] = jobs.filter((id) => !before.includes(id));
        expect(await untilComplete(running.control, jobId)).toMatchObject({
          succeeded: 3,
          failed: 0,
        });
        for (const object of objects)
          expect(tagsOf(world, 'photos', object)).toEqual([`seen=${name}`]);
        for (const reader of ['read-results.mjs', 'read_results.py']) {
          if (lacksClient(reader)) continue;
          const printed = await programs.run(reader, [jobId], environment);
          expect(printed.trim().split('\n').toSorted(), reader).toEqual(linesFor('succeeded'));
        }
      },
    );
  }

  for (const name of ['read-results.mjs', 'read_results.py']) {
    test.skipIf(lacksClient(name))(`${name}: a job that there is not ends it`, async () => {
      const reading = programs.run(name, ['no-such-job'], environment);
      await expect(reading).rejects.toThrow(/ended with 1: [^]*no such topic: .*no-such-job/);
    });
  }

  test('what cannot be used is read from events.rejected with its reason', async () => {
    await send('events', 'a', 'no json');
    const request = requestFor('unsigned');
    const unsigned = { specVersion: '1.0', type: 'job', clientRequestToken: 'u', request };
    await send('events', 'a', JSON.stringify(unsigned));
    for (const reader of ['read-rejected.mjs', 'read_rejected.py']) {
      if (lacksClient(reader)) continue;
      const lines = await programs.until(reader, environment, (found) => found.length >= 2);
      expect(lines, reader).toEqual([
        expect.stringMatching(/^events\/\d\/\d+ BadRequestException: The value is not JSON/),
        expect.stringMatching(/^events\/\d\/\d+ MissingAuthenticationToken: /),
      ]);
    }
    const metrics = await fetch(`${running.url}/metrics`);
    expect(await metrics.text()).toMatch(/s3batch_events_rejected_total\{code="[A-Za-z]+"\} 1/);
  });

  test('requests to a topic with an account start once each though the process is killed', async () => {
    const before = await listJobIds(running.control, accountId);
    const request = requestFor('killed');
    for (let number = 0; number < requestsMax; number += 1) {
      const clientRequestToken = `killed-${number}`;
      const value = JSON.stringify({
        specVersion: '1.0',
        type: 'job',
        clientRequestToken,
        request,
      });
      for (let sent = 0; sent < 2; sent += 1) await send('events.team-a', `k${number}`, value);
      if (number % (requestsMax / killsMax) === 0) {
        running.process.kill('SIGKILL');
        await running.ended;
        running = await world.start(settings);
      }
    }
    const started = (await untilJobs(before.length + requestsMax)).filter(
      (id) => !before.includes(id),
    );
    for (const id of started) await untilComplete(running.control, id);
    expect(await listJobIds(running.control, accountId)).toHaveLength(before.length + requestsMax);
  });

  test('a topic that the setting gains is made and read at the next start', async () => {
    const before = await listJobIds(running.control, accountId);
    await running.stop();
    const topics = `events,events.team-b:${accountId}`;
    running = await world.start({ ...settings, KAFKA_EVENTS_TOPICS: topics });
    const request = requestFor('gained');
    const value = { specVersion: '1.0', type: 'job', clientRequestToken: 'gained', request };
    await send('events.team-b', 'k', JSON.stringify(value));
    const [jobId = ''] = (await untilJobs(before.length + 1)).filter((id) => !before.includes(id));
    await untilComplete(running.control, jobId);
  });
});
