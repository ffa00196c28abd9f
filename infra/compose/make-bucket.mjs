// make-bucket.mjs BUCKET: makes the bucket at S3_ENDPOINT, with the environment's credentials. One
// that is there already is fine.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const [bucket] = process.argv.slice(2);
const s3 = new S3Client({ endpoint: process.env.S3_ENDPOINT, forcePathStyle: true });
try {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  process.stdout.write(`made the bucket ${bucket}\n`);
} catch (error) {
  if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(error.name)) {
    process.stderr.write(`${process.env.S3_ENDPOINT}: ${error.name}: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`the bucket ${bucket} is there\n`);
}
