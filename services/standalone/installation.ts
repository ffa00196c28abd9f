// One installation in one process: the log and the service threads around it.
import type { Logger } from 'pino';
import type { Settings } from '../core/settings.ts';
import type { Ending } from './end-in-time.ts';
import { keepHeapsSmall } from './heaps.ts';
import { openEmbeddedSide, openKafkaSide } from './log-side.ts';
import { readSettingFiles } from './read-setting-files.ts';
import { startProblem } from './start-problem.ts';
import { type SupervisedThread, supervise } from './supervisor.ts';
import { type ServiceName, serviceNames, type ThreadMessage } from './thread-data.ts';

export interface Installation {
  readonly url: string;
  crash(service: ServiceName): void;
  close(): Promise<Ending>;
}

export async function startInstallation(
  settings: Settings,
  logger: Logger,
  onLogLost: (error: Error) => void,
): Promise<Installation> {
  const { files, kafka } = readSettingFiles(settings, serviceNames);
  const threads = new Map<ServiceName, SupervisedThread>();
  let isDiskLow = false;
  const onLowDisk = (low: boolean, freeBytes: number) => {
    isDiskLow = low;
    logger.warn({ freeBytes }, low ? 'the disk is nearly full: jobs are paused' : 'disk is fine');
    for (const thread of threads.values()) thread.order(low ? 'disk low' : 'disk fine');
  };
  keepHeapsSmall();
  const directory = settings.dataDirectory;
  const side =
    kafka === null
      ? await openEmbeddedSide({ directory, onLowDisk, onLost: onLogLost })
      : await openKafkaSide(kafka, logger);
  let ending: Ending = { isGivenUp: false, abandoned: 0 };
  const stopAll = async () => {
    await Promise.all([...threads.values()].map((thread) => thread.stop()));
    await side.end();
    return ending;
  };
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const onMessage = (message: ThreadMessage) => {
        switch (message.kind) {
          case 'listening':
            return resolve(message.url);
          case 'unusable':
            return reject(startProblem(message.problem));
          case 'given up':
            ending = { isGivenUp: true, abandoned: ending.abandoned + message.abandoned };
            return;
          case 'notices':
            return threads.get('control')?.order(message);
        }
      };
      const data = () => ({ settings, files, isDiskLow });
      for (const service of serviceNames) {
        threads.set(
          service,
          supervise(service, data, () => side.link(), logger, { onMessage }),
        );
      }
    });
    return { url, crash: (service) => threads.get(service)?.order('crash'), close: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
