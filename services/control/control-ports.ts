// What control's HTTP front needs of the rest: the desk and all that a call uses, the keys, and the
// services behind its other doors, each of which may be absent.
import type { EventDoor, TopicService } from '../core/notify.ts';
import type { Keys } from './auth/keys.ts';
import type { CallPorts } from './calls/call.ts';
import type { Metrics } from './metrics.ts';

export interface ControlPorts extends CallPorts {
  readonly keys: Keys;
  readonly metrics: Metrics;
  /** The account of whoever is not named by a key: drop rules. */
  readonly accountId: string;
  /** undefined: there are no local topics here. */
  readonly topics?: TopicService;
  /** undefined: nobody waits for S3 events here. */
  readonly events?: { readonly door: EventDoor; readonly token: string | null };
}
