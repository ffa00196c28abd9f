// The skeleton that every operation file fills: the form of its parameters, AWS's limits on them,
// and, once the operation is built, the S3 call of one task and what an answer means when the call
// was made before.
import type { S3Call, Tag } from '../s3-call.ts';
import type { Task } from '../task.ts';

/** What is needed to take an operation, keep it and show it. */
export interface OperationForm<Name extends string, Parameters> {
  readonly name: Name;
  /** Whether the value has the form of these parameters; unknown members are refused. */
  isParameters(value: unknown): value is Parameters;
  /** What is wrong with them, said to whoever creates the job; null if nothing is. */
  problem(parameters: Parameters): string | null;
}

/** What is needed to do it. */
export interface OperationFile<Name extends string, Parameters>
  extends OperationForm<Name, Parameters> {
  /** What is the same for every task of a job is worked out once, here. */
  prepare(parameters: Parameters): (task: Task) => S3Call;
  /** Whether this refusal, on an attempt after the first, shows that an earlier attempt worked. */
  doneBefore(status: number, code: string): boolean;
}

/** Guards for plain data that came from JSON or XML. */
export type Guard = (value: unknown) => boolean;

export const isText: Guard = (value) => typeof value === 'string';
export const isFlag: Guard = (value) => typeof value === 'boolean';
export const isCount: Guard = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const isWhole: Guard = (value) => Number.isSafeInteger(value);
export const isAnyOf =
  (...members: readonly string[]): Guard =>
  (value) =>
    members.some((member) => member === value);
export const isListOf =
  (guard: Guard): Guard =>
  (value) =>
    Array.isArray(value) && value.every(guard);

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isTextMap: Guard = (value) => isObject(value) && Object.values(value).every(isText);

/** An object with these members only, each of the right form; those not required may be absent. */
export function isShape(
  members: Readonly<Record<string, Guard>>,
  required: readonly string[] = [],
): Guard {
  return (value) =>
    isObject(value) &&
    Object.entries(value).every(
      ([name, member]) => Object.hasOwn(members, name) && members[name]?.(member) === true,
    ) &&
    required.every((name) => Object.hasOwn(value, name));
}

export const isTag = isShape({ Key: isText, Value: isText }, ['Key', 'Value']);

export const isEventHoldDuration = isShape({ Days: isCount, Years: isCount });

export const objectTagsMax = 10;
export const tagKeyCharactersMax = 128;
export const tagValueCharactersMax = 256;

/** AWS's rules for the tags of an object. */
export function tagsProblem(tags: readonly Tag[]): string | null {
  if (tags.length > objectTagsMax) {
    return `An object can have at most ${objectTagsMax} tags, not ${tags.length}.`;
  }
  const keys = new Set<string>();
  for (const { Key, Value } of tags) {
    if (Key.length === 0 || Key.length > tagKeyCharactersMax) {
      return `A tag's key must have 1 to ${tagKeyCharactersMax} characters, not ${Key.length}.`;
    }
    if (Value.length > tagValueCharactersMax) {
      return `The value of tag "${Key}" has more than ${tagValueCharactersMax} characters.`;
    }
    if (keys.has(Key)) return `Tag "${Key}" is given more than once.`;
    keys.add(Key);
  }
  return null;
}

/** The version to name in a call, if the task has one. */
export function versionOf(task: Task): { readonly VersionId?: string } {
  return task.versionId === null || task.versionId === '' ? {} : { VersionId: task.versionId };
}
