// Settings: defaults, one sentence per problem, and nothing mistyped or unbuilt passes in silence.
import { describe, expect, test } from 'vitest';
import { isLoopback, readSettings, settingTable } from '../../../services/core/settings.ts';

function settingsOf(environment: Record<string, string | undefined>) {
  const answer = readSettings(environment);
  if (answer.kind === 'problems') throw new Error(answer.problems.join('\n'));
  return answer.settings;
}

function problemsOf(environment: Record<string, string | undefined>): readonly string[] {
  const answer = readSettings(environment);
  return answer.kind === 'problems' ? answer.problems : [];
}

describe('settings', () => {
  test('an empty environment gives the defaults of the table', () => {
    expect(settingsOf({})).toEqual({
      host: '127.0.0.1',
      port: 8340,
      publicUrl: null,
      dataDirectory: './data',
      kafka: null,
      accountId: '123456789012',
      keysFile: null,
      rolesFile: null,
      rulesFile: null,
      rulesPollMs: 30_000,
      eventsToken: null,
      taggingSafe: false,
      snsAllow: [],
      logLevel: 'info',
      metricsPort: null,
      region: 'us-east-1',
      s3Endpoint: null,
      credentials: null,
      topicArn: null,
      snsEndpoint: null,
    });
    expect(settingTable.length).toBeGreaterThan(10);
  });

  test('given values are read, an empty one counts as absent', () => {
    const settings = settingsOf({
      S3BATCH_HOST: '0.0.0.0',
      S3BATCH_KEYS: 'keys.json',
      S3BATCH_PORT: '',
      S3BATCH_METRICS_PORT: '9464',
      S3BATCH_TAGGING_SAFE: 'true',
      S3BATCH_SNS_ALLOW: '127.0.0.0/8, hooks.example , ',
      S3BATCH_EVENTS_TOKEN: 'a-token-long-enough',
      S3_ENDPOINT: 'http://127.0.0.1:9000/',
      SNS_ENDPOINT: 'aws',
      SNS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:jobs',
      AWS_ACCESS_KEY_ID: 'AK',
      AWS_SECRET_ACCESS_KEY: 'SK',
      AWS_SESSION_TOKEN: 'ST',
    });
    expect(settings).toMatchObject({
      port: 8340,
      metricsPort: 9464,
      taggingSafe: true,
      snsAllow: ['127.0.0.0/8', 'hooks.example'],
      s3Endpoint: 'http://127.0.0.1:9000',
      snsEndpoint: 'aws',
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' },
    });
    const plain = settingsOf({
      SNS_ENDPOINT: 'http://127.0.0.1:4100',
      AWS_ACCESS_KEY_ID: 'AK',
      AWS_SECRET_ACCESS_KEY: 'SK',
    });
    expect(plain.snsEndpoint).toBe('http://127.0.0.1:4100');
    expect(plain.credentials?.sessionToken).toBeNull();
  });

  test.each([
    ['S3BATCH_PORT', '80a'],
    ['S3BATCH_PORT', '70000'],
    ['S3BATCH_RULES_POLL_MS', '1'],
    ['S3BATCH_LOG', 'postgres'],
    ['S3BATCH_METRICS_PORT', '-1'],
    ['S3BATCH_LOG_LEVEL', 'chatty'],
    ['S3BATCH_HOST', '0.0.0.0'],
    ['S3BATCH_EVENTS_TOKEN', 'short'],
    ['S3BATCH_ACCOUNT', '12'],
    ['S3BATCH_TAGGING_SAFE', 'yes'],
    ['AWS_REGION', 'US East'],
    ['S3_ENDPOINT', 'localhost:9000'],
    ['S3_ENDPOINT', 'http://127.0.0.1:9000/path'],
    ['SNS_ENDPOINT', 'sns'],
    ['SNS_TOPIC_ARN', 'jobs'],
    ['AWS_ACCESS_KEY_ID', 'AK'],
    ['AWS_SECRET_ACCESS_KEY', 'SK'],
    ['KAFKA_BROKERS', 'host:9092'],
    ['LAMBDA_ENDPOINT', 'http://127.0.0.1:1'],
    ['S3BATCH_TLS_CERTIFICATE', 'a.pem'],
    ['S3BATCH_POLICIES', 'p.json'],
    ['S3BATCH_PROT', '1'],
    ['KAFKA_BROKER', 'host:9092'],
  ])('%s=%s is refused by name with a remedy', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
  });

  test.each(['S3_ENDPOINT', 'SNS_ENDPOINT', 'S3BATCH_PUBLIC_URL'])(
    '%s may not hold a password, and the problem does not repeat it',
    (name) => {
      const problems = problemsOf({ [name]: 'http://user:hidden@127.0.0.1:9000' });
      expect(problems).toEqual([expect.stringContaining(`${name}: a URL must not hold`)]);
      expect(problems.join()).not.toContain('hidden');
    },
  );

  test('figures alone may be shown beyond loopback without keys', () => {
    const open = { S3BATCH_HOST: '0.0.0.0', S3BATCH_METRICS_PORT: '0' };
    expect(readSettings(open, 'figures')).toMatchObject({ settings: { metricsPort: 0 } });
    expect(problemsOf(open)).toEqual([expect.stringContaining('needs S3BATCH_KEYS')]);
  });

  test('a name that nobody knows is told with the one that may have been meant', () => {
    expect(problemsOf({ S3BATCH_PROT: '1', S3BATCH_WHATEVER: '1' })).toEqual([
      expect.stringContaining('S3BATCH_PROT: no such setting (did you mean S3BATCH_PORT?); docs/'),
      'S3BATCH_WHATEVER: no such setting; docs/CONFIGURATION.md lists them all.',
    ]);
  });

  test('all problems are told at once', () => {
    expect(problemsOf({ S3BATCH_PORT: 'x', AWS_REGION: '!' })).toHaveLength(2);
  });

  test('loopback is 127.0.0.0/8, ::1 and localhost', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '10.0.0.1', '127.0.0.1.example.com'].some(isLoopback)).toBe(false);
  });
});
