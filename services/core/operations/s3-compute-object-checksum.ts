// S3ComputeObjectChecksum: reads every object and reports its checksum. Stored and shown; nothing
// does it yet.
import type { ComputeObjectChecksumParameters } from '../operation.ts';
import { isAnyOf, isShape, isText, type OperationForm } from './operation-file.ts';

const hasForm = isShape({
  ChecksumAlgorithm: isText,
  ChecksumType: isAnyOf('FULL_OBJECT', 'COMPOSITE'),
});

export const s3ComputeObjectChecksum: OperationForm<
  'S3ComputeObjectChecksum',
  ComputeObjectChecksumParameters
> = {
  name: 'S3ComputeObjectChecksum',
  isParameters(value): value is ComputeObjectChecksumParameters {
    return hasForm(value);
  },
  problem: () => null,
};
