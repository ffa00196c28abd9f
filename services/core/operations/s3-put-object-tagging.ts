// S3PutObjectTagging: replaces the whole tag set of every object. Doing it twice is doing it once.
import type { PutObjectTaggingParameters } from '../operation.ts';
import {
  isListOf,
  isShape,
  isTag,
  type OperationFile,
  tagsProblem,
  versionOf,
} from './operation-file.ts';

const hasForm = isShape({ TagSet: isListOf(isTag) }, ['TagSet']);

export const s3PutObjectTagging: OperationFile<'S3PutObjectTagging', PutObjectTaggingParameters> = {
  name: 'S3PutObjectTagging',
  isParameters(value): value is PutObjectTaggingParameters {
    return hasForm(value);
  },
  problem: ({ TagSet }) => tagsProblem(TagSet),
  prepare({ TagSet }) {
    const Tagging = { TagSet };
    return (task) => ({
      command: 'PutObjectTagging',
      input: { Bucket: task.bucket, Key: task.key, ...versionOf(task), Tagging },
    });
  },
  doneBefore: () => false,
};
