// ListJobs: the account's jobs, newest first, in pages. A NextToken names the last job of its page
// and carries a check over account and filter: one made elsewhere or for another list is refused.
import type { Job } from '../../core/job.ts';
import { hashing } from '../auth/hashing.ts';
import { parametersNamed, type WireRequest } from '../front/wire-request.ts';
import { readText } from '../wire/read-shape.ts';
import type { WritableOf } from '../wire/shape.ts';
import {
  type jobListDescriptor,
  jobStatus,
  jobsPerPageMax,
  listJobsResult,
  maxResults,
  nextToken,
} from '../wire/shapes.ts';
import { writeDocument } from '../wire/write-shape.ts';
import { type Call, type CallAnswer, document, refuse } from './call.ts';
import { progressOf, timeText } from './describe-job.ts';

interface PagePlan {
  readonly statuses: ReadonlySet<string>;
  readonly count: number;
  /** '' for the first page. */
  readonly token: string;
}

interface Place {
  readonly createdMs: number;
  readonly id: string;
}

export const listJobs: Call = async (request, _id, caller, ports, signal) => {
  const plan = readPlan(request);
  if ('refusal' in plan) return plan;
  const check = checkOf(caller.accountId, plan.statuses);
  const after = plan.token === '' ? null : readToken(plan.token, check);
  if (after === undefined) {
    return refuse('InvalidNextTokenException', 'The nextToken does not belong to this list.');
  }
  const jobs = (await ports.desk.list(caller.accountId, signal))
    .filter((job) => plan.statuses.size === 0 || plan.statuses.has(job.status))
    .sort((a, b) => compare(placeOf(a), placeOf(b)))
    .filter((job) => after === null || compare(placeOf(job), after) > 0);
  const page = jobs.slice(0, plan.count);
  const last = page.at(-1);
  const nowMs = ports.clock.wallMs();
  return document(
    writeDocument('ListJobsResult', listJobsResult, {
      ...(last !== undefined && jobs.length > page.length
        ? { NextToken: tokenOf(placeOf(last), check) }
        : {}),
      Jobs: page.map((job) => listed(job, nowMs)),
    }),
  );
};

function listed(job: Job, nowMs: number): WritableOf<typeof jobListDescriptor> {
  return {
    JobId: job.id,
    ...(job.request.description === null ? {} : { Description: job.request.description }),
    Operation: job.request.operation.name,
    Priority: job.priority,
    Status: job.status,
    CreationTime: timeText(job.createdMs),
    ...(job.terminatedMs === null ? {} : { TerminationDate: timeText(job.terminatedMs) }),
    ProgressSummary: progressOf(job, nowMs),
  };
}

function readPlan(request: WireRequest): PagePlan | Extract<CallAnswer, { kind: 'refused' }> {
  const invalid = (message: string): Extract<CallAnswer, { kind: 'refused' }> => ({
    kind: 'refused',
    refusal: { code: 'InvalidRequestException', message },
  });
  const statuses = new Set<string>();
  for (const written of parametersNamed(request, 'jobStatuses')) {
    const status = readText(jobStatus, written, 'jobStatuses');
    if (status.kind === 'problems') return invalid(status.problems.join(' '));
    statuses.add(status.value);
  }
  const counts = parametersNamed(request, 'maxResults');
  const tokens = parametersNamed(request, 'nextToken');
  if (counts.length > 1 || tokens.length > 1) {
    return invalid('maxResults and nextToken can be given once only.');
  }
  const count = readText(maxResults, counts[0] ?? String(jobsPerPageMax), 'maxResults');
  if (count.kind === 'problems') return invalid(count.problems.join(' '));
  const [token = ''] = tokens;
  if (tokens.length > 0 && readText(nextToken, token, 'nextToken').kind === 'problems') {
    return {
      kind: 'refused',
      refusal: { code: 'InvalidNextTokenException', message: 'The nextToken is malformed.' },
    };
  }
  // A page of nothing would never end; AWS does not say what 0 means.
  return { statuses, count: count.value === 0 ? jobsPerPageMax : count.value, token };
}

/** Newest first; ties by id. */
function compare(a: Place, b: Place): number {
  if (a.createdMs !== b.createdMs) return b.createdMs - a.createdMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function placeOf(job: Job): Place {
  return { createdMs: job.createdMs, id: job.id };
}

const checkCharacters = 16;

function checkOf(accountId: string, statuses: ReadonlySet<string>): string {
  return `${accountId}/${[...statuses].sort().join(',')}`;
}

function tokenOf(place: Place, check: string): string {
  const text = `${place.createdMs}/${place.id}`;
  const sum = hashing.sha256Hex(`${text}/${check}`).slice(0, checkCharacters);
  return Buffer.from(`${sum}/${text}`, 'utf8').toString('base64');
}

/** undefined: not a token of this list. */
function readToken(token: string, check: string): Place | undefined {
  const decoded = Buffer.from(token, 'base64').toString('utf8');
  const [, sum = '', createdMs = '', id = ''] =
    /^([0-9a-f]{16})\/(\d{1,15})\/([A-Za-z0-9_-]{1,36})$/.exec(decoded) ?? [];
  const place = { createdMs: Number(createdMs), id };
  const isOurs = sum !== '' && tokenOf(place, check) === token;
  return isOurs ? place : undefined;
}
