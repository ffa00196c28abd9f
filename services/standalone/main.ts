// npm start: the whole system in one process, in front of any S3: on the embedded log, or as one
// of the processes that share a Kafka log.
import { destination } from 'pino';
import { openLogger } from '../control/logger.ts';
import { startInstallation } from './installation.ts';
import {
  endBy,
  endLost,
  endStopped,
  onStopRequest,
  settingsOrExit,
  tellListening,
  warnOfSettings,
} from './process-life.ts';
import { serviceNames } from './thread-data.ts';

const settings = settingsOrExit(process.env, 'calls');
const logger = openLogger(settings.logLevel, destination({ dest: 1, sync: true }));
warnOfSettings(settings, (warning) => logger.warn(warning));

try {
  const installation = await startInstallation(settings, logger, ({ message }) =>
    endLost(message, logger),
  );
  const { url } = installation;
  const where =
    settings.kafka === null
      ? { data: settings.dataDirectory }
      : { brokers: settings.kafka.brokers, prefix: settings.kafka.prefix };
  logger.info({ url, ...where }, 's3batch is ready');
  tellListening(url);
  // A parent that forked us may make a thread throw.
  process.on('message', (message) => {
    const service = serviceNames.find((name) => message === `crash ${name}`);
    if (service !== undefined) installation.crash(service);
  });
  onStopRequest(() => {
    logger.info('s3batch is stopping');
    void installation.close().then((ending) => endStopped(ending, logger));
  });
} catch (error) {
  endBy(error, logger);
}
