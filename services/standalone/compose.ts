// Each service of an installation, put together from ports and adapters. Only here is it known
// which adapter stands behind a port. A function runs until its signal is aborted; it rejects for a
// bug or a lost world, and then its thread ends and is started again.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock, systemRandom } from '../adapters/process/clock.ts';
import { profileDefaults, type RoleProfile } from '../adapters/s3/profile.ts';
import { openRoles } from '../adapters/s3/roles.ts';
import { parseRolesFile } from '../adapters/s3/roles-file.ts';
import { openAwsPublisher } from '../adapters/sns/aws.ts';
import { openAddressRules } from '../adapters/sns/local/address.ts';
import { runDeliveries } from '../adapters/sns/local/deliver.ts';
import { openLocalPublisher } from '../adapters/sns/local/publisher.ts';
import { resolveByDns, sendOverHttp } from '../adapters/sns/local/sender.ts';
import { openTopicService } from '../adapters/sns/local/service.ts';
import { type Keys, parseKeys } from '../control/auth/keys.ts';
import { runCoordinator } from '../control/coordinator.ts';
import { type CoordinatorLimits, coordinatorDefaults } from '../control/coordinator-limits.ts';
import { openDesk } from '../control/desk.ts';
import { openMetrics } from '../control/metrics.ts';
import { openControl } from '../control/open-control.ts';
import { parseRules } from '../control/rules/parse-rules.ts';
import type { Rule } from '../control/rules/rule.ts';
import { openRules } from '../control/rules/run-rules.ts';
import type { Log, Spaces } from '../core/log.ts';
import type { Publisher } from '../core/notify.ts';
import type { Settings } from '../core/settings.ts';
import { runIngest } from '../ingest/run.ts';
import { runNotifier } from '../reporter/notify.ts';
import { runReporter } from '../reporter/run.ts';
import { runWorker } from '../worker/run.ts';
import type { ServiceName, SettingFiles } from './thread-data.ts';
import { together } from './together.ts';

export interface Surroundings {
  readonly settings: Settings;
  readonly files: SettingFiles;
  readonly log: Log;
  readonly spaces: Spaces;
  readonly logger: Logger;
  /** True while the disk is nearly full: no job is active then. */
  readonly isDiskLow: () => boolean;
  readonly onListening: (url: string) => void;
}

export type ServiceRun = (around: Surroundings, signal: AbortSignal) => Promise<void>;

const clock = systemClock;
const random = systemRandom;

export const services: Readonly<Record<ServiceName, ServiceRun>> = {
  control: runControl,
  ingest: async (around, signal) => {
    const roles = rolesOf(around);
    await runIngest({ log: around.log, roles, clock, logger: around.logger }, signal);
    await roles.close();
  },
  worker: async (around, signal) => {
    const roles = rolesOf(around);
    await runWorker({ log: around.log, roles, clock, random, logger: around.logger }, signal);
    await roles.close();
  },
  reporter: async (around, signal) => {
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
  },
};

