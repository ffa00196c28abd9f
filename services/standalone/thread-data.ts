// What the main thread gives a service thread, and what the thread says back.
import type { MessagePort } from 'node:worker_threads';
import type { LogNotice } from '../adapters/log/kafka/notice.ts';
import type { KafkaSettings } from '../core/kafka-settings.ts';
import type { Settings } from '../core/settings.ts';

export const serviceNames = ['control', 'ingest', 'worker', 'reporter'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The text of the files that settings name, read once by the main thread. */
export interface SettingFiles {
  readonly keys: string | null;
  readonly roles: string | null;
  readonly rules: string | null;
}

/** How a thread comes to its log: through the owner of the embedded one, or by itself. */
export type LogLink =
  | { readonly kind: 'embedded'; readonly port: MessagePort }
  | { readonly kind: 'kafka'; readonly settings: KafkaSettings };

export interface ThreadData {
  readonly service: ServiceName;
  readonly settings: Settings;
  readonly files: SettingFiles;
  readonly link: LogLink;
  readonly isDiskLow: boolean;
}

/** What the Kafka log of one service said since it said something last. */
export interface ServiceNotices {
  readonly kind: 'notices';
  readonly service: ServiceName;
  /** The log has just been opened: nothing that one before it said holds any more. */
  readonly isFirst: boolean;
  readonly notices: readonly LogNotice[];
}

/** Notices are for control, which shows the figures of all threads. */
export type ThreadOrder = 'stop' | 'crash' | 'disk low' | 'disk fine' | ServiceNotices;

export type ThreadMessage =
  | ServiceNotices
  | { readonly kind: 'listening'; readonly url: string }
  /** Asked to stop while no broker answered: so many commits were given up. */
  | { readonly kind: 'given up'; readonly abandoned: number }
  /** The service cannot start as it is configured; another try would say the same. */
  | { readonly kind: 'unusable'; readonly problem: string };
