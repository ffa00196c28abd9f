// The Roles port: for a role ARN, the S3 that its profile names. Profiles that share a pattern
// share one engine; all share the transport, which bounds the connections of the process.
import type { Clock } from '../../core/clock.ts';
import type { RoleStorage, Roles } from '../../core/storage.ts';
import { openCalls } from './calls.ts';
import { openEngine } from './engine.ts';
import { openObjects } from './objects.ts';
import { findProfile, type RoleProfile } from './profile.ts';
import { openTransport, type TransportLimits, transportLimitsDefault } from './transport.ts';

export interface RolesOptions {
  readonly profiles: readonly RoleProfile[];
  readonly clock: Clock;
  readonly limits?: Partial<TransportLimits>;
}

export interface OpenRoles extends Roles {
  /** Ends connections at once; requests under way are answered 'unreachable'. */
  close(): Promise<void>;
}

export function openRoles(options: RolesOptions): OpenRoles {
  const transport = openTransport({ ...transportLimitsDefault, ...options.limits });
  const storages = new Map<RoleProfile, RoleStorage>();
  return {
    resolve: (roleArn) => {
      const profile = findProfile(options.profiles, roleArn);
      if (profile === undefined) return undefined;
      const open = storages.get(profile);
      if (open !== undefined) return open;
      const engine = openEngine(profile, transport, options.clock);
      const storage: RoleStorage = {
        endpoint: profile.endpoint ?? `https://s3.${profile.region}.amazonaws.com`,
        subresourcesSafe: profile.subresourcesSafe,
        objects: openObjects(engine),
        calls: openCalls(engine),
      };
      storages.set(profile, storage);
      return storage;
    },
    close: () => transport.close(),
  };
}
