// The roles of an installation: those of the roles file, or one for the environment's own key.
import { systemClock as clock } from '../../adapters/process/clock.ts';
import { profileDefaults, type RoleProfile } from '../../adapters/s3/profile.ts';
import { type OpenRoles, openRoles } from '../../adapters/s3/roles.ts';
import { parseRolesFile } from '../../adapters/s3/roles-file.ts';
import type { Settings } from '../../core/settings.ts';
import type { Surroundings } from '../surroundings.ts';
import type { SettingFiles } from '../thread-data.ts';

export function rolesOf({ settings, files }: Surroundings): OpenRoles {
  return openRoles({ profiles: profilesOf(settings, files), clock });
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
