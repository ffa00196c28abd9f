// The three questions the demo asks control over the AWS wire protocol, and SNS's two.
import { encodeRfc3986 } from '../../core/sigv4.ts';
import type { DemoAnswer, SignedClient } from './signed-client.ts';

export interface JobView {
  readonly jobId: string;
  readonly status: string;
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly failureReason: string;
}

const accountHeader = 'x-amz-account-id';

export async function listJobIds(client: SignedClient, accountId: string): Promise<string[]> {
  const path = '/v20180820/jobs';
  const answer = await client.request({ method: 'GET', path, headers: account(accountId) });
  return allTexts(textOf(answer, 'ListJobs'), 'JobId');
}

export async function describeJob(
  client: SignedClient,
  accountId: string,
  jobId: string,
): Promise<JobView> {
  const path = `/v20180820/jobs/${jobId}`;
  const answer = await client.request({ method: 'GET', path, headers: account(accountId) });
  const xml = textOf(answer, 'DescribeJob');
  const count = (name: string) => Number(allTexts(xml, name)[0] ?? 0);
  return {
    jobId,
    status: allTexts(xml, 'Status')[0] ?? '',
    total: count('TotalNumberOfTasks'),
    succeeded: count('NumberOfTasksSucceeded'),
    failed: count('NumberOfTasksFailed'),
    failureReason: allTexts(xml, 'FailureReason')[0] ?? '',
  };
}

export async function createJob(
  client: SignedClient,
  accountId: string,
  body: string,
): Promise<string> {
  const answer = await client.request({
    method: 'POST',
    path: '/v20180820/jobs',
    headers: account(accountId),
    body: new TextEncoder().encode(body),
  });
  return allTexts(textOf(answer, 'CreateJob'), 'JobId')[0] ?? '';
}

/** Makes the topic and subscribes the URL to it; returns the topic's ARN. */
export async function subscribe(
  client: SignedClient,
  topicName: string,
  url: string,
): Promise<string> {
  const topicArn = allTexts(
    await queryCall(client, { Action: 'CreateTopic', Name: topicName }),
    'TopicArn',
  )[0];
  if (topicArn === undefined) throw new Error('CreateTopic gave no TopicArn');
  await queryCall(client, {
    Action: 'Subscribe',
    TopicArn: topicArn,
    Protocol: 'http',
    Endpoint: url,
  });
  return topicArn;
}

async function queryCall(
  client: SignedClient,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const form = Object.entries({ ...parameters, Version: '2010-03-31' })
    .map(([name, value]) => `${name}=${encodeRfc3986(value)}`)
    .join('&');
  const answer = await client.request({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new TextEncoder().encode(form),
  });
  return textOf(answer, parameters['Action'] ?? 'SNS');
}

function account(accountId: string): Record<string, string> {
  return { [accountHeader]: accountId };
}

function textOf(answer: DemoAnswer, call: string): string {
  const text = new TextDecoder().decode(answer.body);
  if (answer.status === 200) return text;
  throw new Error(`${call} answered ${answer.status}: ${text}`);
}

/** The texts of all elements of that name, entities decoded. */
function allTexts(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) =>
    decodeEntities(text ?? ''),
  );
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
