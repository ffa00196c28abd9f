// S3PutObjectAcl: replaces the access control list of every object. Stored and shown; nothing sends
// it yet.
import type { PutObjectAclParameters } from '../operation.ts';
import { grantProblem, isGrant } from './grants.ts';
import { isListOf, isShape, isText, type OperationForm } from './operation-file.ts';

const hasForm = isShape({
  AccessControlPolicy: isShape({
    AccessControlList: isShape(
      { Owner: isShape({ ID: isText, DisplayName: isText }), Grants: isListOf(isGrant) },
      ['Owner'],
    ),
    CannedAccessControlList: isText,
  }),
});

export const s3PutObjectAcl: OperationForm<'S3PutObjectAcl', PutObjectAclParameters> = {
  name: 'S3PutObjectAcl',
  isParameters(value): value is PutObjectAclParameters {
    return hasForm(value);
  },
  problem({ AccessControlPolicy: policy }) {
    const list = policy?.AccessControlList;
    if ((list === undefined) === (policy?.CannedAccessControlList === undefined)) {
      return (
        'AccessControlPolicy must hold exactly one of AccessControlList and ' +
        'CannedAccessControlList.'
      );
    }
    const problems = (list?.Grants ?? []).map(grantProblem);
    return problems.find((problem) => problem !== null) ?? null;
  },
};
