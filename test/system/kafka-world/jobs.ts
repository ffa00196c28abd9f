// The jobs of the Kafka world, one kind after the other over the same objects, and the facts by
// which the independent script judges what they did in S3.
// Keys are so long that a manifest of a few thousand rows is taken for four partitions' worth: a
// job of one partition would leave one of two workers idle.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { encodeKey } from '../../../services/core/key.ts';
import { createJob } from '../../../services/standalone/demo/ask-control.ts';
import { putObject } from '../../../services/standalone/demo/bucket.ts';
import { nastyKeys, plainKey } from '../../../services/standalone/demo/keys.ts';
import type { SignedClient } from '../../../services/standalone/demo/signed-client.ts';
import { jobXml } from '../../support/control-front.ts';
import { accountId } from './s3.ts';

export const jobKinds = ['tag', 'copy', 'untag'] as const;
export type JobKind = (typeof jobKinds)[number];

export interface WorldJob {
  readonly jobId: string;
  readonly kind: JobKind;
  /** What check_job.py shall find in S3 for each succeeded row. */
  readonly effect: Readonly<Record<string, unknown>>;
}

/** Taken for more than 100,000 tasks of 80 bytes. */
const manifestBytesMin = 8_200_000;
/** Below S3's 1,024 with a folder in front. */
const keyBytesMax = 960;
const manifestKey = 'all.csv';

export function worldKeys(count: number): readonly string[] {
  const width = Math.min(keyBytesMax, Math.ceil(manifestBytesMin / count));
  const nasty = nastyKeys.filter((key) => Buffer.byteLength(key) <= keyBytesMax);
  const plain = Array.from({ length: Math.max(0, count - nasty.length) }, (_, index) =>
    `${plainKey(index)}/`.padEnd(width, 'wide/'),
  );
  return [...nasty, ...plain].slice(0, count);
}

/** Writes manifest and rows file once; returns how to create job after job over them. */
export async function openJobs(
  s3: SignedClient,
  keys: readonly string[],
  rowsFile: string,
  seed: number,
): Promise<(control: SignedClient, index: number) => Promise<WorldJob>> {
  const rows = keys.map((key) => `source,${encodeKey(key)}\n`).join('');
  const bytes = new TextEncoder().encode(rows);
  await putObject(s3, 'manifests', manifestKey, bytes);
  const etag = createHash('md5').update(bytes).digest('hex');
  const lines = keys.map((key) => JSON.stringify(['source', key, '', encodeKey(key)]));
  writeFileSync(rowsFile, `${lines.join('\n')}\n`);
  return async (control, index) => {
    const kind = jobKinds[index % jobKinds.length] ?? 'tag';
    const { operation, effect } = plan(kind, index);
    const body = jobXml({
      operation: `<Operation>${operation}</Operation>`,
      manifest:
        '<Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format><Fields>' +
        '<member>Bucket</member><member>Key</member></Fields></Spec><Location>' +
        `<ObjectArn>arn:aws:s3:::manifests/${manifestKey}</ObjectArn><ETag>${etag}</ETag>` +
        '</Location></Manifest>',
      report:
        '<Report><Bucket>arn:aws:s3:::reports</Bucket><Format>Report_CSV_20180820</Format>' +
        '<Enabled>true</Enabled><Prefix>kills</Prefix><ReportScope>AllTasks</ReportScope></Report>',
      // Asked again after an answer that was lost, control knows the job by it.
      token: `kills-${seed}-${index}`,
    });
    return { jobId: await createJob(control, accountId, body), kind, effect };
  };
}

function plan(kind: JobKind, index: number) {
  switch (kind) {
    case 'tag': {
      const tag = { key: 'round', value: `${index}` };
      const operation =
        '<S3PutObjectTagging><TagSet><member>' +
        `<Key>${tag.key}</Key><Value>${tag.value}</Value></member></TagSet></S3PutObjectTagging>`;
      return { operation, effect: { tag } };
    }
    case 'untag':
      return { operation: '<S3DeleteObjectTagging/>', effect: { untagged: true } };
    case 'copy': {
      const prefix = `job-${index}`;
      const operation =
        '<S3PutObjectCopy><TargetResource>arn:aws:s3:::copies</TargetResource>' +
        `<TargetKeyPrefix>${prefix}</TargetKeyPrefix></S3PutObjectCopy>`;
      return { operation, effect: { copies: { bucket: 'copies', prefix: `${prefix}/` } } };
    }
  }
}
