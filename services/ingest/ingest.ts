// The ports of ingest with everything filled in, and what the jobs topic says.
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Roles } from '../core/storage.ts';
import type { Board } from './board.ts';
import type { Buffered } from './buffered.ts';
import type { IngestLimits } from './limits.ts';

export interface Ingest {
  readonly log: Log;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly limits: IngestLimits;
  readonly buffered: Buffered;
  readonly board: Board;
}
