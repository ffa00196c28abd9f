// S3PutObjectLegalHold: puts or lifts the legal hold of every object. Stored and shown; nothing
// sends it yet.
import type { PutObjectLegalHoldParameters } from '../operation.ts';
import { isAnyOf, isShape, type OperationForm } from './operation-file.ts';

const hasForm = isShape({ LegalHold: isShape({ Status: isAnyOf('OFF', 'ON') }, ['Status']) }, [
  'LegalHold',
]);

export const s3PutObjectLegalHold: OperationForm<
  'S3PutObjectLegalHold',
  PutObjectLegalHoldParameters
> = {
  name: 'S3PutObjectLegalHold',
  isParameters(value): value is PutObjectLegalHoldParameters {
    return hasForm(value);
  },
  problem: () => null,
};
