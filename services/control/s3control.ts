// The S3 Control API: which call answers at which method and path, and what must hold before any of
// them is made: a valid signature for the service s3, and the caller's own account.
import { checkAccount } from './auth/check-account.ts';
import type { Keys } from './auth/keys.ts';
import { verifySignature } from './auth/verify-signature.ts';
import { type Call, type CallAnswer, type CallPorts, refuse } from './calls/call.ts';
import { createJob } from './calls/create-job.ts';
import { deleteJobTagging } from './calls/delete-job-tagging.ts';
import { describeJob } from './calls/describe-job.ts';
import { getJobTagging } from './calls/get-job-tagging.ts';
import { listJobs } from './calls/list-jobs.ts';
import { putJobTagging } from './calls/put-job-tagging.ts';
import { updateJobPriority } from './calls/update-job-priority.ts';
import { updateJobStatus } from './calls/update-job-status.ts';
import type { WireRequest } from './front/wire-request.ts';
import { readText } from './wire/read-shape.ts';
import { jobId } from './wire/shapes.ts';

export const s3controlPrefix = '/v20180820/';

/** '{id}' stands for one path segment, a job's id. */
const routes: readonly {
  readonly path: string;
  readonly calls: ReadonlyMap<string, Call>;
}[] = [
  {
    path: '/v20180820/jobs',
    calls: new Map([
      ['POST', createJob],
      ['GET', listJobs],
    ]),
  },
  { path: '/v20180820/jobs/{id}', calls: new Map([['GET', describeJob]]) },
  { path: '/v20180820/jobs/{id}/priority', calls: new Map([['POST', updateJobPriority]]) },
  { path: '/v20180820/jobs/{id}/status', calls: new Map([['POST', updateJobStatus]]) },
  {
    path: '/v20180820/jobs/{id}/tagging',
    calls: new Map([
      ['GET', getJobTagging],
      ['PUT', putJobTagging],
      ['DELETE', deleteJobTagging],
    ]),
  },
];

export async function answerS3Control(
  request: WireRequest,
  keys: Keys,
  ports: CallPorts,
  signal: AbortSignal,
): Promise<CallAnswer> {
  const verification = verifySignature(request, {
    service: 's3',
    region: ports.region,
    nowMs: ports.clock.wallMs(),
    keys,
  });
  if (verification.kind === 'refused') return verification;
  const foreign = checkAccount(request, verification.caller);
  if (foreign !== undefined) return { kind: 'refused', refusal: foreign };

  const found = findRoute(request.path);
  if (found === undefined) {
    return refuse('InvalidURI', 'No operation of the S3 Control API that s3batch has is here.');
  }
  const call = found.calls.get(request.method);
  if (call === undefined) {
    const methods = [...found.calls.keys()].join(', ');
    return refuse('MethodNotAllowed', `This path takes ${methods}, not ${request.method}.`);
  }
  if (found.id !== '') {
    const read = readText(jobId, found.id, 'JobId');
    if (read.kind === 'problems') return refuse('BadRequestException', read.problems.join(' '));
  }
  return call(request, found.id, verification.caller, ports, signal);
}

function findRoute(
  path: string,
): { readonly calls: ReadonlyMap<string, Call>; readonly id: string } | undefined {
  const segments = path.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    const place = wanted.indexOf('{id}');
    const matches =
      wanted.length === segments.length &&
      wanted.every(
        (segment, index) =>
          segment === segments[index] || (index === place && segments[index] !== ''),
      );
    if (matches) return { calls: route.calls, id: place < 0 ? '' : (segments[place] ?? '') };
  }
  return undefined;
}
