// Grants of an access control list, as copies and S3PutObjectAcl give them.
import type { Grant } from '../operation.ts';
import { isAnyOf, isShape, isText } from './operation-file.ts';

export const isGrant = isShape({
  Grantee: isShape({
    TypeIdentifier: isAnyOf('id', 'emailAddress', 'uri'),
    Identifier: isText,
    DisplayName: isText,
  }),
  Permission: isAnyOf('FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'),
});

/** As a grant header names it; null if it lacks a part. */
export function granteeOf({ Grantee: grantee }: Grant): string | null {
  if (grantee?.TypeIdentifier === undefined || grantee.Identifier === undefined) return null;
  return `${grantee.TypeIdentifier}="${grantee.Identifier}"`;
}

/** What is missing in a grant; null if nothing is. */
export function grantProblem(grant: Grant): string | null {
  const grantee = granteeOf(grant);
  if (grantee === null) return 'Every grant needs a Grantee with TypeIdentifier and Identifier.';
  return grant.Permission === undefined ? `The grant to ${grantee} has no Permission.` : null;
}
