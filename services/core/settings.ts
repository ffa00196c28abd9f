// Every setting of an installation in one table: name, default, meaning. docs/CONFIGURATION.md
// holds the same set (test/tidy.test.ts compares them). Pure: a main.ts passes its environment in.
// A setting of a part that is not built yet is refused by name, and so is an unknown S3BATCH_ one:
// a mistyped setting must not be silently the default.

export interface Setting {
  readonly name: string;
  /** '' where an absent setting means none. */
  readonly fallback: string;
  readonly meaning: string;
}

export const settingTable = [
  { name: 'S3BATCH_HOST', fallback: '127.0.0.1', meaning: 'address control listens on' },
  { name: 'S3BATCH_PORT', fallback: '8340', meaning: 'port control listens on' },
  { name: 'S3BATCH_PUBLIC_URL', fallback: '', meaning: 'URL under which others reach control' },
  { name: 'S3BATCH_DATA', fallback: './data', meaning: 'directory of the embedded log' },
  { name: 'S3BATCH_LOG', fallback: 'sqlite', meaning: 'which log: sqlite' },
  {
    name: 'S3BATCH_ACCOUNT',
    fallback: '123456789012',
    meaning: 'account where a key, rule or ARN names none',
  },
  { name: 'S3BATCH_KEYS', fallback: '', meaning: 'file of access keys that may call control' },
  { name: 'S3BATCH_ROLES', fallback: '', meaning: 'file that maps role ARNs to endpoints' },
  { name: 'S3BATCH_RULES', fallback: '', meaning: 'file of drop rules' },
  { name: 'S3BATCH_RULES_POLL_MS', fallback: '30000', meaning: 'pause between looks for drops' },
  { name: 'S3BATCH_EVENTS_TOKEN', fallback: '', meaning: 'token that S3 event posts may carry' },
  {
    name: 'S3BATCH_TAGGING_SAFE',
    fallback: 'false',
    meaning: 'true: the S3 at S3_ENDPOINT understands object tagging',
  },
  {
    name: 'S3BATCH_SNS_ALLOW',
    fallback: '',
    meaning: 'private networks and hosts that SNS subscribers may have',
  },
  { name: 'S3BATCH_LOG_LEVEL', fallback: 'info', meaning: 'debug, info, warn or error' },
  { name: 'AWS_REGION', fallback: 'us-east-1', meaning: 'region this installation answers for' },
  { name: 'S3_ENDPOINT', fallback: '', meaning: 'the S3 worked on; absent: AWS' },
  { name: 'AWS_ACCESS_KEY_ID', fallback: '', meaning: 'key of the default role' },
  { name: 'AWS_SECRET_ACCESS_KEY', fallback: '', meaning: 'secret of the default role' },
  { name: 'AWS_SESSION_TOKEN', fallback: '', meaning: 'session token of the default role' },
  { name: 'SNS_TOPIC_ARN', fallback: '', meaning: 'topic of jobs that name none' },
  { name: 'SNS_ENDPOINT', fallback: '', meaning: 'aws or a URL; absent: local topics' },
] as const satisfies readonly Setting[];

export type SettingName = (typeof settingTable)[number]['name'];

function fallbackOf(name: SettingName): string {
  const matching = settingTable.filter((setting) => setting.name === name);
  return matching.map((setting) => setting.fallback).join('');
}

/** Settings that the design names and this version does not know yet. */
const notBuiltYet: readonly { readonly pattern: RegExp; readonly part: string }[] = [
  { pattern: /^KAFKA_/, part: 'the Kafka log' },
  { pattern: /^LAMBDA_ENDPOINT$/, part: 'LambdaInvoke' },
  { pattern: /^S3BATCH_POLICIES$/, part: 'policies' },
  { pattern: /^S3BATCH_TLS_/, part: 'TLS' },
];

/** How to reach the brokers of S3BATCH_LOG=kafka, and how topics are made there. */
export interface KafkaSettings {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  /** Every topic, group and transactional id of this installation begins with it. */
  readonly prefix: string;
  /** null: three, or as many as there are brokers. */
  readonly replicationFactor: number | null;
  readonly partitionsMax: number;
  readonly compression: 'none' | 'gzip';
  /** null: plain TCP. PEM texts; an empty one is not given. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string } | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** null: the address it listens on. */
  readonly publicUrl: string | null;
  readonly dataDirectory: string;
  readonly accountId: string;
  readonly keysFile: string | null;
  readonly rolesFile: string | null;
  readonly rulesFile: string | null;
  readonly rulesPollMs: number;
  readonly eventsToken: string | null;
  readonly taggingSafe: boolean;
  readonly snsAllow: readonly string[];
  readonly logLevel: LogLevel;
  readonly region: string;
  readonly s3Endpoint: string | null;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string | null;
  } | null;
  readonly topicArn: string | null;
  /** null: topics of this installation. */
  readonly snsEndpoint: string | null;
}

