// The end of one service on Kafka. Asked to stop, a service ends what it has begun; but while no
// broker answers that would take as long as the outage, so that it is given up instead: whatever
// was not committed is done again by whoever comes next.
// Invariant: what is given up was never said to be done.
import { aborted } from '../core/bell.ts';
import type { Clock } from '../core/clock.ts';
import type { OpenLog } from './kafka-log.ts';

/** What needs no broker ends within this. */
export const graceMs = 2_000;
const lookEveryMs = 200;

export interface Ending {
  /** It did not end by itself, since no broker answered. */
  readonly isGivenUp: boolean;
  /** Sends and commits of which nobody knows whether they took effect. */
  readonly abandoned: number;
}

/** Ends the log too. Rejects as the service does. */
export async function endInTime(
  running: Promise<void>,
  { log, outage }: Pick<OpenLog, 'log' | 'outage'>,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<Ending> {
  const over = new AbortController();
  const stuck = async (): Promise<boolean> => {
    await aborted(AbortSignal.any([signal, over.signal]));
    await clock.sleep(graceMs, over.signal);
    while (!over.signal.aborted && !outage.isAway()) await clock.sleep(lookEveryMs, over.signal);
    return true;
  };
  const isGivenUp = await Promise.race([running.then(() => false), stuck()]).finally(() =>
    over.abort(),
  );
  await log.end();
  return { isGivenUp, abandoned: outage.abandoned() };
}

/** How the process says that it has stopped. */
export function endingLine({ isGivenUp, abandoned }: Ending): string {
  if (abandoned > 0) {
    return (
      `s3batch has stopped while no broker answered: commits given up: ${abandoned}; what they ` +
      `held is done again at the next start`
    );
  }
  return isGivenUp ? 's3batch has stopped; no broker answered' : 's3batch has stopped';
}
