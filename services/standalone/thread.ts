// One service in a thread of its own. It stops when asked to; an exception ends the thread, and the
// supervisor starts another.
import { parentPort, workerData } from 'node:worker_threads';
import { destination } from 'pino';
import { connectLog } from '../adapters/log/sqlite/connect.ts';
import { openLogger } from '../control/logger.ts';
import { services } from './compose.ts';
import type { ThreadData, ThreadMessage, ThreadOrder } from './thread-data.ts';

const data: ThreadData = workerData;
const { log, spaces } = connectLog(data.logPort);
const stopping = new AbortController();
let isDiskLow = data.isDiskLow;
let tellDiskChange = () => {};
parentPort?.on('message', (order: ThreadOrder) => {
  switch (order) {
    case 'stop':
      return stopping.abort();
    case 'disk low':
      isDiskLow = true;
      return tellDiskChange();
    case 'disk fine':
      isDiskLow = false;
      return tellDiskChange();
    case 'crash':
      throw new Error('crashed on request');
  }
});
const say = (message: ThreadMessage) => parentPort?.postMessage(message);
const logger = openLogger(data.settings.logLevel, destination({ dest: 1, sync: true }));

try {
  const run = await services[data.service]();
  await run(
    {
      settings: data.settings,
      files: data.files,
      log,
      spaces,
      logger: logger.child({ service: data.service }),
      isDiskLow: () => isDiskLow,
      onDiskChange: (listener) => {
        tellDiskChange = listener;
      },
      onListening: (url) => say({ kind: 'listening', url }),
    },
    stopping.signal,
  );
} catch (error) {
  if (!isAddressProblem(error)) throw error;
  const { host, port } = data.settings;
  say({
    kind: 'unusable',
    problem:
      `S3BATCH_HOST=${host} S3BATCH_PORT=${port}: cannot listen there (${error.code}); ` +
      'stop what uses it, or choose another.',
  });
}
await log.end();
parentPort?.close();

function isAddressProblem(error: unknown): error is Error & { readonly code: string } {
  const codes = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'];
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