export type SettingsAnswer =
  | { readonly kind: 'settings'; readonly settings: Settings }
  /** One sentence per setting that is wrong: name, what is wrong, the remedy. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

const portMax = 65_535;
const pollMsMin = 100;
const pollMsMax = 86_400_000;
const tokenCharactersMin = 16;

export function readSettings(environment: Environment): SettingsAnswer {
  const problems: string[] = refusedNames(environment);
  const text = (name: SettingName): string => environment[name] || fallbackOf(name);
  const orNull = (name: SettingName): string | null => text(name) || null;
  const need = (name: SettingName, fine: (value: string) => boolean, rule: string): string => {
    const value = text(name);
    if (!fine(value)) problems.push(`${name}=${value}: must be ${rule}.`);
    return value;
  };
  const whole = (name: SettingName, min: number, max: number): number =>
    Number(
      need(
        name,
        (value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max,
        `a whole number from ${min} to ${max}`,
      ),
    );

  const log = need('S3BATCH_LOG', (value) => value === 'sqlite' || value === 'kafka', 'sqlite');
  if (log === 'kafka') {
    problems.push('S3BATCH_LOG=kafka: the Kafka log is not built yet; use sqlite.');
  }
  const level = text('S3BATCH_LOG_LEVEL');
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined) {
    problems.push(`S3BATCH_LOG_LEVEL=${level}: must be one of ${logLevels.join(', ')}.`);
  }
  const host = text('S3BATCH_HOST');
  const keysFile = orNull('S3BATCH_KEYS');
  if (!isLoopback(host) && keysFile === null) {
    problems.push(
      `S3BATCH_HOST=${host}: an address beyond loopback needs S3BATCH_KEYS, the file of access ` +
        'keys that may call.',
    );
  }
  const eventsToken = orNull('S3BATCH_EVENTS_TOKEN');
  if (eventsToken !== null && eventsToken.length < tokenCharactersMin) {
    problems.push(`S3BATCH_EVENTS_TOKEN: must have at least ${tokenCharactersMin} characters.`);
  }
  const settings: Settings = {
    host,
    port: whole('S3BATCH_PORT', 0, portMax),
    publicUrl: optionalUrl('S3BATCH_PUBLIC_URL', orNull('S3BATCH_PUBLIC_URL'), problems),
    dataDirectory: text('S3BATCH_DATA'),
    accountId: need('S3BATCH_ACCOUNT', (value) => /^\d{12}$/.test(value), '12 digits'),
    keysFile,
    rolesFile: orNull('S3BATCH_ROLES'),
    rulesFile: orNull('S3BATCH_RULES'),
    rulesPollMs: whole('S3BATCH_RULES_POLL_MS', pollMsMin, pollMsMax),
    eventsToken,
    taggingSafe: need('S3BATCH_TAGGING_SAFE', isBoolean, 'true or false') === 'true',
    snsAllow: text('S3BATCH_SNS_ALLOW').split(',').map(trim).filter(isNotEmpty),
    logLevel: logLevel ?? 'info',
    region: need('AWS_REGION', (value) => /^[a-z0-9-]+$/.test(value), 'a region name'),
    s3Endpoint: optionalUrl('S3_ENDPOINT', orNull('S3_ENDPOINT'), problems),
    credentials: credentialsOf(orNull, problems),
    topicArn: topicOf(orNull('SNS_TOPIC_ARN'), problems),
    snsEndpoint:
      text('SNS_ENDPOINT') === 'aws'
        ? 'aws'
        : optionalUrl('SNS_ENDPOINT', orNull('SNS_ENDPOINT'), problems),
  };
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'settings', settings };
}

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function refusedNames(environment: Environment): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(environment)) {
    const part = notBuiltYet.find(({ pattern }) => pattern.test(name))?.part;
    if (part !== undefined) {
      problems.push(`${name}: ${part} is not built yet; remove this setting.`);
    } else if (name.startsWith('S3BATCH_') && !isKnown(name)) {
      problems.push(`${name}: no such setting; docs/CONFIGURATION.md lists them all.`);
    }
  }
  return problems;
}

function isKnown(name: string): boolean {
  return settingTable.some((setting) => setting.name === name);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false';
}

function trim(value: string): string {
  return value.trim();
}

function isNotEmpty(value: string): boolean {
  return value !== '';
}

function optionalUrl(name: string, value: string | null, problems: string[]): string | null {
  if (value === null) return null;
  if (value.includes('@')) {
    // Said without the value, which holds a password.
    problems.push(`${name}: a URL must not hold a user name or password; give keys as settings.`);
  } else if (!/^https?:\/\/[^\s/?#]+\/?$/.test(value)) {
    problems.push(`${name}=${value}: must be a URL such as http://127.0.0.1:9000, without a path.`);
  }
  return value.replace(/\/$/, '');
}

function topicOf(value: string | null, problems: string[]): string | null {
  if (value !== null && !/^arn:[^:]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(value)) {
    problems.push(
      `SNS_TOPIC_ARN=${value}: must look like arn:aws:sns:us-east-1:123456789012:topic-name.`,
    );
  }
  return value;
}

function credentialsOf(
  orNull: (name: SettingName) => string | null,
  problems: string[],
): Settings['credentials'] {
  const accessKeyId = orNull('AWS_ACCESS_KEY_ID');
  const secretAccessKey = orNull('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === null && secretAccessKey === null) return null;
  if (accessKeyId === null || secretAccessKey === null) {
    problems.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: give both or neither.');
    return null;
  }
  return { accessKeyId, secretAccessKey, sessionToken: orNull('AWS_SESSION_TOKEN') };
}
