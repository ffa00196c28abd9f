// The Kafka log as an installation opens it. Loaded only where it is used, so that an installation
// on the embedded log carries nothing of the client.
import type { Logger } from 'pino';
import type { NoticeLog } from '../adapters/log/kafka/notice.ts';
import type { Clock } from '../core/clock.ts';
import type { KafkaSettings } from '../core/kafka-settings.ts';
import type { Log, Spaces } from '../core/log.ts';
import { foreignCheck } from './foreign-check.ts';
import { brokerProblem, messageOf } from './start-problem.ts';

const lookEveryMs = 1_000;

export interface OpenLog {
  readonly log: Log;
  readonly spaces: Spaces;
  readonly outage: OutageView;
}

export interface OutageView {
  /** No broker has answered for a while. */
  isAway(): boolean;
  /** Sends and commits that were given up when the log was ended. */
  abandoned(): number;
}

/**
 * Whether this installation can work on these brokers: if not, a StartProblem; what will hurt one
 * day is logged. Asked once per process, before anything is opened there.
 */
export async function checkKafka(
  settings: KafkaSettings,
  service: string,
  logger: Pick<Logger, 'info' | 'warn'>,
  signal: AbortSignal,
): Promise<void> {
  const { checkBrokers } = await import('../adapters/log/kafka/check.ts');
  const { timingDefaults } = await import('../adapters/log/kafka/brokers.ts');
  const { transactionMs } = timingDefaults;
  const clientId = `s3batch-${service}`;
  logger.info(`connecting to ${settings.brokers.join(', ')}`);
  const answer = await checkBrokers({ settings, clientId, transactionMs }, signal);
  if (answer.kind === 'problem') throw brokerProblem(answer.problem.message);
  for (const warning of answer.warnings) logger.warn(warning);
}

/**
 * Brokers that cannot be used as configured are a StartProblem. Control's log trims topics and keeps
 * positions. tellsOutages: of the logs of one process, one has the line.
 */
export async function openKafka(
  settings: KafkaSettings,
  service: string,
  notice: NoticeLog,
  logger: Pick<Logger, 'error' | 'info' | 'warn'>,
  tellsOutages = true,
): Promise<OpenLog> {
  const { isKafkaProblem, openKafkaLog } = await import('../adapters/log/kafka/open.ts');
  try {
    const isForeign = foreignCheck(settings.prefix);
    const { outage, hear } = outageView();
    const tell = telling(notice, logger, tellsOutages);
    const hearAndTell: NoticeLog = (said) => {
      hear(said);
      tell(said);
    };
    const options = { settings, service, notice: hearAndTell, isForeign };
    if (service !== 'control') return { ...(await openKafkaLog(options)), outage };
    const onUpkeepFailed = (error: unknown): void => {
      logger.warn(
        { error: messageOf(error) },
        'topics could not be trimmed, or positions not kept; the next round tries again',
      );
    };
    return { ...(await openKafkaLog({ ...options, onUpkeepFailed })), outage };
  } catch (error) {
    if (isKafkaProblem(error)) throw brokerProblem(error.message);
    throw error;
  }
}

function outageView(): { readonly outage: OutageView; readonly hear: NoticeLog } {
  let isAway = false;
  let abandoned = 0;
  return {
    outage: { isAway: () => isAway, abandoned: () => abandoned },
    hear: (said) => {
      if (said.kind === 'away') isAway = true;
      if (said.kind === 'back') isAway = false;
      if (said.kind === 'abandoned') abandoned += said.commits;
    },
  };
}

/** What somebody must look into is a line of the log as well as a figure. */
function telling(
  notice: NoticeLog,
  logger: Pick<Logger, 'error' | 'info' | 'warn'>,
  tellsOutages: boolean,
): NoticeLog {
  return (said) => {
    if (said.kind === 'away' && tellsOutages) {
      const { broker, cause, awayMsMax } = said;
      const patience = `waiting, at most ${awayMsMax / 1000} s`;
      logger.warn({ broker }, `no broker answers (${broker}: ${cause}); ${patience}`);
    }
    if (said.kind === 'back' && tellsOutages) {
      logger.info(`brokers are back after ${Math.round(said.awayMs / 1000)} s`);
    }
    if (said.kind === 'foreign') {
      const { topic, partition, offset, broker, reason } = said;
      logger.error(
        { topic, partition, offset: Number(offset), broker, reason },
        'passed over a record that s3batch did not write: see docs/OPERATIONS.md, "When something is wrong"',
      );
    }
    notice(said);
  };
}

/** Control makes its space; everyone else finds it. Resolves too when the signal is aborted. */
export async function awaitControlSpace(
  spaces: Spaces,
  clock: Clock,
  logger: Pick<Logger, 'info'>,
  signal: AbortSignal,
): Promise<void> {
  let isFirstLook = true;
  while (!signal.aborted && !(await spaces.list()).some(({ space }) => space === 'control')) {
    if (isFirstLook) logger.info('waiting for control: it has not made its topics yet');
    isFirstLook = false;
    await clock.sleep(lookEveryMs, signal);
  }
}
