// CreateJob requests as the AWS CLI, the SDKs and AWS's own examples send them, byte for byte:
// what is marked reject is refused; what is marked accept becomes a job, which fails by the name of
// the operation or generator that this version does not have.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operationNames } from '../../../services/core/operations/registry.ts';
import {
  openFront,
  otherAccount,
  otherAccountId,
  untilEnded,
} from '../../support/control-front.ts';
import { sharedFile } from '../../support/shared-data.ts';
import { contentOf } from '../../support/signed-request.ts';

interface Recorded {
  readonly id: string;
  readonly expect: 'accept' | 'server_reject';
  readonly params: { readonly AccountId: string; readonly Operation: Record<string, unknown> };
  readonly wire: { readonly body: string };
}

const file = sharedFile('data', 'create-job-requests.json');
const recorded: readonly Recorded[] = file === null ? [] : JSON.parse(readFileSync(file, 'utf8'));

test.skipIf(file === null)('all 19 recorded requests are there', () => {
  expect(recorded).toHaveLength(19);
});

test.skipIf(file === null).each(recorded)('$id is answered as it is marked', async (request) => {
  // Several carry the same token: each gets an installation of its own.
  await using front = await openFront();
  const isOther = request.params.AccountId === otherAccountId;
  const options = { ...(isOther ? otherAccount : {}), accountId: request.params.AccountId };
  const answer = await front.call('POST', '/v20180820/jobs', request.wire.body, options);
  const [operation = ''] = Object.keys(request.params.Operation);
  if (request.expect === 'server_reject') {
    expect([answer.status, answer.code]).toEqual([400, 'BadRequestException']);
    expect(answer.message).toMatch(/^(RoleArn|Report\.Format) /);
    return;
  }
  expect([answer.status, answer.message]).toEqual([200, '']);
  const target = `/v20180820/jobs/${contentOf(answer.body, 'JobId')}`;
  const described = (await front.call('GET', target, '', options)).body;
  expect(described).toContain(`<${operation}`);
  if (operationNames.some((name) => name === operation)) return;
  const ended = await untilEnded(front, target, options);
  expect(contentOf(ended, 'Status')).toBe('Failed');
  expect(contentOf(ended, 'FailureReason')).toContain(`does not do ${operation}`);
});
