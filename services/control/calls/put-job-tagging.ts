// PutJobTagging: replaces all tags of a job, whatever its status, also after its end. An empty set
// takes them all away. Doing it twice is doing it once.
import { putJobTaggingRequest, putJobTaggingResult } from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, document, refuse } from './call.ts';
import { jobTagsMax, storedTags, tagsRefusal, tooManyTags } from './job-tags.ts';
import { readMembers, readRoot } from './read-body.ts';
import { replaceTags } from './replace-tags.ts';

const tooMany = 'TooManyTagsException';

export const putJobTagging: Call = async (request, id, caller, ports, signal) => {
  const root = readRoot(request.body, 'PutJobTaggingRequest');
  if (root.kind === 'answer') return root.answer;
  // Counted first: how many there are is said before what is wrong with the thousandth.
  const given = root.value.children.find(({ name }) => name === 'Tags')?.children.length ?? 0;
  if (given > jobTagsMax) return refuse(tooMany, tooManyTags(given));
  const read = readMembers(putJobTaggingRequest, root.value, 'PutJobTagging', ports);
  if (read.kind === 'answer') return read.answer;
  const tags = storedTags(read.value.Tags);
  const refusal = tagsRefusal(tags, tooMany);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const refused = await replaceTags(id, tags, caller, ports, signal);
  return refused ?? document(writeDocument('PutJobTaggingResult', putJobTaggingResult, {}));
};
