// A service in a process of its own, from outside: starts that are refused, each with the setting
// and the remedy, and never a password.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../services/standalone/free-port.ts';
import { serviceNames } from '../../services/standalone/thread-data.ts';

const program = new URL('../../services/standalone/service.ts', import.meta.url).pathname;
const start = new URL('../../services/standalone/main.ts', import.meta.url).pathname;
const endMsMax = 120_000;
const unusable = 2;
/** Brokers may come back: whoever restarts processes should try again. */
const brokersAway = 3;
const host = '127.0.0.1';

type Settings = Readonly<Record<string, string>>;

/** Fails if the process does not end by itself. */
function ended(
  path: string,
  names: readonly string[],
  settings: Settings,
): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [path, ...names],
      { env: settings, timeout: endMsMax },
      (_error, stdout, stderr) => {
        const { exitCode: code } = child;
        if (code === null) reject(new Error(`the process did not end: ${stdout}${stderr}`));
        else resolve({ code, text: stdout + stderr });
      },
    );
  });
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 's3batch-service-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test.each([
  ['no service', []],
  ['wroker', ['wroker']],
  ['worker reporter', ['worker', 'reporter']],
])('%s is refused with the names of those there are', async (asked, names) => {
  expect(await ended(program, names, {})).toEqual({
    code: unusable,
    text: `s3batch: ${asked}: say which one to run: control, ingest, worker, reporter.\n`,
  });
});

test.each(serviceNames)('%s alone on the embedded log is told of npm start', async (service) => {
  const { code, text } = await ended(program, [service], {});
  expect(code).toBe(unusable);
  expect(text).toMatch(/^s3batch: S3BATCH_LOG=sqlite: the embedded log belongs to one process/);
  expect(text).toContain('use npm start, or set S3BATCH_LOG=kafka');
});

test('every problem of the settings is told at once, and no password', async () => {
  const { code, text } = await ended(program, ['worker'], {
    S3BATCH_LOG: 'kafka',
    KAFKA_BROKER: 'broker:9092',
    KAFKA_TOPIC_PREFIX: 'a/b',
    KAFKA_SASL_PASSWORD: 'hidden',
  });
  expect(code).toBe(unusable);
  expect(text.trimEnd().split('\n')).toEqual([
    's3batch: KAFKA_BROKER: no such setting (did you mean KAFKA_BROKERS?); docs/CONFIGURATION.md lists them all.',
    expect.stringMatching(/^s3batch: KAFKA_BROKERS: S3BATCH_LOG=kafka needs it/),
    expect.stringMatching(/^s3batch: KAFKA_TOPIC_PREFIX=a\/b: must be 1 to 64/),
    expect.stringMatching(/^s3batch: KAFKA_SASL_MECHANISM, .*: give all three or none/),
  ]);
  expect(text).not.toContain('hidden');
});

test('every file that cannot be used is named at once; those of control are not a worker’s', async () => {
  const keys = join(folder(), 'key.pem');
  writeFileSync(keys, 'hidden, and no PEM');
  const settings = {
    S3BATCH_LOG: 'kafka',
    S3BATCH_KEYS: '/no/keys.json',
    KAFKA_BROKERS: 'broker:9092',
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA: '/no/ca.pem',
    KAFKA_TLS_CERT: '/no/certificate.pem',
    KAFKA_TLS_KEY: keys,
  };
  const worker = await ended(program, ['worker'], settings);
  expect(worker.code).toBe(unusable);
  expect(worker.text.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^s3batch: KAFKA_TLS_CA=\/no\/ca.pem: the file cannot be read/),
    expect.stringMatching(/^s3batch: KAFKA_TLS_CERT=\/no\/certificate.pem: the file cannot/),
    `s3batch: KAFKA_TLS_KEY=${keys}: holds no PEM text, which begins with -----BEGIN.`,
  ]);
  const control = await ended(program, ['control'], settings);
  expect(control.text).toMatch(/^s3batch: S3BATCH_KEYS=\/no\/keys.json: the file cannot be read/);
});

test('a port of figures in use stops the start, naming address, setting and remedy', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = String(typeof address === 'object' ? address?.port : '');
  const { code, text } = await ended(program, ['worker'], {
    S3BATCH_LOG: 'kafka',
    KAFKA_BROKERS: 'broker:9092',
    S3BATCH_METRICS_PORT: port,
  });
  expect(code).toBe(unusable);
  expect(text).toContain(`S3BATCH_HOST=${host} S3BATCH_METRICS_PORT=${port}: cannot listen there`);
});

test('a port of control in use is the only line, before the brokers are asked for anything', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = String(typeof address === 'object' ? address?.port : '');
  const { code, text } = await ended(program, ['control'], {
    S3BATCH_LOG: 'kafka',
    KAFKA_BROKERS: 'broker:9092',
    S3BATCH_PORT: port,
  });
  expect(code).toBe(unusable);
  expect(text).toMatch(
    new RegExp(`^s3batch: S3BATCH_HOST=${host} S3BATCH_PORT=${port}: cannot listen there.*\\n$`),
  );
});

test('whoever asks a second time for the end gets it at once; twice within a moment is once', async () => {
  const life = new URL('../../services/standalone/process-life.ts', import.meta.url).href;
  const script =
    `import { onStopRequest } from '${life}';` +
    `setInterval(() => {}, 1000); onStopRequest(() => process.send('asked'));` +
    `process.send('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const heard: unknown[] = [];
  child.on('message', (message) => heard.push(message));
  await once(child, 'message');
  const startMs = performance.now();
  const ask = () => child.kill('SIGINT');
  ask();
  const asking = setInterval(ask, 50);
  const [code] = await once(child, 'exit');
  clearInterval(asking);
  expect(code).toBe(130);
  expect(performance.now() - startMs).toBeGreaterThan(400);
  expect(heard).toEqual(['ready', 'asked']);
});

test.each([
  ['a service alone', program, ['worker']],
  ['npm start', start, []],
])('%s whose brokers nobody answers for says so and ends', async (_title, path, names) => {
  const broker = `${host}:${await freePort(host, 0)}`;
  const { code, text } = await ended(path, names, {
    S3BATCH_LOG: 'kafka',
    S3BATCH_PORT: '0',
    KAFKA_BROKERS: broker,
    KAFKA_SASL_MECHANISM: 'scram-sha-256',
    KAFKA_SASL_USERNAME: 's3batch',
    KAFKA_SASL_PASSWORD: 'hidden',
  });
  expect(code).toBe(brokersAway);
  expect(text).toMatch(/^s3batch: /m);
  expect(text.split('\n')[0]).toContain(`connecting to ${broker}`);
  expect(text).toContain(broker);
  expect(text).not.toContain('hidden');
});
