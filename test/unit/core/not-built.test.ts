// What a job may ask for and this version does not do: the job fails in Preparing, before anything
// of it is read, and says which part it was.
import { expect, test } from 'vitest';
import { unfold } from '../../../services/core/decide.ts';
import type { Manifest } from '../../../services/core/job.ts';
import { isManifestGenerator } from '../../../services/core/manifest-generator.ts';
import { newJob } from '../../../services/core/new-job.ts';
import { notBuilt } from '../../../services/core/not-built.ts';
import { createCommand, decideLimits, sampleRequest } from '../../support/job-samples.ts';

const generated: Manifest = {
  format: 'generated',
  generator: { SourceBucket: 'arn:aws:s3:::photos', EnableManifestOutput: false },
};

test('what is built has nothing to say', () => {
  expect(notBuilt(sampleRequest())).toBe(null);
});

test('an operation that is not built fails its job in Preparing, and is named', () => {
  const request = sampleRequest({ operation: { name: 'S3ReplicateObject', parameters: {} } });
  expect(notBuilt(request)).toEqual({
    code: 'NotImplemented',
    reason: 'This version of s3batch does not do S3ReplicateObject yet. No object was touched.',
  });
  expect(notBuilt({ ...request, manifest: generated })?.reason).toContain(
    'S3ReplicateObject and ManifestGenerator (S3JobManifestGenerator) yet',
  );
});

test('a job with a manifest generator fails in Preparing and names it', () => {
  const command = createCommand('job-1', { manifest: generated, confirmationRequired: true });
  const job = newJob(command, decideLimits.frozen, 0);
  const { job: after, steps } = unfold(job, { name: 'PreparationStarted' }, 1);
  expect(steps.map(({ fact }) => fact.name)).toEqual([
    'PreparationStarted',
    'FailureDetected',
    'Settled',
  ]);
  expect(after).toMatchObject({ status: 'Failed', activations: 0, space: 'none' });
  expect(after.failures).toEqual([
    {
      code: 'NotImplemented',
      reason:
        'This version of s3batch does not do ManifestGenerator (S3JobManifestGenerator) yet. ' +
        'No object was touched.',
    },
  ]);
});

test.each([
  [{ SourceBucket: 'b', EnableManifestOutput: true }, true],
  [{ SourceBucket: 'b' }, false],
  [{ SourceBucket: 'b', EnableManifestOutput: true, Newer: 1 }, false],
  [{ SourceBucket: 'b', EnableManifestOutput: true, Filter: { Newer: 1 } }, false],
  [
    {
      SourceBucket: 'b',
      EnableManifestOutput: true,
      Filter: { ObjectSizeGreaterThanBytes: -1, MatchAnyObjectEncryption: [{ 'NOT-SSE': {} }] },
    },
    true,
  ],
  [
    {
      SourceBucket: 'b',
      EnableManifestOutput: true,
      ManifestOutputLocation: { Bucket: 'b', ManifestFormat: 'S3InventoryReport_CSV_20211130' },
    },
    true,
  ],
  [null, false],
])('%j is a stored generator: %s', (value, isOne) => {
  expect(isManifestGenerator(value)).toBe(isOne);
});
