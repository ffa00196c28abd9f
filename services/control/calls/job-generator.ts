// The manifest generator of a CreateJob request to the stored one, and back. Only what the request
// itself shows is checked; whether the bucket is there is found in Preparing.
import { isBucketArn } from '../../core/arn.ts';
import type { ManifestGenerator } from '../../core/manifest-generator.ts';
import type { ValueOf, WritableOf } from '../wire/shape.ts';
import type { manifestGenerator } from '../wire/shapes.ts';
import type { ManifestAnswer } from './job-manifest.ts';

const place = 'ManifestGenerator.S3JobManifestGenerator';

export function generatorOf(wire: ValueOf<typeof manifestGenerator>): ManifestAnswer {
  const generator = wire.S3JobManifestGenerator;
  const { SourceBucket, ManifestOutputLocation: output, EnableManifestOutput } = generator;
  if (!isBucketArn(SourceBucket)) {
    return notBucket(`${place}.SourceBucket`);
  }
  if (EnableManifestOutput && output === undefined) {
    return problem(
      `${place}.ManifestOutputLocation must be given when EnableManifestOutput is true.`,
    );
  }
  if (output !== undefined && !isBucketArn(output.Bucket)) {
    return notBucket(`${place}.ManifestOutputLocation.Bucket`);
  }
  return { kind: 'manifest', manifest: { format: 'generated', generator } };
}

function notBucket(path: string): ManifestAnswer {
  return problem(`${path} must be the ARN of a bucket, such as arn:aws:s3:::photos.`);
}

function problem(message: string): ManifestAnswer {
  return { kind: 'problem', message };
}

export function wireGenerator(generator: ManifestGenerator): WritableOf<typeof manifestGenerator> {
  return { S3JobManifestGenerator: generator };
}
