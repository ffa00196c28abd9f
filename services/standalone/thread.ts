// One service in a thread of its own. It stops when asked to; an exception ends the thread, and the
// supervisor starts another.
import { parentPort, workerData } from 'node:worker_threads';
import { destination } from 'pino';
import { connectLog } from '../adapters/log/sqlite/connect.ts';
import { systemClock as clock } from '../adapters/process/clock.ts';
import { openLogger } from '../control/logger.ts';
import { aborted } from '../core/bell.ts';
import { services } from './compose.ts';
import { endInTime } from './end-in-time.ts';
import { type OpenLog, type OutageView, openKafka } from './kafka-log.ts';
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

// A thread that starts while no broker answers can be asked to stop all the same.
const opened = await Promise.race([openLog(), aborted(stopping.signal)]);
if (opened === undefined) process.exit();
const { log, spaces } = opened;
if (opened.outage === null) {
  await serve();
  await log.end();
} else {
  const ending = await endInTime(serve(), { log, outage: opened.outage }, clock, stopping.signal);
  if (ending.isGivenUp) {
    say({ kind: 'given up', abandoned: ending.abandoned });
    process.exit();
  }
}
parentPort?.close();

async function openLog(): Promise<
  Omit<OpenLog, 'outage'> & { readonly outage: OutageView | null }
> {
  if (link.kind === 'embedded') return { ...connectLog(link.port), outage: null };
  const notice = openNoticeBatch(service, passNotices);
  // One outage, one line of the process.
  return openKafka(link.settings, service, notice, logger, service === 'control');
}

async function serve(): Promise<void> {
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
}

/** Control shows what every thread says, itself included. */
function passNotices(said: ServiceNotices): void {
  if (service === 'control') tellNotices(said);
  else say(said);
}
