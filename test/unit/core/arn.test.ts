import { expect, test } from 'vitest';
import {
  isBucketArn,
  isBucketName,
  isObjectArn,
  parseBucketArn,
  parseObjectArn,
  parseS3Url,
  s3Url,
} from '../../../services/core/arn.ts';

test.each([
  ['arn:aws:s3:::reports', 'reports'],
  ['arn:aws-cn:s3:::my.bucket.with.dots', 'my.bucket.with.dots'],
  ['arn:aws-us-gov:s3:::Old_Bucket', 'Old_Bucket'],
  ['arn:aws:s3:::reports/key', null],
  ['arn:aws:s3:us-east-1:123456789012:reports', null],
  ['arn:aws:s3:::', null],
  ['arn:aws:s3:::a..b', null],
  ['reports', null],
])('the bucket of %s is %s', (arn, bucket) => {
  expect(parseBucketArn(arn)).toBe(bucket);
});

test.each([
  ['arn:aws:s3:::lists/all.csv', { bucket: 'lists', key: 'all.csv' }],
  ['arn:aws:s3:::lists//a b:c/d\n', { bucket: 'lists', key: '/a b:c/d\n' }],
  ['arn:aws:s3:::lists/', null],
  ['arn:aws:s3:::lists', null],
  ['arn:aws:sns:us-east-1:123456789012:topic', null],
  ['arn:aws:s3:::-lists/all.csv', null],
])('the object of %s is %o', (arn, name) => {
  expect(parseObjectArn(arn)).toEqual(name);
});

test('an ARN may have the form and name what no bucket is called', () => {
  expect([isBucketArn('arn:aws:s3:::r'), parseBucketArn('arn:aws:s3:::r')]).toEqual([true, null]);
  expect([isObjectArn('arn:aws:s3:::m/k'), parseObjectArn('arn:aws:s3:::m/k')]).toEqual([
    true,
    null,
  ]);
  expect([isBucketArn('arn:aws:s3:::r/k'), isBucketArn('r'), isBucketArn('arn:aws:s3:::')]).toEqual(
    [false, false, false],
  );
  expect([isObjectArn('arn:aws:s3:::m'), isObjectArn('arn:aws:s3:::m/')]).toEqual([false, false]);
});

test('an s3:// URL names bucket and key, and comes back', () => {
  expect(parseS3Url('s3://lists/a/b.json')).toEqual({ bucket: 'lists', key: 'a/b.json' });
  expect(parseS3Url(s3Url('lists', '/?#%'))).toEqual({ bucket: 'lists', key: '/?#%' });
  for (const text of ['s3://lists', 's3:///key', 'https://lists/key', 's3://l/key']) {
    expect(parseS3Url(text)).toBeNull();
  }
});

test('names that no bucket can have are told', () => {
  expect(['abc', 'a.b-c', '123', 'A_b'].map(isBucketName)).toEqual([true, true, true, true]);
  expect(['', 'ab', '.abc', 'abc-', 'a..b', 'a/b', 'a b', 'x'.repeat(256)].some(isBucketName)).toBe(
    false,
  );
});
