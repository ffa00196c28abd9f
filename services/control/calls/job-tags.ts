// What holds for the tags of a job, whichever call gives them: how many, and each key once. Their
// lengths and characters stand in the table of shapes. Keys are told apart by case.
import type { Refusal } from '../../core/errors.ts';
import type { Tag } from '../../core/s3-call.ts';

export const jobTagsMax = 50;

export function tooManyTags(count: number): string {
  return `A job can have at most ${jobTagsMax} tags, not ${count}.`;
}

/** tooMany: the code of the call for more tags than there may be. */
export function tagsRefusal(tags: readonly Tag[], tooMany: Refusal['code']): Refusal | undefined {
  if (tags.length > jobTagsMax) return { code: tooMany, message: tooManyTags(tags.length) };
  const keys = new Set<string>();
  for (const { Key } of tags) {
    if (keys.has(Key)) {
      return { code: 'BadRequestException', message: `Tags holds the key '${Key}' twice.` };
    }
    keys.add(Key);
  }
  return undefined;
}

/** Without members that a newer client may have added. */
export function storedTags(tags: readonly Tag[]): readonly Tag[] {
  return tags.map(({ Key, Value }) => ({ Key, Value }));
}
