// CreateJob as the S3 Control API has it: an XML body. What it must hold and how the job is started
// is start-job.ts's business. The answer comes when the job is durable.
import { createJobRequest, createJobResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document } from './call.ts';
import { readMembers, readRoot } from './read-body.ts';
import { startJob } from './start-job.ts';

export const createJob: Call = async (request, _id, caller, ports, signal) => {
  const root = readRoot(request.body, 'CreateJobRequest');
  if (root.kind === 'answer') return root.answer;
  const read = readMembers(createJobRequest, root.value, 'CreateJob', ports);
  if (read.kind === 'answer') return read.answer;
  const answer = await startJob(read.value, caller, ports, signal);
  if (answer.kind === 'refused') return answer;
  return document(writeDocument('CreateJobResult', createJobResult, { JobId: answer.jobId }));
};
