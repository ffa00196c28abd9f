// Which of control's faces a request means: pages for people and probes, S3 events, SNS, or (all
// else) the S3 Control API.
import { aborted } from '../core/bell.ts';
import type { Job } from '../core/job.ts';
import { isLogError } from '../core/log.ts';
import type { ControlPorts } from './control-ports.ts';
import { answerEvents } from './doors/events.ts';
import { answerTopicCall, answerTopicLink, type DoorAnswer } from './doors/topics.ts';
import {
  type Answer,
  type AnswerIds,
  jsonAnswer,
  refusalAnswer,
  textType,
  xmlAnswer,
} from './front/answer.ts';
import { limits } from './front/limits.ts';
import type { WireRequest } from './front/wire-request.ts';
import { answerS3Control, s3controlPrefix } from './s3control.ts';

type Protocol = 's3control' | 'sns' | 'json';

export function protocolOf(request: WireRequest): Protocol {
  if (request.path === '/events') return 'json';
  return request.path.startsWith(s3controlPrefix) ? 's3control' : 'sns';
}

/** Asked every few seconds by machines: what they hear is no line of the log. */
export function isProbe(method: string, path: string): boolean {
  return method === 'GET' && ['/healthz', '/readyz', '/metrics'].includes(path);
}

export async function answerRequest(
  request: WireRequest,
  ports: ControlPorts,
  ids: AnswerIds,
  signal: AbortSignal,
): Promise<Answer> {
  if (request.path.startsWith(s3controlPrefix)) {
    const said = await answerS3Control(request, ports.keys, ports, signal);
    return said.kind === 'document'
      ? xmlAnswer(said.body)
      : refusalAnswer(said.refusal, 's3control', ids);
  }
  if (request.method === 'GET') {
    const page = await answerPage(request, ports, signal);
    if (page !== undefined) return page;
  }
  const said = await answerDoor(request, ports, signal);
  if (said === undefined) {
    return refusalAnswer(
      { code: 'InvalidURI', message: `Nothing of s3batch answers ${request.method} here.` },
      's3control',
      ids,
    );
  }
  return said.kind === 'answer'
    ? said.answer
    : refusalAnswer(said.refusal, protocolOf(request), ids);
}

async function answerDoor(
  request: WireRequest,
  ports: ControlPorts,
  signal: AbortSignal,
): Promise<DoorAnswer | undefined> {
  const { events, topics, keys, region } = ports;
  const nowMs = ports.clock.wallMs();
  if (request.method !== 'POST') return undefined;
  if (request.path === '/events' && events !== undefined) {
    return answerEvents(request, { ...events, keys, region, nowMs });
  }
  if (request.path === '/' && topics !== undefined) {
    return answerTopicCall(request, { topics, keys, region, nowMs }, signal);
  }
  return undefined;
}

async function answerPage(
  request: WireRequest,
  ports: ControlPorts,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  switch (request.path) {
    case '/healthz':
      return text(200, 'alive');
    case '/readyz':
      return readiness(ports, signal);
    case '/metrics': {
      const body = await ports.metrics.render(await jobsInTime(ports, signal));
      return { status: 200, contentType: ports.metrics.contentType, body };
    }
  }
  const link =
    ports.topics === undefined ? undefined : await answerTopicLink(request, ports.topics, signal);
  if (link !== undefined) return link;
  return request.path === '/' && request.query === '' ? welcome() : undefined;
}

function text(status: number, line: string): Answer {
  return { status, contentType: textType, body: `${line}\n` };
}

async function readiness(ports: ControlPorts, signal: AbortSignal): Promise<Answer> {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(limits.readyMsMax)]);
  try {
    // A job that cannot be there makes the desk read up to the end of the log.
    const found = ports.desk.find(ports.accountId, 'readiness', waiting);
    // A broker that takes a request and says nothing would hold up the answer.
    await Promise.race([found, aborted(waiting)]);
  } catch (error) {
    if (!waiting.aborted && !isLogError(error)) throw error;
    return notReady();
  }
  return waiting.aborted ? notReady() : text(200, 'ready');
}

function notReady(): Answer {
  return text(503, 'not ready: the view of the jobs has not caught up with the log');
}

/** null: the log does not say in time which jobs there are. */
async function jobsInTime(
  ports: ControlPorts,
  signal: AbortSignal,
): Promise<readonly Job[] | null> {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(limits.figuresMsMax)]);
  try {
    const jobs = await Promise.race([allJobs(ports, waiting), aborted(waiting)]);
    return waiting.aborted ? null : (jobs ?? null);
  } catch (error) {
    if (!waiting.aborted && !isLogError(error)) throw error;
    return null;
  }
}

async function allJobs(ports: ControlPorts, signal: AbortSignal): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const accountId of new Set([ports.accountId, ...ports.keys.accountIds])) {
    jobs.push(...(await ports.desk.list(accountId, signal)));
  }
  return jobs;
}

function welcome(): Answer {
  return jsonAnswer(200, {
    service: 's3batch',
    what: 'S3 Batch Operations that you run yourself: the S3 Control API for jobs answers here.',
    api: `${s3controlPrefix}jobs`,
    pages: ['/healthz', '/readyz', '/metrics'],
    documentation: 'docs/API.md',
  });
}
