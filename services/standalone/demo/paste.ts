// The lines that `npm run demo -- --keep` prints: each works as it stands, in another shell.
import type { DemoKey } from './signed-client.ts';

export interface PasteFacts {
  readonly controlUrl: string;
  readonly s3Url: string;
  readonly accountId: string;
  readonly region: string;
  readonly key: DemoKey;
  readonly jobId: string;
  readonly reportBucket: string;
  readonly manifestKey: string;
  /** The inventory that was dropped, to make another job of. */
  readonly inventory: { readonly objectArn: string; readonly etag: string };
  readonly roleArn: string;
  readonly topicArn: string;
}

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** For a machine with the AWS CLI. The proxy setting is what lets an unchanged client reach us. */
export function cliLines(facts: PasteFacts): string[] {
  const port = new URL(facts.controlUrl).port;
  const s3control =
    `HTTP_PROXY=${facts.controlUrl} aws s3control --region ${facts.region} ` +
    `--endpoint-url http://s3control.demo:${port}`;
  const account = `--account-id ${facts.accountId}`;
  return [
    `export AWS_ACCESS_KEY_ID=${facts.key.accessKeyId} AWS_SECRET_ACCESS_KEY=${facts.key.secretAccessKey}`,
    `${s3control} list-jobs ${account}`,
    `${s3control} describe-job ${account} --job-id ${facts.jobId}`,
    createLine(facts, `${s3control} create-job ${account}`),
    `aws s3 --region ${facts.region} --endpoint-url ${facts.s3Url} cp s3://${facts.reportBucket}/${facts.manifestKey} -`,
    `aws sns --region ${facts.region} --endpoint-url ${facts.controlUrl} list-subscriptions-by-topic --topic-arn ${facts.topicArn}`,
  ];
}

/** A second job over the same inventory, which takes the tags off again. */
function createLine(facts: PasteFacts, command: string): string {
  const { objectArn, etag } = facts.inventory;
  const manifest = {
    Spec: { Format: 'S3InventoryReport_CSV_20161130' },
    Location: { ObjectArn: objectArn, ETag: etag },
  };
  return [
    command,
    '--no-confirmation-required --priority 10',
    `--operation '{"S3DeleteObjectTagging":{}}'`,
    `--manifest '${JSON.stringify(manifest)}'`,
    `--report '{"Enabled":false}' --role-arn ${facts.roleArn}`,
  ].join(' ');
}

/** For a machine without it: curl signs by itself. */
export function curlLines(facts: PasteFacts): string[] {
  const signed =
    `curl -sS --aws-sigv4 aws:amz:${facts.region}:s3 ` +
    `--user ${facts.key.accessKeyId}:${facts.key.secretAccessKey} ` +
    `-H x-amz-content-sha256:${emptySha256}`;
  return [
    `curl -sS ${facts.controlUrl}/healthz`,
    `curl -sS ${facts.controlUrl}/metrics`,
    `${signed} -H x-amz-account-id:${facts.accountId} ${facts.controlUrl}/v20180820/jobs`,
    `${signed} -H x-amz-account-id:${facts.accountId} ${facts.controlUrl}/v20180820/jobs/${facts.jobId}`,
    `${signed} ${facts.s3Url}/${facts.reportBucket}/${facts.manifestKey}`,
  ];
}
