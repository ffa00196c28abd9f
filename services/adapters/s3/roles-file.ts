// The roles file (S3BATCH_ROLES): JSON that maps a role ARN, or a pattern of one, to an endpoint
// and credentials. Parsed once at start; every complaint names the entry and the member, never a
// secret.
//
//   { "arn:aws:iam::123456789012:role/*": {
//       "endpoint": "http://127.0.0.1:9000", "region": "us-east-1",
//       "accessKeyId": "…", "secretAccessKey": "…", "sessionToken": "…",
//       "forcePathStyle": true, "subresourcesSafe": false } }
import { profileDefaults, type RoleProfile, type StaticCredentials } from './profile.ts';

export type RolesFile =
  | { readonly kind: 'profiles'; readonly profiles: readonly RoleProfile[] }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

const roleArnPattern = /^arn:[a-z0-9*-]+:iam::[0-9*]+:role\/[\w+=,.@/*-]+$/;
const rolesMax = 1000;
const texts = ['endpoint', 'region', 'accessKeyId', 'secretAccessKey', 'sessionToken'] as const;
const flags = ['forcePathStyle', 'subresourcesSafe'] as const;
type TextMember = (typeof texts)[number];
type FlagMember = (typeof flags)[number];

/** regionDefault: used by entries that name no region. */
export function parseRolesFile(text: string, regionDefault: string): RolesFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return invalid('it is not JSON: write an object that maps role ARNs to settings');
  }
  if (!isRecord(parsed)) {
    return invalid('it must be a JSON object that maps role ARNs to settings');
  }
  const entries = Object.entries(parsed);
  if (entries.length === 0) return invalid('it names no role: add at least one role ARN');
  if (entries.length > rolesMax) return invalid(`it names more than ${rolesMax} roles`);
  const problems: string[] = [];
  const profiles: RoleProfile[] = [];
  for (const [pattern, settings] of entries) {
    const complain = (problem: string) => problems.push(`${JSON.stringify(pattern)}: ${problem}`);
    const profile = parseProfile(pattern, settings, regionDefault, complain);
    if (profile !== null) profiles.push(profile);
  }
  return problems.length === 0 ? { kind: 'profiles', profiles } : { kind: 'invalid', problems };
}

function parseProfile(
  pattern: string,
  settings: unknown,
  regionDefault: string,
  complain: (problem: string) => void,
): RoleProfile | null {
  let isSound = true;
  const refuse = (problem: string) => {
    isSound = false;
    complain(problem);
  };
  if (!roleArnPattern.test(pattern)) {
    refuse('is not a role ARN: write arn:aws:iam::<account>:role/<name>, * for any characters');
  }
  if (!isRecord(settings)) {
    refuse('its value must be an object with endpoint, region and credentials');
    return null;
  }
  const known: readonly string[] = [...texts, ...flags];
  for (const name of Object.keys(settings)) {
    if (!known.includes(name)) {
      refuse(`unknown member ${JSON.stringify(name)}: known are ${known.join(', ')}`);
    }
  }
  const text = (name: TextMember): string | null => {
    const value = settings[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'string' && value !== '') return value;
    refuse(`${name} must be a text that is not empty`);
    return null;
  };
  const flag = (name: FlagMember, otherwise: boolean): boolean => {
    const value = settings[name];
    if (value === undefined) return otherwise;
    if (typeof value === 'boolean') return value;
    refuse(`${name} must be true or false`);
    return otherwise;
  };
  const endpoint = text('endpoint');
  if (endpoint !== null && !isEndpoint(endpoint)) {
    refuse('endpoint must be an http:// or https:// URL without query, fragment or user name');
  }
  const defaults = profileDefaults(endpoint);
  const profile: RoleProfile = {
    pattern,
    endpoint,
    region: text('region') ?? regionDefault,
    credentials: parseCredentials(text, refuse),
    forcePathStyle: flag('forcePathStyle', defaults.forcePathStyle),
    subresourcesSafe: flag('subresourcesSafe', defaults.subresourcesSafe),
  };
  return isSound ? profile : null;
}

function parseCredentials(
  text: (name: TextMember) => string | null,
  refuse: (problem: string) => void,
): StaticCredentials | null {
  const accessKeyId = text('accessKeyId');
  const secretAccessKey = text('secretAccessKey');
  const sessionToken = text('sessionToken');
  if (accessKeyId !== null && secretAccessKey !== null) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  if (accessKeyId !== null || secretAccessKey !== null || sessionToken !== null) {
    refuse('accessKeyId and secretAccessKey belong together: give both, or none of them');
  }
  return null;
}

export function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  const isOpen = url.username === '' && url.password === '';
  return isHttp && isOpen && url.search === '' && url.hash === '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(problem: string): RolesFile {
  return { kind: 'invalid', problems: [problem] };
}
