// S3ReplicateObject: replicates every object by the rules of its bucket; it has no parameters.
// Stored and shown; nothing does it yet.
import type { NoParameters } from '../operation.ts';
import { isShape, type OperationForm } from './operation-file.ts';

const hasForm = isShape({});

export const s3ReplicateObject: OperationForm<'S3ReplicateObject', NoParameters> = {
  name: 'S3ReplicateObject',
  isParameters(value): value is NoParameters {
    return hasForm(value);
  },
  problem: () => null,
};
