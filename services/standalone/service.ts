// npm run control, ingest, worker or reporter: one service in this process, on a Kafka log that it
// shares with the others.
import { destination } from 'pino';
import { openLogger } from '../control/logger.ts';
import {
  endBy,
  endLost,
  endStopped,
  endStuck,
  onStopRequest,
  refuseStart,
  settingsOrExit,
  tellListening,
  warnOfSettings,
} from './process-life.ts';
import { readSettingFiles } from './read-setting-files.ts';
import { runAlone } from './run-alone.ts';
import { serviceNames } from './thread-data.ts';

/** More than requests in flight are given to end. */
const stopMsMax = 20_000;

const asked = process.argv.slice(2).join(' ');
const service =
  serviceNames.find((name) => name === asked) ??
  refuseStart(`${asked || 'no service'}: say which one to run: ${serviceNames.join(', ')}.`);
const settings = settingsOrExit(process.env, service === 'control' ? 'calls' : 'figures');
const logger = openLogger(settings.logLevel, destination({ dest: 1, sync: true })).child({
  service,
});
process.on('uncaughtException', (error) => endBy(error, logger));

const stopping = new AbortController();
onStopRequest(() => {
  logger.info('s3batch is stopping');
  stopping.abort();
  setTimeout(() => endStuck(stopMsMax, logger), stopMsMax).unref();
});

try {
  const { files, kafka } = readSettingFiles(settings, [service]);
  if (kafka === null) {
    refuseStart(
      'S3BATCH_LOG=sqlite: the embedded log belongs to one process, so that no service runs ' +
        'alone on it; use npm start, or set S3BATCH_LOG=kafka.',
    );
  }
  warnOfSettings(settings, (warning) => logger.warn(warning));
  const ending = await runAlone(
    { service, settings, kafka, files, logger, onListening: tellListening },
    stopping.signal,
  );
  if (!stopping.signal.aborted) endLost('the control space is gone', logger);
  endStopped(ending, logger);
} catch (error) {
  endBy(error, logger);
}
