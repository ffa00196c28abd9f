// The operation of a CreateJob request to the one that the corridor stores, and back for an answer.
// Exactly one member must stand in Operation; one that this version cannot run is refused by name.
import type { Refusal } from '../../core/errors.ts';
import type { Operation } from '../../core/operation.ts';
import { operationFor, operationNames, readOperation } from '../../core/operations/registry.ts';
import type { ValueOf, WritableOf } from '../wire/shape.ts';
import type { jobOperation } from '../wire/shapes.ts';

type WireOperation = ValueOf<typeof jobOperation>;

export type OperationAnswer =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Members of operations we run that the corridor does not carry yet. */
const membersNotBuilt = [
  'AnnotationDirective',
  'ObjectLockEventHold',
  'ObjectLockEventHoldDuration',
];

export function operationOf(wire: WireOperation): OperationAnswer {
  const [member, ...more] = Object.entries(wire);
  if (member === undefined || more.length > 0) {
    return refused('Operation must hold exactly one operation, such as S3PutObjectTagging.');
  }
  const [name, parameters] = member;
  if (!operationNames.some((known) => known === name)) {
    return refused(`${name} is not supported by this version of s3batch yet.`);
  }
  const notBuilt = membersNotBuilt.find((inside) => inside in parameters);
  if (notBuilt !== undefined) {
    return refused(
      `Operation.${name}.${notBuilt} is not supported by this version of s3batch yet.`,
    );
  }
  if (name === 'S3PutObjectTagging' && !('TagSet' in parameters)) {
    return refused(`Operation.${name}.TagSet is required; an empty one removes all tags.`);
  }
  const operation = readOperation(name, parameters);
  if (operation === null) return refused(`Operation.${name} does not have the form it must have.`);
  const { problem } = operationFor(operation);
  if (problem !== null) return refused(`Operation.${name}: ${problem}`);
  return { kind: 'operation', operation };
}

function refused(message: string): OperationAnswer {
  return { kind: 'refused', refusal: { code: 'BadRequestException', message } };
}

export function wireOperation(operation: Operation): WritableOf<typeof jobOperation> {
  switch (operation.name) {
    case 'S3PutObjectTagging':
      return { S3PutObjectTagging: operation.parameters };
    case 'S3DeleteObjectTagging':
      return { S3DeleteObjectTagging: {} };
    case 'S3PutObjectCopy':
      return { S3PutObjectCopy: operation.parameters };
  }
}
