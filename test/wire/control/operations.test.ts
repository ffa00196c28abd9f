// Every operation of the service model with every member it has: taken, and described as it was
// given. What this version does not do ends the job before any object is touched, by its name.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseXml, type XmlElement } from '../../../services/control/wire/parse-xml.ts';
import type { Shape } from '../../../services/control/wire/shape.ts';
import { jobOperation } from '../../../services/control/wire/shapes.ts';
import {
  operationNames,
  operationNamesNotBuilt,
} from '../../../services/core/operations/registry.ts';
import { type ControlFront, jobXml, openFront, untilEnded } from '../../support/control-front.ts';
import { openMemoryS3 } from '../../support/memory-s3.ts';
import { operationSamples } from '../../support/operation-samples.ts';
import { contentOf } from '../../support/signed-request.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const jobs = '/v20180820/jobs';

/** Every element that the shape lets stand below the path. */
function pathsOf(shape: Shape, path: string): readonly string[] {
  switch (shape.kind) {
    case 'structure':
      return Object.entries(shape.members).flatMap(([name, member]) => [
        `${path}/${name}`,
        ...pathsOf(member.shape, `${path}/${name}`),
      ]);
    case 'list':
      return pathsOf(shape.member, `${path}/${shape.itemName}`);
    case 'map':
    case 'text':
    case 'enum':
    case 'integer':
    case 'boolean':
    case 'timestamp':
      return [];
  }
}

function pathsIn(element: XmlElement, path: string): readonly string[] {
  return element.children.flatMap((child) => [
    `${path}/${child.name}`,
    ...pathsIn(child, `${path}/${child.name}`),
  ]);
}

test('the samples hold every member that an operation may have', () => {
  const seen = new Set(
    operationSamples.flatMap(({ xml }) => {
      const parsed = parseXml(new TextEncoder().encode(`<Operation>${xml}</Operation>`));
      return parsed.kind === 'element' ? pathsIn(parsed.element, '') : [];
    }),
  );
  const members = pathsOf(jobOperation, '');
  expect(members.length).toBeGreaterThan(70);
  expect(members.filter((path) => !seen.has(path))).toEqual([]);
});

test.each(operationSamples)('$name, $title, is described as it was given', async (sample) => {
  const { name, xml, notBuilt } = sample;
  const operation = `<Operation>${xml}</Operation>`;
  const answer = await front.call('POST', jobs, jobXml({ operation }));
  expect([answer.status, answer.message]).toEqual([200, '']);
  const id = contentOf(answer.body, 'JobId');
  const described = await front.call('GET', `${jobs}/${id}`);
  expect(described.body).toContain(operation);
  const list = await front.call('GET', `${jobs}?maxResults=1000`);
  expect(list.body).toContain(`<JobId>${id}</JobId><Operation>${name}</Operation>`);
  if (notBuilt === null) return;

  const body = await untilEnded(front, `${jobs}/${id}`);
  expect(contentOf(body, 'Status')).toBe('Failed');
  expect(contentOf(body, 'FailureCode')).toBe('NotImplemented');
  expect(contentOf(body, 'FailureReason')).toBe(
    `This version of s3batch does not do ${notBuilt} yet. No object was touched.`,
  );
  expect(body).toContain('<TotalNumberOfTasks>0</TotalNumberOfTasks>');
});

test('what is not built is taken for any endpoint, also one that ignores sub-resources', async () => {
  await using careful = await openFront({ roles: openMemoryS3({ subresourcesSafe: false }).roles });
  const operation = '<Operation><S3ReplicateObject/></Operation>';
  const answer = await careful.call('POST', jobs, jobXml({ operation }));
  expect([answer.status, answer.message]).toEqual([200, '']);
});

test('the table of operations in docs/API.md says of each whether it is done', () => {
  const text = readFileSync('docs/API.md', 'utf8');
  const rows = [...text.matchAll(/^\| `(?<name>\w+)` \| (?<state>done|accepted)\b/gm)];
  const documented = new Map(rows.map(({ groups }) => [groups?.name, groups?.state]));
  const built = operationNames.map((name) => [name, 'done'] as const);
  const others = operationNamesNotBuilt.map((name) => [name, 'accepted'] as const);
  expect(documented).toEqual(new Map([...built, ...others]));
});
