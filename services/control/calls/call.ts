// What every call of the S3 Control API gets and gives. One file per call; s3control.ts finds it.
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { isRefusalCode, type Refusal } from '../../core/errors.ts';
import type { Reply } from '../../core/message.ts';
import type { Roles } from '../../core/storage.ts';
import type { Caller } from '../auth/verify-signature.ts';
import type { JobDesk } from '../desk.ts';
import type { WireRequest } from '../front/wire-request.ts';

export interface CallPorts {
  readonly desk: JobDesk;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  /** Where notifications of jobs go that name no topic; null: nowhere. */
  readonly topicArn: string | null;
}

export type CallAnswer =
  | { readonly kind: 'document'; readonly body: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** id: the job's, as it stands in the path; '' where the path names none. */
export type Call = (
  request: WireRequest,
  id: string,
  caller: Caller,
  ports: CallPorts,
  signal: AbortSignal,
) => Promise<CallAnswer>;

export function document(body: string): CallAnswer {
  return { kind: 'document', body };
}

export function refuse(code: Refusal['code'], message: string): CallAnswer {
  return { kind: 'refused', refusal: { code, message } };
}

export const noSuchJob = refuse('NotFoundException', 'The specified job does not exist.');

/** The coordinator's refusal; a code that the table does not know is a bug of ours. */
export function refusedReply(reply: Extract<Reply, { kind: 'refused' }>): CallAnswer {
  const { code, message } = reply;
  return refuse(isRefusalCode(code) ? code : 'InternalServiceException', message);
}
