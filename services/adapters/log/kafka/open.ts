// The Kafka log of one process or thread: the log port and the coordinator's port over brokers.
import type { Log, Spaces } from '../../../core/log.ts';
import type { KafkaSettings } from '../../../core/settings.ts';
import { type IsForeign, openBrokers, timingDefaults } from './brokers.ts';
import { connectLog } from './connect.ts';
import { openPositionKeeper } from './keep-positions.ts';
import type { NoticeLog } from './notice.ts';
import { openTrimming } from './trim.ts';

export interface KafkaLogOptions {
  readonly settings: KafkaSettings;
  /** Shown to the brokers as the client's name: s3batch-<service>. */
  readonly service: string;
  readonly notice: NoticeLog;
  readonly isForeign: IsForeign;
  /**
   * Given by the one service that keeps house (control): topics are trimmed behind their readers,
   * positions kept from expiring. Told when a round has failed; the next one tries again.
   */
  readonly onUpkeepFailed?: (error: unknown) => void;
}

export interface KafkaLog {
  /** end() closes every connection. */
  readonly log: Log;
  readonly spaces: Spaces;
}

/** A broker that cannot be used as configured: the message names broker, cause and remedy. */
export interface KafkaProblem extends Error {
  readonly name: 'KafkaProblem';
}

export function isKafkaProblem(error: unknown): error is KafkaProblem {
  return error instanceof Error && error.name === 'KafkaProblem';
}

/** Rejects with a KafkaProblem, or with lost. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const { settings, service, notice, isForeign, onUpkeepFailed } = options;
  const clientId = `s3batch-${service}`;
  const brokers = openBrokers({ settings, clientId, notice, isForeign, timing: timingDefaults });
  const { log, spaces, registry } = await connectLog(brokers);
  if (onUpkeepFailed !== undefined) {
    const onFailed = onUpkeepFailed;
    openTrimming({ brokers, registry, nowMs: () => Date.now(), onFailed });
    openPositionKeeper({ brokers, registry, onFailed });
  }
  return { log, spaces };
}
