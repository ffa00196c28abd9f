// A request against its shape: every limit of the table, on both sides, and what is beyond it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseXml, type XmlElement } from '../../../services/control/wire/parse-xml.ts';
import { readShape } from '../../../services/control/wire/read-shape.ts';
import type { Shape } from '../../../services/control/wire/shape.ts';
import { createJobRequest, putJobTaggingRequest } from '../../../services/control/wire/shapes.ts';
import { writeDocument } from '../../../services/control/wire/write-shape.ts';
import { anyElement, xmlOf } from '../../support/wire-elements.ts';

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

/** Every shape that a request can hold, with the path that leads to it. */
function shapesIn(shape: Shape, path: string): readonly { path: string; shape: Shape }[] {
  const here = { path, shape };
  switch (shape.kind) {
    case 'structure': {
      const below = Object.entries(shape.members).flatMap(([name, member]) =>
        shapesIn(member.shape, `${path}.${name}`),
      );
      return [here, ...below];
    }
    case 'list':
      return [here, ...shapesIn(shape.member, `${path}[]`)];
    case 'map':
      return [
        here,
        ...shapesIn(shape.key, `${path}.key`),
        ...shapesIn(shape.value, `${path}.value`),
      ];
    case 'text':
    case 'enum':
    case 'integer':
    case 'boolean':
    case 'timestamp':
      return [here];
  }
}

const everyShape = [
  ...shapesIn(createJobRequest, 'CreateJobRequest'),
  ...shapesIn(putJobTaggingRequest, 'PutJobTaggingRequest'),
];

function problemOf(shape: Shape, element: XmlElement): string {
  const read = readShape(shape, element, 'Here');
  return read.kind === 'problems' ? (read.problems[0] ?? '') : '';
}

test('the least and the greatest are taken, one less and one more are refused by the rule', () => {
  const written = (text: string): XmlElement => ({ name: 'Here', text, children: [] });
  const holding = (count: number): XmlElement => {
    const children = Array.from({ length: count }, () => written(''));
    return { name: 'Here', text: '', children };
  };
  expect(everyShape.length).toBeGreaterThan(150);
  for (const { path, shape } of everyShape) {
    switch (shape.kind) {
      case 'text': {
        const rule = shape.min === shape.max ? `${shape.min}` : `from ${shape.min} to ${shape.max}`;
        const long = problemOf(shape, written('💾'.repeat(shape.max + 1)));
        expect(long, path).toBe(`Here must have ${rule} characters, not ${shape.max + 1}.`);
        if (shape.min > 0) expect(problemOf(shape, written('')), path).toContain(rule);
        if (shape.pattern === null) {
          expect(problemOf(shape, written('💾'.repeat(shape.max))), path).toBe('');
        } else {
          const wrong = problemOf(shape, written('*'.repeat(Math.max(1, shape.min))));
          expect(wrong, path).toContain(`must match ${shape.pattern.source}, not '*`);
        }
        break;
      }
      case 'integer':
        expect(problemOf(shape, written(`${shape.min}`)), path).toBe('');
        expect(problemOf(shape, written(`${shape.max}`)), path).toBe('');
        for (const wrong of [BigInt(shape.min) - 1n, BigInt(shape.max) + 1n, '', '1.5', '0x1']) {
          const range = `from ${shape.min} to ${shape.max}`;
          expect(problemOf(shape, written(`${wrong}`)), path).toContain(`whole number ${range}`);
        }
        break;
      case 'enum':
        for (const value of shape.values) expect(problemOf(shape, written(value)), path).toBe('');
        expect(problemOf(shape, written('so')), path).toContain(
          `Here must be one of ${shape.values.join(', ')}, not 'so'.`,
        );
        break;
      case 'boolean':
        for (const wrong of ['True', '1', '']) {
          expect(problemOf(shape, written(wrong)), path).toContain('must be true or false');
        }
        break;
      case 'timestamp':
        for (const wrong of ['2026-02-30T00:00:00Z', '2026-01-01', '1767225600', '']) {
          expect(problemOf(shape, written(wrong)), path).toContain('must be a time such as');
        }
        break;
      case 'list':
      case 'map': {
        expect(problemOf(shape, holding(shape.max + 1)), path).toContain(`not ${shape.max + 1}.`);
        if (shape.min > 0) expect(problemOf(shape, holding(0)), path).toContain('not 0.');
        break;
      }
      case 'structure': {
        const read = readShape(shape, holding(0), 'Here');
        const problems = read.kind === 'problems' ? read.problems.join(' ') : '';
        const required = Object.entries(shape.members).filter(([, member]) => member.required);
        for (const [name] of required.slice(0, 5)) {
          expect(problems, path).toContain(`Here.${name} is required.`);
        }
        if (shape.exactlyOne) expect(problems, path).toContain('must hold exactly one of');
      }
    }
  }
});

test('whatever has the shape is read, and written it is the same request', () => {
  const parsed = (xml: string): XmlElement => {
    const answer = parseXml(new TextEncoder().encode(xml));
    if (answer.kind === 'malformed') throw new Error(answer.message);
    return answer.element;
  };
  fc.assert(
    fc.property(anyElement(createJobRequest, 'CreateJobRequest'), (element) => {
      const read = readShape(createJobRequest, parsed(xmlOf(element)), '');
      if (read.kind === 'problems') throw new Error(read.problems.join(' '));
      const written = writeDocument('CreateJobRequest', createJobRequest, read.value);
      const again = readShape(createJobRequest, parsed(written), '');
      expect(again).toEqual(read);
    }),
    { numRuns: 200 },
  );
});
