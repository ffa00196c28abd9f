// Keeps the service threads of one installation alive. A thread that throws has met a bug or a lost
// world: that is logged once, and the thread starts again with a growing delay; its lanes and
// claims move meanwhile, as a dead process's would. The embedded log's own thread is the exception:
// without it nothing can be promised, so its end ends the process.
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { noAnswerText } from '../adapters/log/kafka/notice.ts';
import { heapLimits } from './heaps.ts';
import { messageOf } from './start-problem.ts';
import type {
  LogLink,
  ServiceName,
  ThreadData,
  ThreadMessage,
  ThreadOrder,
} from './thread-data.ts';

const restartDelayMsMin = 200;
const restartDelayMsMax = 30_000;
/** A thread that lived this long starts over with the shortest delay. */
const healthyMs = 60_000;
/** A thread that does not end by itself after being asked to is ended. */
const stopMsMax = 10_000;

export interface SupervisedThread {
  /** crash: throws inside the thread, for the tests of restarts. */
  order(order: ThreadOrder): void;
  stop(): Promise<void>;
}

export interface ThreadEvents {
  /** A message of the thread other than its end. */
  onMessage(message: ThreadMessage): void;
}

export function supervise(
  service: ServiceName,
  data: () => Omit<ThreadData, 'service' | 'link'>,
  newLink: () => LogLink,
  logger: Logger,
  events: ThreadEvents,
): SupervisedThread {
  let worker: Worker | undefined;
  let delayMs = restartDelayMsMin;
  const stopping = new AbortController();

  const runOnce = (): Promise<void> =>
    new Promise((resolve) => {
      const link = newLink();
      const threadData: ThreadData = { ...data(), service, link };
      worker = new Worker(new URL('./thread.ts', import.meta.url), {
        name: service,
        resourceLimits: heapLimits[service],
        workerData: threadData,
        transferList: link.kind === 'embedded' ? [link.port] : [],
      });
      worker.on('message', (message: ThreadMessage) => events.onMessage(message));
      worker.on('error', (error: unknown) => {
        const why = messageOf(error);
        // An outage of the brokers is no bug: its stack says nothing.
        if (why.includes(noAnswerText)) logger.error({ service }, why);
        else logger.error({ service, err: error }, 'a service ended by an exception');
      });
      worker.once('exit', () => resolve());
    });

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      await runOnce();
      if (stopping.signal.aborted) return;
      if (performance.now() - startedMs > healthyMs) delayMs = restartDelayMsMin;
      logger.warn({ service, delayMs }, 'the service starts again');
      await pause(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, restartDelayMsMax);
    }
  })();

  const order = (said: ThreadOrder) => worker?.postMessage(said);
  return {
    order,
    stop: async () => {
      stopping.abort();
      order('stop');
      const forced = new AbortController();
      const force = pause(stopMsMax, undefined, { signal: forced.signal }).then(
        () => worker?.terminate(),
        () => undefined,
      );
      await loop;
      forced.abort();
      await force;
    },
  };
}
