// One service in a thread of its own. It stops when asked to; an exception ends the thread, and the
// supervisor starts another.
import { parentPort, workerData } from 'node:worker_threads';
import { destination } from 'pino';
import { connectLog } from '../adapters/log/sqlite/connect.ts';
import { openLogger } from '../control/logger.ts';
import { services } from './compose.ts';
import { openKafka } from './kafka-log.ts';
import { listenProblem } from './listen-problem.ts';
import { openNoticeBatch } from './metrics/notice-batch.ts';
import type { ServiceNotices, ThreadData, ThreadMessage, ThreadOrder } from './thread-data.ts';

const data: ThreadData = workerData;
const { service, link, settings } = data;
const stopping = new AbortController();
let isDiskLow = data.isDiskLow;
let tellDiskChange = () => {};
let tellNotices = (_said: ServiceNotices) => {};
parentPort?.on('message', (order: ThreadOrder) => {
  if (typeof order === 'object') return tellNotices(order);
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
const logger = openLogger(settings.logLevel, destination({ dest: 1, sync: true }));

const { log, spaces } =
  link.kind === 'embedded'
    ? connectLog(link.port)
    : await openKafka(link.settings, service, openNoticeBatch(service, passNotices), logger);

try {
  const run = await services[service]();
  await run(
    {
      settings,
      files: data.files,
      log,
      spaces,
      logger: logger.child({ service }),
      isDiskLow: () => isDiskLow,
      onDiskChange: (listener) => {
        tellDiskChange = listener;
      },
      onNotices: (listener) => {
        tellNotices = listener;
      },
      onListening: (url) => say({ kind: 'listening', url }),
    },
    stopping.signal,
  );
} catch (error) {
  const { host, port } = settings;
  const problem = listenProblem(error, host, { name: 'S3BATCH_PORT', port });
  if (problem === null) throw error;
  say({ kind: 'unusable', problem });
}
await log.end();
parentPort?.close();

/** Control shows what every thread says, itself included. */
function passNotices(said: ServiceNotices): void {
  if (service === 'control') tellNotices(said);
  else say(said);
}
