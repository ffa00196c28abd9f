// Asks the coordinator to give a job these tags and no others. Resolves when the change is durable
// and seen by this desk; with the refusal, if there is one.
import { randomUUID } from 'node:crypto';
import type { Tag } from '../../core/s3-call.ts';
import type { Caller } from '../auth/verify-signature.ts';
import { type CallAnswer, type CallPorts, refusedReply } from './call.ts';

export async function replaceTags(
  jobId: string,
  tags: readonly Tag[],
  caller: Caller,
  ports: CallPorts,
  signal: AbortSignal,
): Promise<CallAnswer | undefined> {
  const command = {
    kind: 'tags',
    commandId: randomUUID(),
    accountId: caller.accountId,
    atMs: ports.clock.wallMs(),
    jobId,
    tags,
  } as const;
  const reply = await ports.desk.ask(command, signal);
  if (reply.kind === 'accepted') return undefined;
  return refusedReply(reply);
}
