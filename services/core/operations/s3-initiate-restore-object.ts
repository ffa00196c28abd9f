// S3InitiateRestoreObject: asks for a temporary copy of every archived object. Stored and shown;
// nothing sends it yet. Without ExpirationInDays it is meant for Intelligent-Tiering.
import type { InitiateRestoreObjectParameters } from '../operation.ts';
import { isAnyOf, isCount, isShape, type OperationForm } from './operation-file.ts';

const hasForm = isShape({
  ExpirationInDays: isCount,
  GlacierJobTier: isAnyOf('BULK', 'STANDARD'),
});

export const s3InitiateRestoreObject: OperationForm<
  'S3InitiateRestoreObject',
  InitiateRestoreObjectParameters
> = {
  name: 'S3InitiateRestoreObject',
  isParameters(value): value is InitiateRestoreObjectParameters {
    return hasForm(value);
  },
  problem: () => null,
};
