// The worker on the real clock and dice and the configured roles.
import { systemClock as clock, systemRandom as random } from '../../adapters/process/clock.ts';
import { runWorker } from '../../worker/run.ts';
import type { Surroundings } from '../surroundings.ts';
import { rolesOf } from './roles.ts';

export async function worker(around: Surroundings, signal: AbortSignal): Promise<void> {
  const roles = rolesOf(around);
  await runWorker({ log: around.log, roles, clock, random, logger: around.logger }, signal);
  await roles.close();
}
