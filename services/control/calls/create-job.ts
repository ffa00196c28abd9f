// CreateJob as the S3 Control API has it: an XML body. What it must hold and how the job is started
// is start-job.ts's business. The answer comes when the job is durable.
import { parseXml } from '../wire/parse-xml.ts';
import { readShape } from '../wire/read-shape.ts';
import { createJobRequest, createJobResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, refuse } from './call.ts';
import { startJob } from './start-job.ts';

const rootName = 'CreateJobRequest';

export const createJob: Call = async (request, _id, caller, ports, signal) => {
  const parsed = parseXml(request.body);
  if (parsed.kind === 'malformed') return refuse('MalformedXML', parsed.message);
  if (parsed.element.name !== rootName) {
    return refuse('MalformedXML', `The root element must be ${rootName}.`);
  }
  const read = readShape(createJobRequest, parsed.element, '');
  if (read.kind === 'problems') return refuse('BadRequestException', read.problems.join(' '));
  if (read.ignored.length > 0) {
    ports.log.warn({ members: read.ignored }, 'CreateJob: members ignored that are not known here');
  }
  const answer = await startJob(read.value, caller, ports, signal);
  if (answer.kind === 'refused') return answer;
  return document(writeDocument('CreateJobResult', createJobResult, { JobId: answer.jobId }));
};
