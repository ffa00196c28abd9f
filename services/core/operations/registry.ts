// Which operations this build can run, and the ones of AWS it refuses by name until they are built.
import type { Operation } from '../operation.ts';
import type { S3Call } from '../s3-call.ts';
import type { Task } from '../task.ts';
import type { OperationFile } from './operation-file.ts';
import { s3DeleteObjectTagging } from './s3-delete-object-tagging.ts';
import { s3PutObjectCopy } from './s3-put-object-copy.ts';
import { s3PutObjectTagging } from './s3-put-object-tagging.ts';

export const operationNames: readonly Operation['name'][] = [
  s3PutObjectCopy.name,
  s3PutObjectTagging.name,
  s3DeleteObjectTagging.name,
];

/** Operations of AWS that this build does not run yet. */
export const operationNamesNotBuilt: readonly string[] = [
  'LambdaInvoke',
  'S3PutObjectAcl',
  'S3InitiateRestoreObject',
  'S3PutObjectLegalHold',
  'S3PutObjectRetention',
  'S3ReplicateObject',
  'S3ComputeObjectChecksum',
  'S3UpdateObjectEncryption',
];

/** An operation made ready for the tasks of one job. */
export interface BoundOperation {
  readonly name: Operation['name'];
  /** What is wrong with the parameters, in a sentence; null if nothing is. */
  readonly problem: string | null;
  request(task: Task): S3Call;
  /** Whether this refusal, on an attempt after the first, shows that an earlier attempt worked. */
  doneBefore(status: number, code: string): boolean;
}

/** Make it once per job, not once per task. */
export function operationFor(operation: Operation): BoundOperation {
  switch (operation.name) {
    case 'S3PutObjectTagging':
      return bind(s3PutObjectTagging, operation.parameters);
    case 'S3DeleteObjectTagging':
      return bind(s3DeleteObjectTagging, operation.parameters);
    case 'S3PutObjectCopy':
      return bind(s3PutObjectCopy, operation.parameters);
  }
}

function bind<Name extends Operation['name'], Parameters>(
  file: OperationFile<Name, Parameters>,
  parameters: Parameters,
): BoundOperation {
  const problem = file.problem(parameters);
  return {
    name: file.name,
    problem,
    request: problem === null ? file.prepare(parameters) : cannotRun(file.name, problem),
    doneBefore: (status, code) => file.doneBefore(status, code),
  };
}

function cannotRun(name: string, problem: string): () => never {
  return () => {
    throw new Error(`${name} cannot run: ${problem}`);
  };
}

/** The operation of that name if the value has the form of its parameters; null if not. */
export function readOperation(name: string, parameters: unknown): Operation | null {
  switch (name) {
    case 'S3PutObjectTagging':
      return s3PutObjectTagging.isParameters(parameters) ? { name, parameters } : null;
    case 'S3DeleteObjectTagging':
      return s3DeleteObjectTagging.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectCopy':
      return s3PutObjectCopy.isParameters(parameters) ? { name, parameters } : null;
  }
  return null;
}

/** Operations whose request is a plain PUT or DELETE to a server that ignores its sub-resource. */
export function needsSubresources({ name }: Operation | BoundOperation): boolean {
  switch (name) {
    case 'S3PutObjectTagging':
    case 'S3DeleteObjectTagging':
      return true;
    case 'S3PutObjectCopy':
      return false;
  }
}
