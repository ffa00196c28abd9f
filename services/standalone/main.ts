// npm start: the whole system in one process on the embedded log, in front of any S3.
import { destination } from 'pino';
import { openLogger } from '../control/logger.ts';
import { readSettings } from '../core/settings.ts';
import { isStartProblem, startInstallation } from './installation.ts';
import { serviceNames } from './thread-data.ts';

const exitUnusable = 2;
const exitLost = 3;

const answer = readSettings(process.env);
if (answer.kind === 'problems') {
  for (const problem of answer.problems) process.stderr.write(`s3batch: ${problem}\n`);
  process.exit(exitUnusable);
}
const { settings } = answer;
const logger = openLogger(settings.logLevel, destination({ dest: 1, sync: true }));

try {
  const installation = await startInstallation(settings, logger, (error) => {
    logger.fatal(
      { error: error.message },
      'the log is lost; the process ends and may be restarted',
    );
    process.exit(exitLost);
  });
  logger.info({ url: installation.url, data: settings.dataDirectory }, 's3batch is ready');
  // A parent that forked us (the demo, the tests) hears where we are, and may make a thread throw.
  process.send?.({ kind: 'listening', url: installation.url });
  process.on('message', (message) => {
    const service = serviceNames.find((name) => message === `crash ${name}`);
    if (service !== undefined) installation.crash(service);
  });
  let closing = false;
  const stop = () => {
    if (closing) return;
    closing = true;
    logger.info('s3batch is stopping');
    void installation.close().then(() => {
      logger.info('s3batch has stopped');
      process.exit(0);
    });
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
} catch (error) {
  if (!isStartProblem(error)) throw error;
  process.stderr.write(`s3batch: ${error.message}\n`);
  process.exit(exitUnusable);
}
