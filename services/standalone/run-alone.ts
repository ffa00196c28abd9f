// One service in a process of its own, on Kafka: what npm start runs as a thread. Control makes the
// control space, everyone else waits for it. Figures are shown on a port of their own, or beside
// control's API.
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import type { LogNotice } from '../adapters/log/kafka/notice.ts';
import { systemClock as clock } from '../adapters/process/clock.ts';
import { aborted } from '../core/bell.ts';
import type { KafkaSettings } from '../core/kafka-settings.ts';
import { controlTopics } from '../core/names.ts';
import type { Settings } from '../core/settings.ts';
import { services } from './compose.ts';
import { type Ending, endInTime } from './end-in-time.ts';
import { awaitControlSpace, checkKafka, type OpenLog, openKafka } from './kafka-log.ts';
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
export async function runAlone(alone: Alone, signal: AbortSignal): Promise<Ending> {
  const { service, settings, kafka, logger } = alone;
  // An address in use is told before the brokers are asked for anything.
  if (service === 'control') await tryListening(settings);
  let tellNotices = (_said: ServiceNotices) => {};
  const onNotices = (listener: (said: ServiceNotices) => void): void => {
    tellNotices = listener;
  };
  const server = await openFigures(alone, onNotices);
  const onNotice = (notice: LogNotice): void =>
    tellNotices({ kind: 'notices', service, isFirst: false, notices: [notice] });
  const opening = checkKafka(kafka, service, logger, signal).then(() =>
    openKafka(kafka, service, onNotice, logger),
  );
  const open = await Promise.race([opening, aborted(signal)]);
  // Nothing is claimed yet: brokers that do not answer need not hold up the end.
  if (open === undefined) return { isGivenUp: false, abandoned: 0 };
  const serving = serve(alone, open, { figures: server?.url, onNotices }, signal);
  const ending = await endInTime(serving, open, clock, signal);
  await server?.close();
  return ending;
}

interface Around {
  readonly figures: string | undefined;
  readonly onNotices: (listener: (said: ServiceNotices) => void) => void;
}

async function serve(
  alone: Alone,
  { log, spaces }: OpenLog,
  { figures, onNotices }: Around,
  signal: AbortSignal,
): Promise<void> {
  const { service, settings, files, kafka, logger } = alone;
  const { brokers, prefix } = kafka;
  if (service === 'control') await spaces.create('control', controlTopics);
  else await awaitControlSpace(spaces, clock, logger, signal);
  if (signal.aborted) return;
  if (service !== 'control') logger.info({ brokers, prefix, figures }, 'running');
  const run = await services[service]();
  const onListening = (url: string): void => {
    logger.info({ url, brokers, prefix }, 'running');
    alone.onListening(url);
  };
  const around = {
    settings,
    files,
    log,
    spaces,
    logger,
    isDiskLow: () => false,
    onDiskChange: () => {},
    onNotices,
    onListening,
  };
  await run(around, signal).catch((error: unknown) => {
    throw apiProblem(settings, error);
  });
}

async function tryListening({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  }).catch((error: unknown) => {
    throw apiProblem({ host, port }, error);
  });
}

function apiProblem({ host, port }: Pick<Settings, 'host' | 'port'>, error: unknown): unknown {
  const problem = listenProblem(error, host, { name: 'S3BATCH_PORT', port });
  return problem === null ? error : startProblem(problem);
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
