// One service in a process of its own, on Kafka: what npm start runs as a thread. Control makes the
// control space, everyone else waits for it. Figures are shown on a port of their own, or beside
// control's API.
import type { Logger } from 'pino';
import type { LogNotice } from '../adapters/log/kafka/notice.ts';
import { systemClock as clock } from '../adapters/process/clock.ts';
import { aborted } from '../core/bell.ts';
import type { KafkaSettings } from '../core/kafka-settings.ts';
import { controlTopics } from '../core/names.ts';
import type { Settings } from '../core/settings.ts';
import { services } from './compose.ts';
import { awaitControlSpace, checkKafka, openKafka } from './kafka-log.ts';
import { listenProblem } from './listen-problem.ts';
import { openLogMetrics } from './metrics/log-metrics.ts';
import { openProcessRegistry } from './metrics/process-registry.ts';
import { type FigureServer, serveFigures } from './metrics/serve-figures.ts';
import { startProblem } from './start-problem.ts';
import type { ServiceName, ServiceNotices, SettingFiles } from './thread-data.ts';

export interface Alone {
  readonly service: ServiceName;
  readonly settings: Settings;
  readonly kafka: KafkaSettings;
  readonly files: SettingFiles;
  readonly logger: Logger;
  /** Calls and figures of control, figures of the others if they are wanted. */
  readonly onListening: (url: string) => void;
}

/**
 * Resolves when the signal is aborted, or the control space is gone. Rejects with a StartProblem,
 * when the log is lost, and on a bug.
 */
export async function runAlone(alone: Alone, signal: AbortSignal): Promise<void> {
  const { service, settings, files, kafka, logger } = alone;
  let tellNotices = (_said: ServiceNotices) => {};
  const server = await openFigures(alone, (listener) => {
    tellNotices = listener;
  });
  const onNotice = (notice: LogNotice): void =>
    tellNotices({ kind: 'notices', service, isFirst: false, notices: [notice] });
  const opening = checkKafka(kafka, service, logger, signal).then(() =>
    openKafka(kafka, service, onNotice, logger),
  );
  const open = await Promise.race([opening, aborted(signal)]);
  // Nothing is claimed yet: brokers that do not answer need not hold up the end.
  if (open === undefined) return;
  const { log, spaces } = open;
  if (service === 'control') await spaces.create('control', controlTopics);
  else await awaitControlSpace(spaces, clock, logger, signal);
  if (!signal.aborted) {
    logger.info({ brokers: kafka.brokers, prefix: kafka.prefix, figures: server?.url }, 'running');
    const run = await services[service]();
    const around = {
      settings,
      files,
      log,
      spaces,
      logger,
      isDiskLow: () => false,
      onDiskChange: () => {},
      onNotices: (listener: (said: ServiceNotices) => void) => {
        tellNotices = listener;
      },
      onListening: alone.onListening,
    };
    await run(around, signal).catch((error: unknown) => {
      const { host, port } = settings;
      const problem = listenProblem(error, host, { name: 'S3BATCH_PORT', port });
      throw problem === null ? error : startProblem(problem);
    });
  }
  await log.end();
  await server?.close();
}

async function openFigures(
  { service, settings, onListening }: Alone,
  onNotices: (listener: (said: ServiceNotices) => void) => void,
): Promise<FigureServer | undefined> {
  const { host, metricsPort: port } = settings;
  if (service === 'control' || port === null) return undefined;
  const registry = openProcessRegistry();
  onNotices(openLogMetrics(registry, clock));
  const server = await serveFigures(registry, { host, port }).catch((error: unknown) => {
    const problem = listenProblem(error, host, { name: 'S3BATCH_METRICS_PORT', port });
    throw problem === null ? error : startProblem(problem);
  });
  onListening(server.url);
  return server;
}
