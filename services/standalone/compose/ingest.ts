// Ingest on the real clock and the configured roles.
import { systemClock as clock } from '../../adapters/process/clock.ts';
import { runIngest } from '../../ingest/run.ts';
import type { Surroundings } from '../surroundings.ts';
import { rolesOf } from './roles.ts';

export async function ingest(around: Surroundings, signal: AbortSignal): Promise<void> {
  const roles = rolesOf(around);
  await runIngest({ log: around.log, roles, clock, logger: around.logger }, signal);
  await roles.close();
}
