// Every setting of an installation in one table: name, default, meaning. docs/CONFIGURATION.md
// holds the same set (test/tidy.test.ts compares them). Pure: a main.ts passes its environment in.
// A setting of a part that is not built yet is refused by name, and so is an unknown S3BATCH_ or
// KAFKA_ one: a mistyped setting must not be silently the default.
import {
  isForeignKafkaName,
  type KafkaPlan,
  kafkaSettingsInVain,
  kafkaSettingTable,
  readKafkaPlan,
} from './kafka-settings.ts';
import { nearName } from './near-name.ts';
import { type Environment, openSettingReader, type Setting } from './setting-reader.ts';

export const settingTable = [
  { name: 'S3BATCH_HOST', fallback: '127.0.0.1', meaning: 'address control listens on' },
  { name: 'S3BATCH_PORT', fallback: '8340', meaning: 'port control listens on' },
  { name: 'S3BATCH_PUBLIC_URL', fallback: '', meaning: 'URL under which others reach control' },
  { name: 'S3BATCH_DATA', fallback: './data', meaning: 'directory of the embedded log' },
  { name: 'S3BATCH_LOG', fallback: 'sqlite', meaning: 'which log: sqlite or kafka' },
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
  {
    name: 'S3BATCH_METRICS_PORT',
    fallback: '',
    meaning: 'port of the figures of a worker, ingester or reporter that runs alone',
  },
  { name: 'AWS_REGION', fallback: 'us-east-1', meaning: 'region this installation answers for' },
  { name: 'S3_ENDPOINT', fallback: '', meaning: 'the S3 worked on; absent: AWS' },
  { name: 'AWS_ACCESS_KEY_ID', fallback: '', meaning: 'key of the default role' },
  { name: 'AWS_SECRET_ACCESS_KEY', fallback: '', meaning: 'secret of the default role' },
  { name: 'AWS_SESSION_TOKEN', fallback: '', meaning: 'session token of the default role' },
  { name: 'SNS_TOPIC_ARN', fallback: '', meaning: 'topic of jobs that name none' },
  { name: 'SNS_ENDPOINT', fallback: '', meaning: 'aws or a URL; absent: local topics' },
  ...kafkaSettingTable,
] as const satisfies readonly Setting[];

export type SettingName = (typeof settingTable)[number]['name'];

/** Settings that the design names and this version does not know yet. */
const notBuiltYet: readonly { readonly pattern: RegExp; readonly part: string }[] = [
  { pattern: /^LAMBDA_ENDPOINT$/, part: 'LambdaInvoke' },
  { pattern: /^S3BATCH_POLICIES$/, part: 'policies' },
  { pattern: /^S3BATCH_TLS_/, part: 'TLS' },
];

/** The Kafka adapter's own settings; they are part of these. */
export type { KafkaSettings } from './kafka-settings.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** null: the address it listens on. */
  readonly publicUrl: string | null;
  readonly dataDirectory: string;
  /** null: the embedded log in dataDirectory. */
  readonly kafka: KafkaPlan | null;
  readonly accountId: string;
  readonly keysFile: string | null;
  readonly rolesFile: string | null;
  readonly rulesFile: string | null;
  readonly rulesPollMs: number;
  readonly eventsToken: string | null;
  readonly taggingSafe: boolean;
  readonly snsAllow: readonly string[];
  readonly logLevel: LogLevel;
  /** null: a service that runs alone shows no figures. */
  readonly metricsPort: number | null;
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

const portMax = 65_535;
const pollMsMin = 100;
const pollMsMax = 86_400_000;
const tokenCharactersMin = 16;

/**
 * face: what the process lets others reach at S3BATCH_HOST. Figures hold no secret, so that only
 * an address at which calls are answered needs keys.
 */
export function readSettings(
  environment: Environment,
  face: 'calls' | 'figures' = 'calls',
): SettingsAnswer {
  const problems: string[] = refusedNames(environment);
  const reader = openSettingReader<SettingName>(environment, settingTable, problems);
  const { text, orNull, need, whole } = reader;

  const log = need('S3BATCH_LOG', (value) => value === 'sqlite' || value === 'kafka', logRule);
  const kafka = log === 'kafka' ? readKafkaPlan(reader, problems) : null;
  if (log === 'sqlite') problems.push(...kafkaSettingsInVain(reader));
  const level = text('S3BATCH_LOG_LEVEL');
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined) {
    problems.push(`S3BATCH_LOG_LEVEL=${level}: must be one of ${logLevels.join(', ')}.`);
  }
  const host = text('S3BATCH_HOST');
  const keysFile = orNull('S3BATCH_KEYS');
  if (face === 'calls' && !isLoopback(host) && keysFile === null) {
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
    kafka,
    accountId: need('S3BATCH_ACCOUNT', (value) => /^\d{12}$/.test(value), '12 digits'),
    keysFile,
    rolesFile: orNull('S3BATCH_ROLES'),
    rulesFile: orNull('S3BATCH_RULES'),
    rulesPollMs: whole('S3BATCH_RULES_POLL_MS', pollMsMin, pollMsMax),
    eventsToken,
    taggingSafe: reader.flag('S3BATCH_TAGGING_SAFE'),
    snsAllow: text('S3BATCH_SNS_ALLOW').split(',').map(trim).filter(isNotEmpty),
    logLevel: logLevel ?? 'info',
    metricsPort: reader.wholeOrNull('S3BATCH_METRICS_PORT', 0, portMax),
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

const logRule = 'sqlite (the embedded log) or kafka';
const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function refusedNames(environment: Environment): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(environment)) {
    const part = notBuiltYet.find(({ pattern }) => pattern.test(name))?.part;
    if (part !== undefined) {
      problems.push(`${name}: ${part} is not built yet; remove this setting.`);
    } else if (isOurs(name) && !isKnown(name)) {
      const near = nearName(
        name,
        settingTable.map((setting) => setting.name),
      );
      const meant = near === null ? '' : ` (did you mean ${near}?)`;
      problems.push(`${name}: no such setting${meant}; docs/CONFIGURATION.md lists them all.`);
    }
  }
  return problems;
}

function isOurs(name: string): boolean {
  return name.startsWith('S3BATCH_') || (name.startsWith('KAFKA_') && !isForeignKafkaName(name));
}

function isKnown(name: string): boolean {
  return settingTable.some((setting) => setting.name === name);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
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
