// S3DeleteObjectTagging: removes all tags of every object; it has no parameters. Doing it twice is
// doing it once.
import { isShape, type OperationFile, versionOf } from './operation-file.ts';

type NoParameters = Readonly<Record<string, never>>;

const hasForm = isShape({});

export const s3DeleteObjectTagging: OperationFile<'S3DeleteObjectTagging', NoParameters> = {
  name: 'S3DeleteObjectTagging',
  isParameters(value): value is NoParameters {
    return hasForm(value);
  },
  problem: () => null,
  prepare: () => (task) => ({
    command: 'DeleteObjectTagging',
    input: { Bucket: task.bucket, Key: task.key, ...versionOf(task) },
  }),
  doneBefore: () => false,
};
