// The Kafka log of one process or thread: the log port and the coordinator's port over brokers.
import type { Log, Spaces } from '../../../core/log.ts';
import type { KafkaSettings } from '../../../core/settings.ts';
import { openBrokers, timingDefaults } from './brokers.ts';
import { connectLog } from './connect.ts';
import type { NoticeLog } from './notice.ts';

export interface KafkaLogOptions {
  readonly settings: KafkaSettings;
  /** Shown to the brokers as the client's name: s3batch-<service>. */
  readonly service: string;
  readonly notice: NoticeLog;
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

/** Rejects with a KafkaProblem. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const { settings, service, notice } = options;
  const clientId = `s3batch-${service}`;
  return connectLog(openBrokers({ settings, clientId, notice, timing: timingDefaults }));
}
