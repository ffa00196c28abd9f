// The start of a job that somebody asked for, whichever way the request came: everything that the
// request itself shows is checked here; whatever touches S3 is checked in Preparing and ends in
// FailureReasons. Resolves when the job is durable. The ClientRequestToken makes a repeat harmless.
// Invariant: a job that exists has a role that is configured; what this build cannot run of it
// fails in Preparing (core/not-built.ts).
import { randomUUID } from 'node:crypto';
import { isRefusalCode, type Refusal } from '../../core/errors.ts';
import type { JobRequest } from '../../core/job.ts';
import { isBuilt, needsSubresources } from '../../core/operations/registry.ts';
import type { Roles } from '../../core/storage.ts';
import { hashing } from '../auth/hashing.ts';
import type { Caller } from '../auth/verify-signature.ts';
import type { ValueOf } from '../wire/shape.ts';
import type { createJobRequest } from '../wire/shapes.ts';
import type { CallPorts } from './call.ts';
import { generatorOf } from './job-generator.ts';
import { type ManifestAnswer, manifestOf } from './job-manifest.ts';
import { operationOf } from './job-operation.ts';
import { reportOf } from './job-report.ts';
import { storedTags, tagsRefusal } from './job-tags.ts';

/** What the XML body of CreateJob, or its JSON twin, holds. */
export type WireJob = ValueOf<typeof createJobRequest>;

export type StartPorts = Pick<CallPorts, 'desk' | 'roles' | 'clock' | 'topicArn'>;

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };
export type StartAnswer = { readonly kind: 'started'; readonly jobId: string } | Refused;

export async function startJob(
  wire: WireJob,
  caller: Caller,
  ports: StartPorts,
  signal: AbortSignal,
): Promise<StartAnswer> {
  const checked = jobRequestOf(wire, caller, ports.topicArn);
  if (checked.kind === 'refused') return checked;
  const unable = roleProblem(checked.request, ports.roles);
  if (unable !== undefined) return unable;
  const reply = await ports.desk.ask(
    {
      kind: 'create',
      commandId: randomUUID(),
      accountId: caller.accountId,
      atMs: ports.clock.wallMs(),
      jobId: randomUUID(),
      request: checked.request,
      requestHash: requestHash(checked.request),
    },
    signal,
  );
  if (reply.kind === 'accepted') return { kind: 'started', jobId: reply.jobId };
  // A code that the table does not know is a bug of ours.
  return refused(
    isRefusalCode(reply.code) ? reply.code : 'InternalServiceException',
    reply.message,
  );
}

type CheckedRequest = { readonly kind: 'fine'; readonly request: JobRequest } | Refused;

function refused(code: Refusal['code'], message: string): Refused {
  return { kind: 'refused', refusal: { code, message } };
}

function bad(message: string): Refused {
  return refused('BadRequestException', message);
}

function jobRequestOf(wire: WireJob, caller: Caller, topicArn: string | null): CheckedRequest {
  const operation = operationOf(wire.Operation);
  if (operation.kind === 'refused') return operation;
  const manifest = sourceOf(wire);
  if (manifest.kind === 'problem') return bad(manifest.message);
  const report = reportOf(wire.Report);
  if (report.kind === 'problem') return bad(report.message);
  const tags = storedTags(wire.Tags ?? []);
  const tagsWrong = tagsRefusal(tags, 'BadRequestException');
  if (tagsWrong !== undefined) return { kind: 'refused', refusal: tagsWrong };
  return {
    kind: 'fine',
    request: {
      accountId: caller.accountId,
      roleArn: wire.RoleArn,
      priority: wire.Priority,
      description: wire.Description ?? null,
      // S3 waits for a confirmation unless the request says otherwise.
      confirmationRequired: wire.ConfirmationRequired ?? true,
      clientRequestToken: wire.ClientRequestToken,
      operation: operation.operation,
      manifest: manifest.manifest,
      report: report.report,
      tags,
      topicArn,
      origin: { kind: 'api', accessKeyId: caller.accessKeyId },
      bucketsAllowed: null,
    },
  };
}

/** The list of objects, given or to be generated. */
function sourceOf({ Manifest: manifest, ManifestGenerator: generator }: WireJob): ManifestAnswer {
  if (manifest !== undefined && generator === undefined) return manifestOf(manifest);
  if (manifest === undefined && generator !== undefined) return generatorOf(generator);
  const message = 'Exactly one of Manifest and ManifestGenerator must be given.';
  return { kind: 'problem', message };
}

function roleProblem(request: JobRequest, roles: Roles): Refused | undefined {
  const [, , , , roleAccount] = request.roleArn.split(':');
  if (roleAccount !== request.accountId) {
    return refused(
      'AccessDenied',
      'Cross-account pass role is not allowed. ' +
        `Your access key belongs to account ${request.accountId}, so RoleArn must name a role of ` +
        "that account (S3BATCH_ACCOUNT is the account of the environment's key).",
    );
  }
  const role = roles.resolve(request.roleArn);
  if (role === undefined) {
    return bad(
      `RoleArn ${request.roleArn} is not configured here; ` +
        'add it to the file that S3BATCH_ROLES names.',
    );
  }
  const { operation } = request;
  if (isBuilt(operation) && needsSubresources(operation) && !role.subresourcesSafe) {
    return bad(
      `${operation.name} is not sent to ${role.endpoint}: some servers answer a tagging ` +
        'request by overwriting the object. If this one understands object tagging, say so with ' +
        'S3BATCH_TAGGING_SAFE=true (or subresourcesSafe in the file that S3BATCH_ROLES names).',
    );
  }
  return undefined;
}

/** What the client asked for, without the token that names the request and what we configured. */
function requestHash(request: JobRequest): string {
  const asked = { ...request, clientRequestToken: null, origin: null, topicArn: null };
  return hashing.sha256Hex(canonicalJson(asked));
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
