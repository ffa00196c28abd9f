// The log as the main thread of an installation sees it: what it opens before the service threads
// start, and the link it gives each of them. The embedded log has its owner here; on Kafka every
// thread has connections of its own.
// Invariant: the control space exists before the first thread starts.
import type { Logger } from 'pino';
import { connectLog } from '../adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../adapters/log/sqlite/owner.ts';
import type { KafkaSettings } from '../core/kafka-settings.ts';
import { controlTopics } from '../core/names.ts';
import { checkKafka, openKafka } from './kafka-log.ts';
import { messageOf, startProblem } from './start-problem.ts';
import type { LogLink } from './thread-data.ts';

export interface LogSide {
  /** For one thread, once: the embedded log's has a port that is handed over. */
  link(): LogLink;
  /** After the last thread has ended. */
  end(): Promise<void>;
}

export interface EmbeddedLogOptions {
  readonly directory: string;
  readonly onLowDisk: (isLow: boolean, freeBytes: number) => void;
  readonly onLost: (error: Error) => void;
}

export async function openEmbeddedSide(options: EmbeddedLogOptions): Promise<LogSide> {
  const owner = await openLogOwner(options).catch((error: unknown) => {
    throw startProblem(`S3BATCH_DATA=${options.directory}: ${messageOf(error)}`);
  });
  const { log, spaces } = connectLog(owner.port());
  await spaces.create('control', controlTopics);
  await log.end();
  return { link: () => ({ kind: 'embedded', port: owner.port() }), end: () => owner.end() };
}

export async function openKafkaSide(settings: KafkaSettings, logger: Logger): Promise<LogSide> {
  await checkKafka(settings, 'main', logger, new AbortController().signal);
  // Nobody watches the one request that is made here.
  const { log, spaces } = await openKafka(settings, 'main', () => {}, logger);
  await spaces.create('control', controlTopics);
  await log.end();
  return { link: () => ({ kind: 'kafka', settings }), end: () => Promise.resolve() };
}
