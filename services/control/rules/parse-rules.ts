// The file of drop rules: a JSON list. Every problem names the rule and the field, all problems are
// told at once, and a member that is not known is one: a mistyped one must not silently do nothing.
import { z } from 'zod';
import { isBucketName, parseBucketArn } from '../../core/arn.ts';
import type { ReportSettings } from '../../core/job.ts';
import type { BuiltOperation } from '../../core/operation.ts';
import {
  isBuilt,
  operationNames,
  operationNamesNotBuilt,
  partNotBuilt,
  problemOf,
  readOperation,
} from '../../core/operations/registry.ts';
import { describeIssue } from './describe-issue.ts';
import type { Rule } from './rule.ts';

export interface RuleDefaults {
  readonly topicArn: string | null;
  readonly pollMs: number;
}

export type RulesAnswer =
  | { readonly kind: 'rules'; readonly rules: readonly Rule[] }
  /** One sentence each: rule, field, what is wrong. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export const rulesMax = 100;
const priorityDefault = 10;
const priorityMax = 2_147_483_647;
const pollSecondsMax = 86_400;
const textCharactersMax = 256;
const prefixCharactersMax = 512;

const bucketNameField = z.string().refine(isBucketName, 'must be the name of a bucket');

const reportOffFields = z.strictObject({ Enabled: z.literal(false) });
const reportOnFields = z.strictObject({
  Enabled: z.literal(true),
  Bucket: z
    .string()
    .refine((arn) => parseBucketArn(arn) !== null, 'must be a bucket ARN: arn:aws:s3:::name'),
  Format: z.literal('Report_CSV_20180820').optional(),
  Prefix: z.string().max(prefixCharactersMax).optional(),
  ReportScope: z.enum(['AllTasks', 'FailedTasksOnly']).default('AllTasks'),
  ExpectedBucketOwner: z.string().optional(),
});
const reportFields = z.discriminatedUnion('Enabled', [reportOffFields, reportOnFields]);

const ruleFields = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots or hyphens'),
  bucket: bucketNameField,
  prefix: z
    .string()
    .max(prefixCharactersMax)
    .regex(/^[^/].*\/$/, 'must end with / and not begin with it'),
  sourceBucket: bucketNameField.optional(),
  roleArn: z
    .string()
    .regex(
      /^arn:[^:]+:iam::\d{12}:role\/.+$/,
      'must look like arn:aws:iam::123456789012:role/name',
    ),
  operation: z.record(z.string(), z.unknown()),
  report: reportFields.default({ Enabled: false }),
  priority: z.int().min(0).max(priorityMax).default(priorityDefault),
  confirmationRequired: z.boolean().default(false),
  topicArn: z
    .string()
    .regex(/^arn:[^:]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'must be the ARN of an SNS topic')
    .optional(),
  description: z.string().min(1).max(textCharactersMax).optional(),
  buckets: z.array(bucketNameField).min(1).optional(),
  pollSeconds: z.number().positive().max(pollSecondsMax).optional(),
});

type RuleFields = z.infer<typeof ruleFields>;

export function parseRules(text: string, defaults: RuleDefaults): RulesAnswer {
  const list = parseList(text);
  if (typeof list === 'string') return { kind: 'problems', problems: [list] };
  const rules: Rule[] = [];
  const problems: string[] = [];
  for (const [index, entry] of list.entries()) {
    const name = `rule ${nameOf(entry, index)}`;
    const fields = ruleFields.safeParse(entry);
    if (!fields.success) {
      problems.push(
        ...fields.error.issues.map(
          (issue) => `${name}: ${describeIssue(issue, entry, (path) => membersAt(path, entry))}`,
        ),
      );
      continue;
    }
    const rule = ruleOf(fields.data, defaults);
    if (rule.kind === 'problem') problems.push(`${name}: ${rule.message}`);
    else if (rules.some((other) => other.name === rule.rule.name)) {
      problems.push(`${name}: name: another rule has it already.`);
    } else rules.push(rule.rule);
  }
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'rules', rules };
}

function parseList(text: string): readonly unknown[] | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return `the file of rules is not JSON: ${error instanceof Error ? error.message : ''}`;
  }
  if (!Array.isArray(parsed)) return 'the file of rules must hold a JSON list of rules.';
  if (parsed.length > rulesMax) return `the file of rules holds more than ${rulesMax} rules.`;
  return parsed;
}

function nameOf(entry: unknown, index: number): string {
  const named = z.object({ name: z.string() }).safeParse(entry);
  return named.success ? `'${named.data.name}'` : `number ${index + 1}`;
}

function membersAt(path: readonly PropertyKey[], entry: unknown): string {
  if (path.length === 0) return `known are ${Object.keys(ruleFields.shape).join(', ')}`;
  const isOff = z.object({ report: z.object({ Enabled: z.literal(false) }) }).safeParse(entry);
  return isOff.success
    ? 'with Enabled false there is no other'
    : `known are ${Object.keys(reportOnFields.shape).join(', ')}`;
}

type RuleAnswer =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'problem'; readonly message: string };

function ruleOf(fields: RuleFields, defaults: RuleDefaults): RuleAnswer {
  const operation = operationOf(fields.operation);
  if (typeof operation === 'string') return { kind: 'problem', message: `operation: ${operation}` };
  const sourceBucket = fields.sourceBucket ?? fields.prefix.split('/').at(-3) ?? '';
  if (!isBucketName(sourceBucket)) {
    return {
      kind: 'problem',
      message:
        'sourceBucket: give it, since the prefix does not end with ' +
        '<source bucket>/<configuration id>/.',
    };
  }
  return {
    kind: 'rule',
    rule: {
      name: fields.name,
      bucket: fields.bucket,
      prefix: fields.prefix,
      sourceBucket,
      roleArn: fields.roleArn,
      accountId: fields.roleArn.split(':').at(4) ?? '',
      operation,
      report: reportOf(fields.report),
      priority: fields.priority,
      confirmationRequired: fields.confirmationRequired,
      topicArn: fields.topicArn ?? defaults.topicArn,
      description: fields.description ?? null,
      buckets: fields.buckets ?? [sourceBucket],
      pollMs: fields.pollSeconds === undefined ? defaults.pollMs : fields.pollSeconds * 1_000,
    },
  };
}

/** A sentence if it cannot be run. */
function operationOf(fields: Readonly<Record<string, unknown>>): BuiltOperation | string {
  const [name, ...others] = Object.keys(fields);
  if (name === undefined || others.length > 0) {
    return `must name exactly one of ${operationNames.join(', ')}.`;
  }
  if (operationNamesNotBuilt.some((known) => known === name)) return notBuilt(name);
  const operation = readOperation(name, fields[name]);
  if (operation === null) {
    return operationNames.some((known) => known === name)
      ? `the parameters of ${name} do not have the form that S3 Control gives them.`
      : `${name} is no operation; known are ${operationNames.join(', ')}.`;
  }
  const part = partNotBuilt(operation);
  if (part !== null || !isBuilt(operation)) return notBuilt(part ?? name);
  return problemOf(operation) ?? operation;
}

function notBuilt(what: string): string {
  return `${what} is not supported by this version of s3batch yet.`;
}

function reportOf(fields: RuleFields['report']): ReportSettings {
  if (!fields.Enabled) return { enabled: false };
  return {
    enabled: true,
    bucketArn: fields.Bucket,
    prefix: fields.Prefix ?? null,
    scope: fields.ReportScope,
    expectedBucketOwner: fields.ExpectedBucketOwner ?? null,
  };
}
