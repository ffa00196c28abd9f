// What a service of an installation is given by the thread or process that runs
// it.
import type { Logger } from 'pino';
import type { Log, Spaces } from '../core/log.ts';
import type { Settings } from '../core/settings.ts';
import type { ServiceNotices, SettingFiles } from './thread-data.ts';

export interface Surroundings {
  readonly settings: Settings;
  readonly files: SettingFiles;
  readonly log: Log;
  readonly spaces: Spaces;
  readonly logger: Logger;
  /** True while the disk is nearly full: no job is active then. */
  readonly isDiskLow: () => boolean;
  /** Called after isDiskLow has changed; the last listener counts. */
  readonly onDiskChange: (listener: () => void) => void;
  /** Called with what Kafka logs say of themselves, for the figures; the last listener counts. */
  readonly onNotices: (listener: (notices: ServiceNotices) => void) => void;
  readonly onListening: (url: string) => void;
}

export type ServiceRun = (around: Surroundings, signal: AbortSignal) => Promise<void>;
