// DeleteJobTagging: takes all tags from a job, whatever its status. A job without tags keeps none.
import { deleteJobTaggingResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document } from './call.ts';
import { replaceTags } from './replace-tags.ts';

export const deleteJobTagging: Call = async (_request, id, caller, ports, signal) => {
  const refused = await replaceTags(id, [], caller, ports, signal);
  return refused ?? document(writeDocument('DeleteJobTaggingResult', deleteJobTaggingResult, {}));
};
