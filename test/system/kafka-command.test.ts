// npm run kafka: a broker that outlives the command, found again by the next one. Run as its users
// run it, on data folders and ports of this test.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { countBrokers } from '../../infra/kafka/count-brokers.ts';
import { freePorts } from '../../infra/kafka/free-ports.ts';
import { jarsFolder, ownKafkaIsHere } from '../support/kafka-broker.ts';

const isHere = await ownKafkaIsHere();
const folder = mkdtempSync(join(tmpdir(), 's3batch-kafka-command-'));
const dataFolder = join(folder, 'data');

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function kafka(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const all = ['infra/kafka/main.ts', ...words];
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

afterAll(async () => {
  await kafka(['down', '--data', dataFolder]);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!isHere)('npm run kafka (Java and Maven)', () => {
  test('up starts a broker once, status finds it, down stops it, its data stay', async () => {
    const [port = 0] = await freePorts('127.0.0.1', 1);
    const at = ['--data', dataFolder, '--jars', jarsFolder];
    const address = `127.0.0.1:${port}`;

    const first = await kafka(['up', '--port', String(port), ...at]);
    expect(first.stdout).toContain(`A Kafka broker runs at ${address}`);
    expect(first.stdout).toContain(`S3BATCH_LOG=kafka KAFKA_BROKERS=${address} npm start`);
    expect(await countBrokers('127.0.0.1', port)).toBe(1);

    const second = await kafka(['up', '--port', String(port), ...at]);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stdout).toContain(`already runs at ${address}`);
    expect(await kafka(['status', ...at])).toMatchObject({ code: 0 });
    const elsewhere = await kafka(['up', '--port', '1', ...at]);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stdout).toMatch(/not on port 1\. .*\n.*up --port 1 --data /);

    const down = await kafka(['down', ...at]);
    expect(down.stdout).toContain(`The Kafka broker at ${address} was stopped`);
    await expect(countBrokers('127.0.0.1', port)).rejects.toThrow();
    expect(await kafka(['status', ...at])).toMatchObject({ code: 1 });

    const again = await kafka(['up', '--port', String(port), ...at]);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(await kafka(['down', ...at])).toMatchObject({ code: 0 });
  });

  test('a port in use is refused by name', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const words = ['up', '--port', String(port), '--data', dataFolder, '--jars', jarsFolder];
    const ended = await kafka(words);
    server.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe(
      `Port ${port} of 127.0.0.1 is in use. Stop what uses it, or choose another port.\n`,
    );
  });

  test('without Maven the first start names it and the remedy', async () => {
    const words = ['up', '--data', join(folder, 'new'), '--jars', join(folder, 'no-jars')];
    const javaHome = await javaHomeOf();
    const ended = await kafka(words, { PATH: folder, JAVA_HOME: javaHome });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/Maven \(mvn\), which brings them, is not installed. Install it/);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });
});

test('without Java the start is refused, with the remedy', async () => {
  const ended = await kafka(['up', '--data', dataFolder], { JAVA_HOME: join(folder, 'none') });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^A Kafka broker needs Java 17 or newer: .*ENOENT.*JAVA_HOME\.$/m);
});

test('what is not understood is answered with the usage', async () => {
  const ended = await kafka(['up', '--prot', '9092']);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(/^--prot 9092: not understood.\nusage: npm run kafka/);
});

function javaHomeOf(): Promise<string> {
  return new Promise((resolve, reject) => {
    const words = ['-XshowSettings:properties', '-version'];
    execFile('java', words, (error, _stdout, stderr) => {
      const home = /java\.home = (.*)/.exec(stderr)?.[1];
      if (error !== null || home === undefined) reject(error ?? new Error(stderr));
      else resolve(home);
    });
  });
}
