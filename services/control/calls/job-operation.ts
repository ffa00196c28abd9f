// The operation of a CreateJob request to the one that the corridor stores, and back for an answer.
// Exactly one member must stand in Operation. One that this version cannot run is taken too: its
// job fails in Preparing and says so (core/not-built.ts).
import type { Refusal } from '../../core/errors.ts';
import type { Operation } from '../../core/operation.ts';
import { problemOf, readOperation } from '../../core/operations/registry.ts';
import type { ValueOf, WritableOf } from '../wire/shape.ts';
import type { jobOperation } from '../wire/shapes.ts';

type WireOperation = ValueOf<typeof jobOperation>;

export type OperationAnswer =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export function operationOf(wire: WireOperation): OperationAnswer {
  const [member] = Object.entries(wire);
  // The table lets exactly one through, which the compiler cannot know.
  if (member === undefined) return refused('Operation is empty.');
  const [name, parameters] = member;
  if (name === 'S3PutObjectTagging' && !('TagSet' in parameters)) {
    return refused(`Operation.${name}.TagSet is required; an empty one removes all tags.`);
  }
  const operation = readOperation(name, parameters);
  if (operation === null) return refused(`Operation.${name} does not have the form it must have.`);
  const problem = problemOf(operation);
  if (problem !== null) return refused(`Operation.${name}: ${problem}`);
  return { kind: 'operation', operation };
}

function refused(message: string): OperationAnswer {
  return { kind: 'refused', refusal: { code: 'BadRequestException', message } };
}

/** One member per operation, so that the compiler holds the stored form against the wire's. */
export function wireOperation({ name, parameters }: Operation): WritableOf<typeof jobOperation> {
  switch (name) {
    case 'LambdaInvoke':
      return { LambdaInvoke: parameters };
    case 'S3PutObjectCopy':
      return { S3PutObjectCopy: parameters };
    case 'S3PutObjectAcl':
      return { S3PutObjectAcl: parameters };
    case 'S3PutObjectTagging':
      return { S3PutObjectTagging: parameters };
    case 'S3DeleteObjectTagging':
      return { S3DeleteObjectTagging: parameters };
    case 'S3InitiateRestoreObject':
      return { S3InitiateRestoreObject: parameters };
    case 'S3PutObjectLegalHold':
      return { S3PutObjectLegalHold: parameters };
    case 'S3PutObjectRetention':
      return { S3PutObjectRetention: parameters };
    case 'S3ReplicateObject':
      return { S3ReplicateObject: parameters };
    case 'S3ComputeObjectChecksum':
      return { S3ComputeObjectChecksum: parameters };
    case 'S3UpdateObjectEncryption':
      return { S3UpdateObjectEncryption: parameters };
  }
}
