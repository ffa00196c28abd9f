// What is wrong with a member of a rule, in our words: zod's own speak of types that no JSON file
// has. Messages that a field brings along ("must be …") are taken as they are.
import type { z } from 'zod';

/** members: which ones may stand at that place, as the rest of a sentence. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  entry: unknown,
  members: (path: readonly PropertyKey[]) => string,
): string {
  const place = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  const isMissing = issue.path.length > 0 && valueAt(entry, issue.path) === undefined;
  return `${place}${isMissing ? 'is missing' : wrongness(issue, members)}.`;
}

function wrongness(
  issue: z.core.$ZodIssue,
  members: (path: readonly PropertyKey[]) => string,
): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? `of the type ${issue.expected}`}`;
    case 'unrecognized_keys': {
      const names = issue.keys.map((name) => JSON.stringify(name)).join(', ');
      return `no member has the name ${names}; ${members(issue.path)}`;
    }
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_union':
      return 'must be true or false';
    case 'too_small':
      return bound(
        issue.origin,
        issue.inclusive === false ? 'more than' : 'at least',
        issue.minimum,
      );
    case 'too_big':
      return bound(
        issue.origin,
        issue.inclusive === false ? 'less than' : 'at most',
        issue.maximum,
      );
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message;
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const units: Readonly<Record<string, string>> = { string: ' characters', array: ' items' };

function bound(origin: string, relation: string, limit: number | bigint): string {
  const unit = units[origin];
  if (unit !== undefined && relation === 'at least' && Number(limit) === 1) {
    return 'must not be empty';
  }
  return unit === undefined
    ? `must be ${relation} ${limit}`
    : `must have ${relation} ${limit}${unit}`;
}

function valueAt(entry: unknown, path: readonly PropertyKey[]): unknown {
  let value = entry;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<PropertyKey, unknown>(Object.entries(value)).get(String(step));
  }
  return value;
}
