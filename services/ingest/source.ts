// What every step of reading needs to know of the world: one role's storage, time, and limits.
import type { Clock } from '../core/clock.ts';
import type { RoleStorage } from '../core/storage.ts';
import type { IngestLimits } from './limits.ts';

export interface Source {
  readonly storage: RoleStorage;
  readonly roleArn: string;
  readonly endpoint: string;
  readonly clock: Clock;
  readonly limits: IngestLimits;
}
