// GetJobTagging, PutJobTagging, DeleteJobTagging: not built yet, and each says so by its own name.
// Tags given to CreateJob are stored with the job already.
import { type Call, refuse } from './call.ts';

function notBuilt(name: string): Call {
  return () =>
    Promise.resolve(
      refuse(
        'BadRequestException',
        `${name} is not supported by this version of s3batch yet; give tags to CreateJob.`,
      ),
    );
}

export const getJobTagging = notBuilt('GetJobTagging');
export const putJobTagging = notBuilt('PutJobTagging');
export const deleteJobTagging = notBuilt('DeleteJobTagging');
