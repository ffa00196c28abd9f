// The operations of S3 Control by name: the form of each, and which of them this build can run.
// This is the one table of what is built; not-built.ts asks it for a job.
import type { BuiltOperation, BuiltOperationName, Operation, OperationName } from '../operation.ts';
import type { S3Call } from '../s3-call.ts';
import type { Task } from '../task.ts';
import { lambdaInvoke } from './lambda-invoke.ts';
import type { OperationFile } from './operation-file.ts';
import { s3ComputeObjectChecksum } from './s3-compute-object-checksum.ts';
import { s3DeleteObjectTagging } from './s3-delete-object-tagging.ts';
import { s3InitiateRestoreObject } from './s3-initiate-restore-object.ts';
import { s3PutObjectAcl } from './s3-put-object-acl.ts';
import { copyPartNotBuilt, s3PutObjectCopy } from './s3-put-object-copy.ts';
import { s3PutObjectLegalHold } from './s3-put-object-legal-hold.ts';
import { s3PutObjectRetention } from './s3-put-object-retention.ts';
import { s3PutObjectTagging } from './s3-put-object-tagging.ts';
import { s3ReplicateObject } from './s3-replicate-object.ts';
import { s3UpdateObjectEncryption } from './s3-update-object-encryption.ts';

/** Those that this build can run. */
export const operationNames: readonly BuiltOperationName[] = [
  s3PutObjectCopy.name,
  s3PutObjectTagging.name,
  s3DeleteObjectTagging.name,
];

/** Those that it takes and shows, but cannot run yet. */
export const operationNamesNotBuilt: readonly Exclude<OperationName, BuiltOperationName>[] = [
  lambdaInvoke.name,
  s3PutObjectAcl.name,
  s3InitiateRestoreObject.name,
  s3PutObjectLegalHold.name,
  s3PutObjectRetention.name,
  s3ReplicateObject.name,
  s3ComputeObjectChecksum.name,
  s3UpdateObjectEncryption.name,
];

export function isBuilt(operation: Operation): operation is BuiltOperation {
  return operationNames.some((name) => name === operation.name);
}

/** What this build does not do of it: its name and, if it does the rest, the part; else null. */
export function partNotBuilt(operation: Operation): string | null {
  if (!isBuilt(operation)) return operation.name;
  if (operation.name !== 'S3PutObjectCopy') return null;
  const part = copyPartNotBuilt(operation.parameters);
  return part === null ? null : `${operation.name} ${part}`;
}

/** An operation made ready for the tasks of one job. */
export interface BoundOperation {
  readonly name: BuiltOperationName;
  request(task: Task): S3Call;
  /** Whether this refusal, on an attempt after the first, shows that an earlier attempt worked. */
  doneBefore(status: number, code: string): boolean;
}

/**
 * Make it once per job, not once per task. Throws for what this build cannot run: the coordinator
 * of a newer version may activate what a worker of this one does not know.
 */
export function operationFor(operation: Operation): BoundOperation {
  if (!isBuilt(operation)) throw tooOld(operation.name);
  const part = partNotBuilt(operation);
  if (part !== null) throw tooOld(part);
  switch (operation.name) {
    case 'S3PutObjectTagging':
      return bind(s3PutObjectTagging, operation.parameters);
    case 'S3DeleteObjectTagging':
      return bind(s3DeleteObjectTagging, operation.parameters);
    case 'S3PutObjectCopy':
      return bind(s3PutObjectCopy, operation.parameters);
  }
}

function tooOld(part: string): Error {
  return new Error(`This worker cannot run ${part}: upgrade it.`);
}

function bind<Name extends BuiltOperationName, Parameters>(
  file: OperationFile<Name, Parameters>,
  parameters: Parameters,
): BoundOperation {
  const problem = file.problem(parameters);
  return {
    name: file.name,
    request: problem === null ? file.prepare(parameters) : cannotRun(file.name, problem),
    doneBefore: (status, code) => file.doneBefore(status, code),
  };
}

function cannotRun(name: string, problem: string): () => never {
  return () => {
    throw new Error(`${name} cannot run: ${problem}`);
  };
}

/** What is wrong with its parameters, in a sentence; null if nothing is. */
export function problemOf(operation: Operation): string | null {
  switch (operation.name) {
    case 'LambdaInvoke':
      return lambdaInvoke.problem(operation.parameters);
    case 'S3PutObjectCopy':
      return s3PutObjectCopy.problem(operation.parameters);
    case 'S3PutObjectAcl':
      return s3PutObjectAcl.problem(operation.parameters);
    case 'S3PutObjectTagging':
      return s3PutObjectTagging.problem(operation.parameters);
    case 'S3DeleteObjectTagging':
      return s3DeleteObjectTagging.problem(operation.parameters);
    case 'S3InitiateRestoreObject':
      return s3InitiateRestoreObject.problem(operation.parameters);
    case 'S3PutObjectLegalHold':
      return s3PutObjectLegalHold.problem(operation.parameters);
    case 'S3PutObjectRetention':
      return s3PutObjectRetention.problem(operation.parameters);
    case 'S3ReplicateObject':
      return s3ReplicateObject.problem(operation.parameters);
    case 'S3ComputeObjectChecksum':
      return s3ComputeObjectChecksum.problem(operation.parameters);
    case 'S3UpdateObjectEncryption':
      return s3UpdateObjectEncryption.problem(operation.parameters);
  }
}

/** The operation of that name if the value has the form of its parameters; null if not. */
export function readOperation(name: string, parameters: unknown): Operation | null {
  switch (name) {
    case 'LambdaInvoke':
      return lambdaInvoke.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectCopy':
      return s3PutObjectCopy.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectAcl':
      return s3PutObjectAcl.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectTagging':
      return s3PutObjectTagging.isParameters(parameters) ? { name, parameters } : null;
    case 'S3DeleteObjectTagging':
      return s3DeleteObjectTagging.isParameters(parameters) ? { name, parameters } : null;
    case 'S3InitiateRestoreObject':
      return s3InitiateRestoreObject.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectLegalHold':
      return s3PutObjectLegalHold.isParameters(parameters) ? { name, parameters } : null;
    case 'S3PutObjectRetention':
      return s3PutObjectRetention.isParameters(parameters) ? { name, parameters } : null;
    case 'S3ReplicateObject':
      return s3ReplicateObject.isParameters(parameters) ? { name, parameters } : null;
    case 'S3ComputeObjectChecksum':
      return s3ComputeObjectChecksum.isParameters(parameters) ? { name, parameters } : null;
    case 'S3UpdateObjectEncryption':
      return s3UpdateObjectEncryption.isParameters(parameters) ? { name, parameters } : null;
  }
  return null;
}

/** Operations whose request is a plain PUT or DELETE to a server that ignores its sub-resource. */
export function needsSubresources({ name }: BuiltOperation | BoundOperation): boolean {
  switch (name) {
    case 'S3PutObjectTagging':
    case 'S3DeleteObjectTagging':
      return true;
    case 'S3PutObjectCopy':
      return false;
  }
}
