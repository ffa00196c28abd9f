import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../services/control/rules/parse-rules.ts';

const whole = {
  name: 'tag-all',
  bucket: 'drops',
  prefix: 'inventory/photos/all/',
  roleArn: 'arn:aws:iam::123456789012:role/batch',
  operation: { S3PutObjectTagging: { TagSet: [{ Key: 'a', Value: 'b' }] } },
};
const defaults = { topicArn: 'arn:aws:sns:us-east-1:123456789012:all', pollMs: 30_000 };

function parse(...rules: readonly unknown[]) {
  return parseRules(JSON.stringify(rules), defaults);
}

function problemsOf(...rules: readonly unknown[]): string {
  const parsed = parse(...rules);
  return parsed.kind === 'problems' ? parsed.problems.join('\n') : '';
}

describe('the file of drop rules', () => {
  test('fills in every default: no report, no confirmation, the source bucket of the prefix', () => {
    expect(parse(whole)).toEqual({
      kind: 'rules',
      rules: [
        {
          ...whole,
          sourceBucket: 'photos',
          accountId: '123456789012',
          operation: {
            name: 'S3PutObjectTagging',
            parameters: { TagSet: [{ Key: 'a', Value: 'b' }] },
          },
          report: { enabled: false },
          priority: 10,
          confirmationRequired: false,
          topicArn: defaults.topicArn,
          description: null,
          buckets: ['photos'],
          pollMs: 30_000,
        },
      ],
    });
  });

  test('takes report, priority, topic, buckets and poll seconds as they are written', () => {
    const report = { Enabled: true, Bucket: 'arn:aws:s3:::reports', Prefix: 'r' };
    const topicArn = 'arn:aws:sns:us-east-1:123456789012:mine';
    const more = { report, topicArn, priority: 0, buckets: ['photos', 'more'], pollSeconds: 0.5 };
    expect(parse({ ...whole, ...more, confirmationRequired: true })).toMatchObject({
      kind: 'rules',
      rules: [
        {
          report: {
            enabled: true,
            bucketArn: 'arn:aws:s3:::reports',
            prefix: 'r',
            scope: 'AllTasks',
            expectedBucketOwner: null,
          },
          topicArn,
          priority: 0,
          buckets: ['photos', 'more'],
          pollMs: 500,
          confirmationRequired: true,
        },
      ],
    });
  });

  const wrong = [
    [{ ...whole, prefix: 'no/slash' }, "rule 'tag-all': prefix: must end with /"],
    [{ ...whole, prefix: 'one/' }, "rule 'tag-all': sourceBucket: give it"],
    [{ ...whole, bucket: 'A b' }, "rule 'tag-all': bucket: must be the name of a bucket"],
    [{ ...whole, roleArn: 'role' }, "rule 'tag-all': roleArn: must look like"],
    [{ ...whole, priority: -1 }, "rule 'tag-all': priority:"],
    [{ ...whole, colour: 1 }, 'colour'],
    [{ ...whole, name: undefined }, 'rule number 1: name:'],
    [{ ...whole, operation: {} }, "rule 'tag-all': operation: must name exactly one of"],
    [
      { ...whole, operation: { LambdaInvoke: {} } },
      'LambdaInvoke is not supported by this version',
    ],
    [
      {
        ...whole,
        operation: {
          S3PutObjectCopy: { TargetResource: 'arn:aws:s3:::t', ObjectLockEventHold: 'ON' },
        },
      },
      'S3PutObjectCopy with ObjectLockEventHold is not supported by this version',
    ],
    [{ ...whole, operation: { S3Eat: {} } }, 'S3Eat is no operation'],
    [{ ...whole, operation: { S3PutObjectTagging: { Tags: [] } } }, 'do not have the form'],
    [
      { ...whole, report: { Enabled: true, Bucket: 'x', ReportScope: 'AllTasks' } },
      'report.Bucket:',
    ],
    [
      { ...whole, report: { Enabled: true, Bucket: 'arn:aws:s3:::r', ReportScope: 'All' } },
      'report.',
    ],
    [{ ...whole, buckets: [] }, "rule 'tag-all': buckets"],
    [{ ...whole, topicArn: 'arn:aws:sqs:us-east-1:123456789012:q' }, 'topicArn: must be the ARN'],
    [7, 'rule number 1: '],
  ] as const;
  test.each(wrong)('names rule and field of what is wrong: %#', (rule, problem) => {
    expect(problemsOf(rule)).toContain(problem);
  });

  const known =
    'known are name, bucket, prefix, sourceBucket, roleArn, operation, report, priority, ' +
    'confirmationRequired, topicArn, description, buckets, pollSeconds';
  const on = { Enabled: true, Bucket: 'arn:aws:s3:::reports' };
  const inOurWords = [
    [{ ...whole, foo: 1, 'b"r': 2 }, `no member has the name "foo", "b\\"r"; ${known}.`],
    [{ ...whole, bucket: undefined }, 'bucket: is missing.'],
    [{ ...whole, bucket: null }, 'bucket: must be a text.'],
    [{ ...whole, operation: [] }, 'operation: must be an object.'],
    [{ ...whole, priority: '1' }, 'priority: must be a number.'],
    [{ ...whole, priority: 1.5 }, 'priority: must be a whole number.'],
    [{ ...whole, priority: -1 }, 'priority: must be at least 0.'],
    [{ ...whole, pollSeconds: 0 }, 'pollSeconds: must be more than 0.'],
    [{ ...whole, pollSeconds: 86_401 }, 'pollSeconds: must be at most 86400.'],
    [{ ...whole, confirmationRequired: 1 }, 'confirmationRequired: must be true or false.'],
    [{ ...whole, description: '' }, 'description: must not be empty.'],
    [{ ...whole, description: 'd'.repeat(257) }, 'description: must have at most 256 characters.'],
    [{ ...whole, buckets: 'photos' }, 'buckets: must be a list.'],
    [{ ...whole, buckets: [] }, 'buckets: must not be empty.'],
    [{ ...whole, buckets: [7] }, 'buckets.0: must be a text.'],
    [{ ...whole, report: {} }, 'report.Enabled: is missing.'],
    [{ ...whole, report: { Enabled: 'yes' } }, 'report.Enabled: must be true or false.'],
    [{ ...whole, report: { Enabled: true } }, 'report.Bucket: is missing.'],
    [{ ...whole, report: { ...on, Format: 'CSV' } }, 'report.Format: must be Report_CSV_20180820.'],
    [
      { ...whole, report: { ...on, ReportScope: 'All' } },
      'report.ReportScope: must be AllTasks or FailedTasksOnly.',
    ],
    [
      { ...whole, report: { ...on, Scope: 'AllTasks' } },
      'report: no member has the name "Scope"; known are Enabled, Bucket, Format, Prefix, ' +
        'ReportScope, ExpectedBucketOwner.',
    ],
    [
      { ...whole, report: { ...on, Enabled: false } },
      'report: no member has the name "Bucket"; with Enabled false there is no other.',
    ],
  ] as const;
  test.each(inOurWords)('says in plain words what is due: %#', (rule, problem) => {
    expect(problemsOf(rule)).toBe(`rule 'tag-all': ${problem}`);
  });

  test('says that an entry must be an object, and tells a mistyped rule all that it lacks', () => {
    expect(problemsOf(7)).toBe('rule number 1: must be an object.');
    expect(problemsOf({ name: 'x', prefix: 'a', foo: 1 }).split('\n')).toEqual([
      "rule 'x': bucket: is missing.",
      "rule 'x': prefix: must end with / and not begin with it.",
      "rule 'x': roleArn: is missing.",
      "rule 'x': operation: is missing.",
      `rule 'x': no member has the name "foo"; ${known}.`,
    ]);
  });

  test('tells all problems at once, two rules of one name among them', () => {
    const problems = problemsOf(whole, whole, { ...whole, name: 'x', bucket: '' });
    expect(problems.split('\n')).toHaveLength(2);
    expect(problems).toContain("rule 'tag-all': name: another rule has it already.");
  });

  test('refuses what is no JSON list', () => {
    expect(parseRules('{', defaults).kind).toBe('problems');
    expect(parseRules('{}', defaults)).toEqual({
      kind: 'problems',
      problems: ['the file of rules must hold a JSON list of rules.'],
    });
    expect(problemsOf(...Array(101).fill(whole))).toContain('more than 100 rules');
  });
});
