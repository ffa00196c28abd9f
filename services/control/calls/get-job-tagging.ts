// GetJobTagging: the tags that the job has now, in the order in which they were given.
import { getJobTaggingResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, noSuchJob } from './call.ts';

export const getJobTagging: Call = async (_request, id, caller, ports, signal) => {
  const job = await ports.desk.find(caller.accountId, id, signal);
  if (job === undefined) return noSuchJob;
  return document(writeDocument('GetJobTaggingResult', getJobTaggingResult, { Tags: job.tags }));
};
