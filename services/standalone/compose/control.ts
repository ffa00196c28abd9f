// Control: the coordinator and, before it, the HTTP front with the drop rules and local SNS.
import { randomUUID } from 'node:crypto';
import { systemClock as clock, systemRandom as random } from '../../adapters/process/clock.ts';
import { openAddressRules } from '../../adapters/sns/local/address.ts';
import { runDeliveries } from '../../adapters/sns/local/deliver.ts';
import { resolveByDns, sendOverHttp } from '../../adapters/sns/local/sender.ts';
import { openTopicService } from '../../adapters/sns/local/service.ts';
import { type Keys, keysOf, parseKeys } from '../../control/auth/keys.ts';
import { runCoordinator, wakeRecord } from '../../control/coordinator.ts';
import { type CoordinatorLimits, coordinatorDefaults } from '../../control/coordinator-limits.ts';
import { openDesk } from '../../control/desk.ts';
import { openMetrics } from '../../control/metrics.ts';
import { openControl } from '../../control/open-control.ts';
import { runEventsDoor } from '../../control/outside/run-events-door.ts';
import { parseRules } from '../../control/rules/parse-rules.ts';
import type { Rule } from '../../control/rules/rule.ts';
import { openRules } from '../../control/rules/run-rules.ts';
import { aborted } from '../../core/bell.ts';
import { eventsTopics } from '../../core/names.ts';
import { openLogMetrics } from '../metrics/log-metrics.ts';
import { openProcessRegistry } from '../metrics/process-registry.ts';
import type { Surroundings } from '../surroundings.ts';
import { together } from '../together.ts';
import { rolesOf } from './roles.ts';

export async function control(around: Surroundings, signal: AbortSignal): Promise<void> {
  const { log, spaces, logger, settings } = around;
  const roles = rolesOf(around);
  const addressRules = openAddressRules(settings.snsAllow);
  const { region, accountId, topicArn } = settings;
  // Jobs pause and go on at once, though nobody has a message for the coordinator. A log that is
  // lost says so to everyone who waits for it.
  around.onDiskChange(() => void log.send('control', [wakeRecord]).catch(() => undefined));
  const registry = openProcessRegistry();
  if (settings.kafka !== null) around.onNotices(openLogMetrics(registry, clock));
  const local = { log, clock, rules: addressRules, resolve: resolveByDns, region };
  await together(signal, [
    (stop) => runCoordinator({ log, spaces, clock, logger }, coordinatorLimits(around), stop),
    async (stop) => {
      const desk = await openDesk(log, stop);
      const topics = await openTopicService(local, stop);
      const metrics = openMetrics(clock, registry);
      const rulePorts = {
        desk,
        roles,
        clock,
        logger,
        metrics,
        newId: randomUUID,
      };
      const rules = openRules(rulePorts, rulesOf(around));
      const keys = keysAround(around);
      const outsiders = settings.kafka?.eventsTopics ?? [];
      if (outsiders.length > 0) {
        await spaces.create('events', eventsTopics(outsiders.map(({ topic }) => topic)));
      }
      const front = await openControl(
        {
          desk,
          roles,
          keys,
          metrics,
          clock,
          log: logger,
          region,
          accountId,
          topicArn,
          topics,
          events: { door: rules.door, token: settings.eventsToken },
        },
        { host: settings.host, port: settings.port },
        stop,
      );
      around.onListening(front.address);
      const baseUrl = () => settings.publicUrl ?? front.address;
      await together(stop, [
        (end) => rules.run(end),
        (end) =>
          outsiders.length === 0
            ? aborted(end)
            : runEventsDoor(
                { ...rulePorts, log, door: rules.door, keys, topicArn },
                outsiders,
                end,
              ),
        (end) => runDeliveries({ ...local, random, send: sendOverHttp, baseUrl, logger }, end),
      ]);
      await front.close();
    },
  ]);
  await roles.close();
}

/**
 * Brokers take more partitions than the embedded log.
 * A low disk pauses every job instead of killing the process: nothing may be active
 * meanwhile.
 */
function coordinatorLimits({ isDiskLow, settings }: Surroundings): CoordinatorLimits {
  return {
    ...coordinatorDefaults,
    partitionsMax: settings.kafka?.partitionsMax ?? coordinatorDefaults.partitionsMax,
    get activeJobsMax() {
      return isDiskLow() ? 0 : coordinatorDefaults.activeJobsMax;
    },
    get preparedJobsMax() {
      return isDiskLow() ? 0 : coordinatorDefaults.preparedJobsMax;
    },
  };
}

/** Without a file of keys the environment's own key may call, whatever it looks like. */
function keysAround({ settings, files, logger }: Surroundings): Keys {
  const { credentials, accountId } = settings;
  if (files.keys !== null) {
    const answer = parseKeys(files.keys);
    if (answer.kind === 'keys') return answer.keys;
    throw new Error(answer.problems.join(' '));
  }
  if (credentials === null) {
    logger.warn('nobody may call: set S3BATCH_KEYS, or AWS_ACCESS_KEY_ID and its secret');
    return keysOf(new Map());
  }
  const { accessKeyId, secretAccessKey } = credentials;
  return keysOf(new Map([[accessKeyId, { secretAccessKey, accountId }]]));
}

function rulesOf({ settings, files }: Surroundings): readonly Rule[] {
  if (files.rules === null) return [];
  const ruleDefaults = { topicArn: settings.topicArn, pollMs: settings.rulesPollMs };
  const answer = parseRules(files.rules, ruleDefaults);
  if (answer.kind === 'rules') return answer.rules;
  throw new Error(answer.problems.join(' '));
}
