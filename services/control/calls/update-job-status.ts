// UpdateJobStatus: confirms a suspended job (Ready) or cancels one (Cancelled). The answer carries
// the status that the job has then, which may be Cancelling.
import { randomUUID } from 'node:crypto';
import { parametersNamed } from '../front/wire-request.ts';
import { readText } from '../wire/read-shape.ts';
import { requestedJobStatus, statusUpdateReason, updateJobStatusResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, refuse, refusedReply } from './call.ts';

export const updateJobStatus: Call = async (request, id, caller, ports, signal) => {
  const wanted = parametersNamed(request, 'requestedJobStatus');
  const reasons = parametersNamed(request, 'statusUpdateReason');
  if (wanted.length !== 1 || reasons.length > 1) {
    return refuse(
      'BadRequestException',
      'requestedJobStatus must be given once, statusUpdateReason at most once.',
    );
  }
  const status = readText(requestedJobStatus, wanted[0] ?? '', 'requestedJobStatus');
  if (status.kind === 'problems') return refuse('BadRequestException', status.problems.join(' '));
  const [reason] = reasons;
  if (reason !== undefined) {
    const read = readText(statusUpdateReason, reason, 'statusUpdateReason');
    if (read.kind === 'problems') return refuse('BadRequestException', read.problems.join(' '));
  }
  const reply = await ports.desk.ask(
    {
      kind: 'status',
      commandId: randomUUID(),
      accountId: caller.accountId,
      atMs: ports.clock.wallMs(),
      jobId: id,
      requested: status.value,
      reason: reason ?? null,
    },
    signal,
  );
  if (reply.kind === 'refused') return refusedReply(reply);
  return document(
    writeDocument('UpdateJobStatusResult', updateJobStatusResult, {
      JobId: reply.jobId,
      Status: reply.status,
      ...(reason === undefined ? {} : { StatusUpdateReason: reason }),
    }),
  );
};
