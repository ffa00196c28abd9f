// What the main thread gives a service thread, and what the thread says back.
import type { MessagePort } from 'node:worker_threads';
import type { Settings } from '../core/settings.ts';

export const serviceNames = ['control', 'ingest', 'worker', 'reporter'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The text of the files that settings name, read once by the main thread. */
export interface SettingFiles {
  readonly keys: string | null;
  readonly roles: string | null;
  readonly rules: string | null;
}

export interface ThreadData {
  readonly service: ServiceName;
  readonly settings: Settings;
  readonly files: SettingFiles;
  readonly logPort: MessagePort;
  readonly isDiskLow: boolean;
}

export type ThreadOrder = 'stop' | 'crash' | 'disk low' | 'disk fine';

export type ThreadMessage =
  | { readonly kind: 'listening'; readonly url: string }
  /** The service cannot start as it is configured; another try would say the same. */
  | { readonly kind: 'unusable'; readonly problem: string };
