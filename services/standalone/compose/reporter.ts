// The reporter and, beside it, the notifier with the publisher that is configured.
import { systemClock as clock, systemRandom as random } from '../../adapters/process/clock.ts';
import { openLocalPublisher } from '../../adapters/sns/local/publisher.ts';
import type { Publisher } from '../../core/notify.ts';
import { runNotifier } from '../../reporter/notify.ts';
import { runReporter } from '../../reporter/run.ts';
import type { Surroundings } from '../surroundings.ts';
import { together } from '../together.ts';
import { rolesOf } from './roles.ts';

export async function reporter(around: Surroundings, signal: AbortSignal): Promise<void> {
  const { log, logger, settings } = around;
  const roles = rolesOf(around);
  await together(signal, [
    (stop) => runReporter({ log, roles, clock, logger }, stop),
    async (stop) => {
      const publisher = await publisherOf(around, stop);
      const { region } = settings;
      await runNotifier({ log, publisher, clock, random, region, logger }, stop);
    },
  ]);
  await roles.close();
}

async function publisherOf(around: Surroundings, signal: AbortSignal): Promise<Publisher> {
  const { log, settings } = around;
  if (settings.snsEndpoint === null) return openLocalPublisher({ log, clock }, signal);
  // Most installations use local topics, and the SDK's client is megabytes.
  const { openAwsPublisher } = await import('../../adapters/sns/aws.ts');
  return openAwsPublisher({
    region: settings.region,
    endpoint: settings.snsEndpoint === 'aws' ? null : settings.snsEndpoint,
    credentials: settings.credentials,
  });
}
