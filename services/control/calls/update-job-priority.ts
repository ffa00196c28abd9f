// UpdateJobPriority: may be called while the job runs; the schedule acts on it at once.
import { randomUUID } from 'node:crypto';
import { parametersNamed } from '../front/wire-request.ts';
import { readText } from '../wire/read-shape.ts';
import { priority, updateJobPriorityResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, refuse, refusedReply } from './call.ts';

export const updateJobPriority: Call = async (request, id, caller, ports, signal) => {
  const [written, ...more] = parametersNamed(request, 'priority');
  if (written === undefined || more.length > 0) {
    return refuse('BadRequestException', 'priority must be given once.');
  }
  const wanted = readText(priority, written, 'priority');
  if (wanted.kind === 'problems') return refuse('BadRequestException', wanted.problems.join(' '));
  const reply = await ports.desk.ask(
    {
      kind: 'priority',
      commandId: randomUUID(),
      accountId: caller.accountId,
      atMs: ports.clock.wallMs(),
      jobId: id,
      priority: wanted.value,
    },
    signal,
  );
  if (reply.kind === 'refused') return refusedReply(reply);
  return document(
    writeDocument('UpdateJobPriorityResult', updateJobPriorityResult, {
      JobId: reply.jobId,
      Priority: reply.priority,
    }),
  );
};
