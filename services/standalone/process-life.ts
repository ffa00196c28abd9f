// What every process of an installation does alike: it reads its settings or says what is wrong
// with them, stops when it is asked to, and ends with a code that tells why.
import type { Logger } from 'pino';
import { kafkaWarnings } from '../core/kafka-settings.ts';
import { isLogError } from '../core/log.ts';
import { type Environment } from '../core/setting-reader.ts';
import { isLoopback, readSettings, type Settings } from '../core/settings.ts';
import { isStartProblem } from './start-problem.ts';

const exitBug = 1;
/** Another try would end the same way: settings, files, addresses. */
const exitUnusable = 2;
/** The brokers: start again, and everything goes on from what is committed. */
const exitLost = 3;

export function refuseStart(...problems: readonly string[]): never {
  for (const problem of problems) tell(problem);
  process.exit(exitUnusable);
}

function tell(problem: string): void {
  process.stderr.write(`s3batch: ${problem}\n`);
}

/** Says in one line why the process ends, and ends it. */
export function endBy(error: unknown, logger: Logger): never {
  if (isStartProblem(error)) {
    tell(error.message);
    process.exit(error.lies === 'in settings' ? exitUnusable : exitLost);
  }
  if (isLogError(error) && error.failure === 'lost') endLost(error.message, logger);
  logger.fatal({ err: error }, 'the process ends by an exception');
  process.exit(exitBug);
}

export function endLost(why: string, logger: Logger): never {
  logger.fatal({ error: why }, 'the log is lost; the process ends and may be restarted');
  process.exit(exitLost);
}

export function settingsOrExit(environment: Environment, face: 'calls' | 'figures'): Settings {
  const answer = readSettings(environment, face);
  return answer.kind === 'settings' ? answer.settings : refuseStart(...answer.problems);
}

export function warnOfSettings(settings: Settings, warn: (warning: string) => void): void {
  if (settings.kafka === null) return;
  for (const warning of kafkaWarnings(settings.kafka, isLoopback)) warn(warning);
}

/** Calls once, however often it is asked; a parent that forked us and has gone asks too. */
export function onStopRequest(stop: () => void): void {
  let isAsked = false;
  const ask = () => {
    if (isAsked) return;
    isAsked = true;
    stop();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  process.on('disconnect', ask);
}

/** A parent that forked us (the demo, the tests) hears where we are. */
export function tellListening(url: string): void {
  process.send?.({ kind: 'listening', url });
}
