// What every process of an installation does alike: it reads its settings or says what is wrong
// with them, stops when it is asked to, and ends with a code that tells why.
import type { Logger } from 'pino';
import { noAnswerText } from '../adapters/log/kafka/notice.ts';
import { kafkaWarnings } from '../core/kafka-settings.ts';
import { isLogError } from '../core/log.ts';
import { type Environment } from '../core/setting-reader.ts';
import { isLoopback, readSettings, type Settings } from '../core/settings.ts';
import { type Ending, endingLine } from './end-in-time.ts';
import { isStartProblem } from './start-problem.ts';

const exitBug = 1;
/** Another try would end the same way: settings, files, addresses. */
const exitUnusable = 2;
/** The brokers: start again, and everything goes on from what is committed. */
const exitLost = 3;
/** As a shell says it of who is ended by SIGINT. */
const exitInterrupted = 130;
/** npm passes a Ctrl-C on that the terminal has sent too: within this it is the same one. */
const repeatMsMax = 500;

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
  const at = why.indexOf(noAnswerText);
  if (at >= 0) {
    logger.fatal(`${why.slice(at)}; nothing is lost, start me again`);
    process.exit(exitLost);
  }
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

/** The process was asked to stop, and does not: that is no fault of who asked. */
export function endStuck(stopMsMax: number, logger: Logger): never {
  logger.fatal(`it has not stopped within ${stopMsMax / 1000} s, and is ended`);
  process.exit(exitBug);
}

/** Commits that were given up make it the brokers' end. */
export function endStopped(ending: Ending, logger: Logger): never {
  if (ending.abandoned > 0) logger.warn(endingLine(ending));
  else logger.info(endingLine(ending));
  process.exit(ending.abandoned > 0 ? exitLost : 0);
}

/**
 * Calls once, however often it is asked; a parent that forked us and has gone asks too. Who asks a
 * second time wants the end at once.
 */
export function onStopRequest(stop: () => void): void {
  let askedMs: number | null = null;
  const ask = () => {
    if (askedMs !== null) return;
    askedMs = performance.now();
    stop();
  };
  const askBySignal = (): void => {
    if (askedMs !== null && performance.now() - askedMs > repeatMsMax) {
      tell('ended at once, as asked a second time; what is committed goes on at the next start');
      process.exit(exitInterrupted);
    }
    ask();
  };
  process.on('SIGINT', askBySignal);
  process.on('SIGTERM', askBySignal);
  process.on('disconnect', ask);
}

/** A parent that forked us (the demo, the tests) hears where we are. */
export function tellListening(url: string): void {
  process.send?.({ kind: 'listening', url });
}
