// An s3control request names its account in x-amz-account-id, and again in the host where the
// client puts it there. Both must be the account of the key that signed.
import type { Refusal } from '../../core/errors.ts';
import { headerOf, type WireRequest } from '../front/wire-request.ts';
import type { Caller } from './verify-signature.ts';

export function checkAccount(request: WireRequest, caller: Caller): Refusal | undefined {
  const named = headerOf(request, 'x-amz-account-id');
  if (named === undefined) {
    return {
      code: 'BadRequestException',
      message: 'The header x-amz-account-id is required: 12 digits, the account of the key.',
    };
  }
  const label = accountLabel(headerOf(request, 'host') ?? '');
  const isOwn = named === caller.accountId && (label === null || label === caller.accountId);
  if (isOwn) return undefined;
  return {
    code: 'AccessDenied',
    message:
      label !== null && label !== named
        ? `The host names the account ${label}, x-amz-account-id another one.`
        : 'The access key does not belong to the account that x-amz-account-id names.',
  };
}

/** '123456789012' of '123456789012.s3control.example:8340'; null where the host has none. */
export function accountLabel(host: string): string | null {
  return /^(\d{12})\../.exec(host)?.[1] ?? null;
}
