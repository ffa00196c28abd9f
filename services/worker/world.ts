// What all lanes of one worker process share: the ports, and the limits that hold across lanes.
import type { Clock, Random } from '../core/clock.ts';
import { type Collector, openCollector } from '../core/collector.ts';
import type { Log } from '../core/log.ts';
import type { RoleStorage, Roles } from '../core/storage.ts';
import { type Allowance, openAllowance } from './allowance.ts';
import { type Breaker, openBreaker } from './breaker.ts';
import { type Deadlines, openDeadlines } from './deadline.ts';
import { type WorkerLimits, workerLimits } from './limits.ts';
import { openShare, type Share } from './share.ts';

export interface WorkerLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface WorkerPorts {
  readonly log: Log;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: WorkerLogger;
  readonly limits?: Partial<WorkerLimits>;
}

export interface World {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: WorkerLogger;
  readonly limits: WorkerLimits;
  readonly share: Share;
  readonly allowance: Allowance;
  readonly deadlines: Deadlines;
  /** Posts and what they hold. */
  readonly crew: Collector;
  /** What serves them: it ends once they have. */
  readonly background: Collector;
  /** The process is to end: start nothing new. */
  readonly stopping: AbortSignal;
  /** undefined: no such role is configured here. */
  role(roleArn: string): RoleStorage | undefined;
  /** One per role, since a role is an endpoint and credentials. */
  breaker(roleArn: string): Breaker;
}

const silent: WorkerLogger = { info: () => {}, warn: () => {} };

export function openWorld(ports: WorkerPorts, signal: AbortSignal): World {
  const limits: WorkerLimits = { ...workerLimits, ...ports.limits };
  const crew = openCollector();
  const background = openCollector();
  const stopping = AbortSignal.any([signal, crew.failed, background.failed]);
  const breakers = new Map<string, Breaker>();
  return {
    log: ports.log,
    clock: ports.clock,
    random: ports.random,
    logger: ports.logger ?? silent,
    limits,
    share: openShare(limits.requestsInFlightMax),
    allowance: openAllowance(limits.uncommittedTasksMax),
    deadlines: openDeadlines(ports.clock, background),
    crew,
    background,
    stopping,
    role: (roleArn) => ports.roles.resolve(roleArn),
    breaker: (roleArn) => {
      const known = breakers.get(roleArn);
      if (known !== undefined) return known;
      const breaker = openBreaker(ports.clock, background, limits, stopping);
      breakers.set(roleArn, breaker);
      return breaker;
    },
  };
}
