// How S3's answers read as reasons of a failed job: who (the role), what (the action), where, and
// what to do. AWS's own sentences stand first where AWS has one.
import type { ObjectAddress } from '../core/storage.ts';
import type { StorageRefusal } from './ask-storage.ts';
import { type Problem, problem, shown } from './problem.ts';

const forbiddenStatus = 403;
const notFoundStatus = 404;
const arnCharactersMax = 60;
const roleCharactersMax = 40;
const bucketCharactersMax = 40;
const noSuchBucket = 'NoSuchBucket';

export function shownArn(at: Pick<ObjectAddress, 'bucket' | 'key'>): string {
  return shown(`arn:aws:s3:::${at.bucket}/${at.key}`, arnCharactersMax);
}

/** subject: what the object is to the job, "the manifest", "data file 3 of 12". */
export function readRefused(
  subject: string,
  at: ObjectAddress,
  roleArn: string,
  refusal: StorageRefusal,
): Problem {
  const action = at.versionId === null ? 's3:GetObject' : 's3:GetObjectVersion';
  if (refusal.status === forbiddenStatus) {
    const code = isBare(refusal.code) ? 'AccessDenied' : refusal.code;
    return problem(
      code,
      `Reading ${subject} is forbidden: ${code}. ${remedy(code, action, at, roleArn)}`,
    );
  }
  if (refusal.status === notFoundStatus) {
    const code = isBare(refusal.code) ? 'NoSuchKey' : refusal.code;
    return problem(
      code,
      `Reading ${subject} failed: there is no ${missing(code, at)} (${code}). ` +
        'Check bucket, key and version.',
    );
  }
  return problem(
    refusal.code,
    `Reading ${subject} ${shownArn(at)} failed: ${refusal.status} ` +
      `${shown(refusal.code, roleCharactersMax)} ${shown(refusal.message)}`,
  );
}

export function reportRefused(
  at: ObjectAddress,
  roleArn: string,
  refusal: StorageRefusal,
): Problem {
  const code = isBare(refusal.code) ? 'AccessDenied' : refusal.code;
  if (code === noSuchBucket) {
    return problem(
      code,
      `The job report could not be written to your report bucket. ${code}: there is no bucket ` +
        `${shown(at.bucket)}. Create it, or name another in a new job.`,
    );
  }
  return problem(
    code,
    'The job report could not be written to your report bucket. Please check your permissions. ' +
      `${code}: ${shown(roleArn, roleCharactersMax)} needs s3:PutObject on ${shownArn(at)}`,
  );
}

/** A HEAD's refusal has no body, so adapters can only name the status. */
export function isBare(code: string): boolean {
  return code === '' || code === 'Forbidden' || code === 'NotFound' || /^\d+$/.test(code);
}

function remedy(code: string, action: string, at: ObjectAddress, roleArn: string): string {
  const role = shown(roleArn, roleCharactersMax);
  return code === 'AccessDenied'
    ? `${role} needs ${action} on ${shownArn(at)}`
    : `Check the credentials configured for ${role}, which read ${shownArn(at)}`;
}

/** A HEAD that finds nothing does not say whether the object or its bucket is missing. */
function missing(code: string, at: ObjectAddress): string {
  const bucket = `bucket ${shown(at.bucket, bucketCharactersMax)}`;
  if (code === noSuchBucket) return bucket;
  return `${shownArn(at)}${version(at)}, or no ${bucket}`;
}

function version(at: ObjectAddress): string {
  return at.versionId === null ? '' : ` version ${shown(at.versionId, roleCharactersMax)}`;
}
