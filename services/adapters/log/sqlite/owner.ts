// Opens the embedded log: one thread that owns the data directory, and a port for each service
// thread (connect.ts makes a Log of it). Every refusal names the file or directory and the remedy.
// Invariant: resolves only when the directory is locked and every file in it has been recognised.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { OwnerNews, OwnerOptions, OwnerOrder } from './protocol.ts';

export interface LogOwnerOptions extends Partial<OwnerOptions> {
  readonly directory: string;
  /** Called when the free space falls below lowDiskBytes, and again when it is back. */
  readonly onLowDisk?: (low: boolean, freeBytes: number) => void;
  /** The thread has died: every port is closed, nothing is acknowledged any more. */
  readonly onLost?: (error: Error) => void;
}

export interface LogOwnerHandle {
  /** To hand to a service's thread, as workerData with transferList or by postMessage. */
  port(): MessagePort;
  /** After the services: commits what waits and unlocks the directory. */
  end(): Promise<void>;
}

const lowDiskBytesDefault = 1024 * 1024 * 1024;
const reserveBytesDefault = 256 * 1024 * 1024;

export async function openLogOwner(options: LogOwnerOptions): Promise<LogOwnerHandle> {
  const workerData: OwnerOptions = {
    directory: options.directory,
    lowDiskBytes: options.lowDiskBytes ?? lowDiskBytesDefault,
    reserveBytes: options.reserveBytes ?? reserveBytesDefault,
    pagesMax: options.pagesMax ?? 0,
    fault: options.fault ?? { kind: 'fail', atStatement: 0 },
  };
  const worker = new Worker(new URL('./owner-thread.ts', import.meta.url), { workerData });
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<void>();
  let ending = false;
  let failure: Error | null = null;
  worker.on('message', (news: OwnerNews) => {
    switch (news.news) {
      case 'ready':
        return ready.resolve();
      case 'refused':
        ending = true;
        return ready.reject(new Error(news.message));
      case 'disk':
        return options.onLowDisk?.(news.low, news.freeBytes);
    }
  });
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  worker.on('exit', () => {
    const error = failure ?? new Error(`the log's thread in ${options.directory} has ended`);
    ready.reject(error);
    exited.resolve();
    if (!ending) options.onLost?.(error);
  });
  await ready.promise;
  return {
    port: () => {
      const { port1, port2 } = new MessageChannel();
      const order: OwnerOrder = { order: 'connect' };
      worker.postMessage({ ...order, port: port1 }, [port1]);
      return port2;
    },
    end: async () => {
      ending = true;
      const order: OwnerOrder = { order: 'end' };
      worker.postMessage(order);
      await exited.promise;
    },
  };
}
