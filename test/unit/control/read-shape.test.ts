// What a request says beyond its shape.
import { expect, test } from 'vitest';
import type { XmlElement } from '../../../services/control/wire/parse-xml.ts';
import { readShape } from '../../../services/control/wire/read-shape.ts';
import { createJobRequest } from '../../../services/control/wire/shapes.ts';

test('of a hundred thousand members that are not known, only the first are named', () => {
  const inside = (name: string, children: readonly XmlElement[]): XmlElement => ({
    name,
    text: '',
    children,
  });
  const leaf = (name: string, text = ''): XmlElement => ({ name, text, children: [] });
  const manifest = inside('Manifest', [
    inside('Spec', [leaf('Format', 'S3InventoryReport_CSV_20161130')]),
    inside('Location', [leaf('ObjectArn', 'arn:aws:s3:::bucket/manifest.json'), leaf('ETag', 'e')]),
  ]);
  const request = inside('CreateJobRequest', [
    inside('Operation', [inside('S3DeleteObjectTagging', [])]),
    inside('Report', [leaf('Enabled', 'false')]),
    leaf('ClientRequestToken', 't'),
    leaf('Priority', '1'),
    leaf('RoleArn', 'arn:aws:iam::123456789012:role/r'),
    manifest,
    ...Array.from({ length: 100_000 }, (_, index) => leaf(`New${index}`)),
  ]);
  const read = readShape(createJobRequest, request, '');
  expect(read.kind === 'value' ? read.ignored.length : 0).toBe(20);
});
