// What all lanes of one reporter process share: the ports, and the limits that hold across lanes.
import type { Clock } from '../core/clock.ts';
import { type Collector, openCollector } from '../core/collector.ts';
import type { Log } from '../core/log.ts';
import type { Roles } from '../core/storage.ts';
import { type ReporterLimits, reporterLimits } from './limits.ts';
import { openPermits, type Permits } from './permits.ts';

export interface ReporterLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ReporterPorts {
  readonly log: Log;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly logger?: ReporterLogger;
  readonly limits?: Partial<ReporterLimits>;
}

export interface World {
  readonly log: Log;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly logger: ReporterLogger;
  readonly limits: ReporterLimits;
  readonly uploads: Permits;
  /** Everything that runs on its own in this process. */
  readonly crew: Collector;
  /** The process is to end. */
  readonly stopping: AbortSignal;
}

const silent: ReporterLogger = { info: () => {}, warn: () => {} };

export function openWorld(ports: ReporterPorts, signal: AbortSignal): World {
  const limits: ReporterLimits = { ...reporterLimits, ...ports.limits };
  const crew = openCollector();
  return {
    log: ports.log,
    roles: ports.roles,
    clock: ports.clock,
    logger: ports.logger ?? silent,
    limits,
    uploads: openPermits(limits.uploadsMax),
    crew,
    stopping: AbortSignal.any([signal, crew.failed]),
  };
}
