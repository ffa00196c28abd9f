// ARNs of buckets and objects, and s3:// URLs, as plain text work. Any partition is understood
// (aws, aws-cn, aws-us-gov, …); directory buckets (s3express) are none of these.
// Source: S3 User Guide, "Amazon S3 resources" (arn:partition:s3:::bucket/key).

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

const bucketArn = /^arn:[^:]+:s3:::([^/:]+)$/;
const objectArn = /^arn:[^:]+:s3:::([^/:]+)\/([^]+)$/;
const objectUrl = /^s3:\/\/([^/]+)\/([^]+)$/;
/** Old buckets of us-east-1 may hold capitals and underscores and have up to 255 characters. */
const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

export function isBucketName(text: string): boolean {
  return bucketName.test(text) && !text.includes('..');
}

/** Whether it has the form; whether a bucket could have that name is another question. */
export function isBucketArn(text: string): boolean {
  return bucketArn.test(text);
}

/** Whether it has the form, as above. */
export function isObjectArn(text: string): boolean {
  return objectArn.test(text);
}

/** null if it is not the ARN of a bucket. */
export function parseBucketArn(text: string): string | null {
  const bucket = bucketArn.exec(text)?.[1] ?? '';
  return isBucketName(bucket) ? bucket : null;
}

/** null if it is not the ARN of an object. */
export function parseObjectArn(text: string): ObjectName | null {
  return objectName(objectArn.exec(text));
}

/** null if it is not s3://bucket/key. */
export function parseS3Url(text: string): ObjectName | null {
  return objectName(objectUrl.exec(text));
}

function objectName(match: RegExpExecArray | null): ObjectName | null {
  const [, bucket = '', key = ''] = match ?? [];
  return isBucketName(bucket) ? { bucket, key } : null;
}

export function s3Url(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}
