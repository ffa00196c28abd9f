// The lines for the AWS CLI in docs/API.md, run by a shell as they stand but for the port: one
// block after the other, each job as the lines make it. Absent: skipped loudly; with CI=true a
// failure.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { awsCli, hasCli } from '../../support/clients.ts';
import {
  accessKeyId,
  accountId,
  openFront,
  secretAccessKey,
  untilEnded,
} from '../../support/control-front.ts';
import { contentOf } from '../../support/signed-request.ts';

const run = promisify(execFile);
const calls = [
  'create-job',
  'describe-job',
  'list-jobs',
  'update-job-priority',
  'update-job-status',
  'get-job-tagging',
  'put-job-tagging',
  'delete-job-tagging',
];

const blocks = [...readFileSync('docs/API.md', 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(
  ([, lines = '']) => lines,
);

test('the document shows all eight calls', () => {
  const text = blocks.join('');
  expect(calls.filter((call) => !text.includes(`s3control ${call} `))).toEqual([]);
});

test.skipIf(!hasCli)('every example of docs/API.md does what the document says', async () => {
  await using front = await openFront();
  const home = mkdtempSync(join(tmpdir(), 's3batch-examples-'));
  const script = `set -eu\n${blocks.join('\n')}`.replace(
    'HTTP_PROXY=http://127.0.0.1:8340',
    `HTTP_PROXY=http://127.0.0.1:${front.port} http_proxy=http://127.0.0.1:${front.port}`,
  );
  // An AWS_CLI of its own stands in a folder; a bare name is on the PATH already.
  const PATH = `${dirname(awsCli)}:${process.env.PATH ?? ''}`;
  const { stdout } = await run('bash', ['-c', script], {
    env: {
      PATH,
      HOME: home,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_PAGER: '',
      AWS_MAX_ATTEMPTS: '1',
    },
  });
  rmSync(home, { recursive: true });
  const answers: readonly unknown[] = JSON.parse(`[${stdout.replaceAll(/^\}\n(?=\{)/gm, '},\n')}]`);
  const operation = { S3PutObjectTagging: { TagSet: [{ Key: 'seen', Value: 'yes' }] } };
  expect(answers).toMatchObject([
    {
      Job: { Description: 'mark what was seen', Operation: operation, ConfirmationRequired: true },
    },
    { Jobs: [{ Operation: 'S3PutObjectTagging', Priority: 10 }] },
    { Priority: 98 },
    { Tags: [{ Key: 'team', Value: 'photos' }] },
    { StatusUpdateReason: 'no longer needed' },
    { JobId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ]);
  const [cancelled, generated] = answers.slice(-2).map((answer) => String(Object(answer).JobId));
  const first = await untilEnded(front, `/v20180820/jobs/${cancelled}`);
  expect(contentOf(first, 'Status')).toBe('Cancelled');
  expect(
    (await front.desk.find(accountId, `${cancelled}`, new AbortController().signal))?.tags,
  ).toEqual([]);
  const last = await untilEnded(front, `/v20180820/jobs/${generated}`);
  expect(contentOf(last, 'FailureReason')).toContain('S3ReplicateObject and ManifestGenerator');
});