async function runControl(around: Surroundings, signal: AbortSignal): Promise<void> {
  const { log, spaces, logger, settings } = around;
  const roles = rolesOf(around);
  const addressRules = openAddressRules(settings.snsAllow);
  const { region, accountId, topicArn } = settings;
  const local = { log, clock, rules: addressRules, resolve: resolveByDns, region };
  await together(signal, [
    (stop) => runCoordinator({ log, spaces, clock, logger }, coordinatorLimits(around), stop),
    async (stop) => {
      const desk = await openDesk(log, stop);
      const topics = await openTopicService(local, stop);
      const metrics = openMetrics(clock);
      const rulePorts = {
        desk,
        roles,
        clock,
        logger,
        metrics,
        newId: randomUUID,
      };
      const rules = openRules(rulePorts, rulesOf(around));
      const control = await openControl(
        {
          desk,
          roles,
          keys: keysOf(around),
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
      around.onListening(control.address);
      const baseUrl = () => settings.publicUrl ?? control.address;
      await together(stop, [
        (end) => rules.run(end),
        (end) => runDeliveries({ ...local, random, send: sendOverHttp, baseUrl, logger }, end),
      ]);
      await control.close();
    },
  ]);
  await roles.close();
}

/** A low disk pauses every job instead of killing the process: nothing may be active meanwhile. */
function coordinatorLimits({ isDiskLow }: Surroundings): CoordinatorLimits {
  return {
    ...coordinatorDefaults,
    get activeJobsMax() {
      return isDiskLow() ? 0 : coordinatorDefaults.activeJobsMax;
    },
    get preparedJobsMax() {
      return isDiskLow() ? 0 : coordinatorDefaults.preparedJobsMax;
    },
  };
}

async function publisherOf(around: Surroundings, signal: AbortSignal): Promise<Publisher> {
  const { log, settings } = around;
  if (settings.snsEndpoint === null) return openLocalPublisher({ log, clock }, signal);
  return openAwsPublisher({
    region: settings.region,
    endpoint: settings.snsEndpoint === 'aws' ? null : settings.snsEndpoint,
    credentials: settings.credentials,
  });
}

function rolesOf({ settings, files }: Surroundings) {
  return openRoles({ profiles: profilesOf(settings, files), clock });
}

/** Every complaint about the files that settings name; empty if all can be used. */
export function fileProblems(settings: Settings, files: SettingFiles): string[] {
  const problems: string[] = [];
  const collect = (name: string, path: string | null, answer: { kind: string }) => {
    if ('problems' in answer && Array.isArray(answer.problems)) {
      problems.push(...answer.problems.map((problem) => `${name}=${path}: ${problem}`));
    }
  };
  if (files.keys !== null) collect('S3BATCH_KEYS', settings.keysFile, parseKeys(files.keys));
  if (files.roles !== null) {
    collect('S3BATCH_ROLES', settings.rolesFile, parseRolesFile(files.roles, settings.region));
  }
  if (files.rules !== null) {
    collect('S3BATCH_RULES', settings.rulesFile, parseRules(files.rules, ruleDefaults(settings)));
  }
  return problems;
}

function profilesOf(settings: Settings, files: SettingFiles): readonly RoleProfile[] {
  if (files.roles !== null) {
    const answer = parseRolesFile(files.roles, settings.region);
    if (answer.kind === 'profiles') return answer.profiles;
    throw new Error(answer.problems.join(' '));
  }
  const defaults = profileDefaults(settings.s3Endpoint);
  return [
    {
      pattern: `arn:*:iam::${settings.accountId}:role/*`,
      endpoint: settings.s3Endpoint,
      region: settings.region,
      credentials: settings.credentials,
      forcePathStyle: defaults.forcePathStyle,
      subresourcesSafe: defaults.subresourcesSafe || settings.taggingSafe,
    },
  ];
}

/** Without a file of keys the environment's own key may call. */
function keysOf({ settings, files }: Surroundings): Keys {
  const { credentials, accountId } = settings;
  const text =
    files.keys ??
    JSON.stringify(
      credentials === null
        ? []
        : [
            {
              accessKeyId: credentials.accessKeyId,
              secretAccessKey: credentials.secretAccessKey,
              accountId,
            },
          ],
    );
  const answer = parseKeys(text);
  return answer.kind === 'keys' ? answer.keys : { find: () => undefined, accountIds: [] };
}

function ruleDefaults(settings: Settings) {
  return { topicArn: settings.topicArn, pollMs: settings.rulesPollMs };
}

function rulesOf({ settings, files }: Surroundings): readonly Rule[] {
  if (files.rules === null) return [];
  const answer = parseRules(files.rules, ruleDefaults(settings));
  if (answer.kind === 'rules') return answer.rules;
  throw new Error(answer.problems.join(' '));
}
