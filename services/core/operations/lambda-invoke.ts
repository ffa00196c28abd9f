// LambdaInvoke: calls a function for every object. Stored and shown; nothing calls it yet.
// Schema version 1.0 is the one of a request that names none; user arguments came with 2.0.
import type { LambdaInvokeParameters } from '../operation.ts';
import { isShape, isText, isTextMap, type OperationForm } from './operation-file.ts';

const hasForm = isShape({
  FunctionArn: isText,
  InvocationSchemaVersion: isText,
  UserArguments: isTextMap,
});

export const lambdaInvoke: OperationForm<'LambdaInvoke', LambdaInvokeParameters> = {
  name: 'LambdaInvoke',
  isParameters(value): value is LambdaInvokeParameters {
    return hasForm(value);
  },
  problem({ FunctionArn, InvocationSchemaVersion: version = '1.0', UserArguments }) {
    if (FunctionArn === undefined) return 'FunctionArn is missing: the function to call.';
    if (version !== '1.0' && version !== '2.0') {
      return `InvocationSchemaVersion must be 1.0 or 2.0, not '${version}'.`;
    }
    return UserArguments !== undefined && version === '1.0'
      ? 'UserArguments need InvocationSchemaVersion 2.0.'
      : null;
  },
};
