// S3UpdateObjectEncryption: gives every object another KMS key in place. Stored and shown; nothing
// sends it yet.
import type { UpdateObjectEncryptionParameters } from '../operation.ts';
import { isFlag, isShape, isText, type OperationForm } from './operation-file.ts';

const hasForm = isShape({
  ObjectEncryption: isShape({
    'SSE-KMS': isShape({ KMSKeyArn: isText, BucketKeyEnabled: isFlag }, ['KMSKeyArn']),
  }),
});

export const s3UpdateObjectEncryption: OperationForm<
  'S3UpdateObjectEncryption',
  UpdateObjectEncryptionParameters
> = {
  name: 'S3UpdateObjectEncryption',
  isParameters(value): value is UpdateObjectEncryptionParameters {
    return hasForm(value);
  },
  problem: ({ ObjectEncryption }) =>
    ObjectEncryption?.['SSE-KMS'] === undefined
      ? 'ObjectEncryption must hold SSE-KMS, the only encryption that objects can be given.'
      : null,
};
