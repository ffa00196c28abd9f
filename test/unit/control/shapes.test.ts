// The table of shapes says what AWS's service model says: the same members, required members,
// enums, ranges, lengths and patterns, for everything that a job request or answer can carry.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Shape } from '../../../services/control/wire/shape.ts';
import * as shapes from '../../../services/control/wire/shapes.ts';
import { sharedFile } from '../../support/shared-data.ts';

interface ModelMember {
  readonly shape: string;
  readonly locationName?: string;
  readonly location?: string;
}
interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, ModelMember>>;
  readonly required?: readonly string[];
  readonly union?: boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly member?: ModelMember;
  readonly key?: ModelMember;
  readonly value?: ModelMember;
}

const file = sharedFile('spec', 's3control-batch-shapes.json');
const model: Readonly<Record<string, ModelShape>> =
  file === null ? {} : JSON.parse(readFileSync(file, 'utf8')).shapes;

/** The model lists their members; AWS's pages ask for exactly one. */
const choicesOfPages: readonly string[] = [
  'JobOperation',
  'GeneratedManifestEncryption',
  'S3ObjectLockEventHoldDuration',
  'S3ObjectLockRetentionEventHoldDuration',
];

let compared = 0;

function compare(ours: Shape, name: string, path: string): void {
  const theirs = model[name];
  if (theirs === undefined) throw new Error(`${path}: the model has no shape ${name}`);
  compared += 1;
  switch (ours.kind) {
    case 'structure': {
      expect(theirs.type, path).toBe('structure');
      const inBody = Object.entries(theirs.members ?? {}).filter(
        ([, member]) => member.location === undefined,
      );
      const wireNames = new Map(inBody.map(([key, member]) => [key, member.locationName ?? key]));
      expect(Object.keys(ours.members), path).toEqual([...wireNames.values()]);
      // The only member of a union must be given.
      const isSingle = theirs.union === true && inBody.length === 1;
      const must = isSingle ? inBody.map(([key]) => key) : (theirs.required ?? []);
      const required = must.flatMap((key) => wireNames.get(key) ?? []);
      const isChoice = (theirs.union === true && !isSingle) || choicesOfPages.includes(name);
      expect(ours.exactlyOne, path).toBe(isChoice);
      const ourRequired = Object.entries(ours.members).filter(([, member]) => member.required);
      expect(ourRequired.map(([key]) => key).toSorted(), path).toEqual(required.toSorted());
      for (const [key, member] of inBody) {
        const mine = ours.members[member.locationName ?? key];
        if (mine !== undefined) compare(mine.shape, member.shape, `${path}.${key}`);
      }
      return;
    }
    case 'list':
      expect(theirs.type, path).toBe('list');
      if (theirs.max !== undefined) expect(ours.max, path).toBe(theirs.max);
      expect(ours.min, path).toBe(theirs.min ?? 0);
      expect(ours.itemName, path).toBe(theirs.member?.locationName ?? 'member');
      compare(ours.member, theirs.member?.shape ?? '', `${path}[]`);
      return;
    case 'map':
      expect([theirs.type, theirs.max, theirs.min ?? 0], path).toEqual(['map', ours.max, ours.min]);
      compare(ours.key, theirs.key?.shape ?? '', `${path}.key`);
      compare(ours.value, theirs.value?.shape ?? '', `${path}.value`);
      return;
    case 'text': {
      const min = theirs.min ?? 0;
      expect(theirs.type, path).toBe('string');
      // The model lets an account id be up to 64 long and asks for 12 digits in its pattern.
      const { max } = name === 'AccountId' ? { max: 12 } : theirs;
      expect([ours.max, name === 'AccountId' ? 0 : ours.min], path).toEqual([max, min]);
      expect(bare(ours.pattern?.source), path).toBe(bare(theirs.pattern));
      return;
    }
    case 'enum':
      expect(ours.values.toSorted(), path).toEqual(theirs.enum?.toSorted());
      return;
    case 'integer': {
      expect(['integer', 'long'], path).toContain(theirs.type);
      if (theirs.min !== undefined) expect(ours.min, path).toBe(theirs.min);
      if (theirs.max !== undefined) expect(ours.max, path).toBe(theirs.max);
      return;
    }
    case 'boolean':
    case 'timestamp':
      expect(theirs.type, path).toBe(ours.kind);
  }
}

/** Without anchors, escapes that change nothing, and a group around the whole. */
function bare(pattern: string | undefined): string {
  return (pattern ?? '')
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replace(/^\((.*)\)$/, '$1')
    .replaceAll(/\\([+:/=?#_-])/g, '$1');
}

test.skipIf(file === null)('every shape is the one of the service model', () => {
  compare(shapes.createJobRequest, 'CreateJobRequest', 'CreateJobRequest');
  compare(shapes.createJobResult, 'CreateJobResult', 'CreateJobResult');
  compare(shapes.describeJobResult, 'DescribeJobResult', 'DescribeJobResult');
  compare(shapes.listJobsResult, 'ListJobsResult', 'ListJobsResult');
  compare(shapes.putJobTaggingRequest, 'PutJobTaggingRequest', 'PutJobTaggingRequest');
  compare(shapes.putJobTaggingResult, 'PutJobTaggingResult', 'PutJobTaggingResult');
  compare(shapes.getJobTaggingResult, 'GetJobTaggingResult', 'GetJobTaggingResult');
  compare(shapes.deleteJobTaggingResult, 'DeleteJobTaggingResult', 'DeleteJobTaggingResult');
  compare(shapes.updateJobStatusResult, 'UpdateJobStatusResult', 'UpdateJobStatusResult');
  compare(shapes.updateJobPriorityResult, 'UpdateJobPriorityResult', 'UpdateJobPriorityResult');
  compare(shapes.jobId, 'JobId', 'JobId');
  compare(shapes.maxResults, 'MaxResults', 'MaxResults');
  compare(shapes.requestedJobStatus, 'RequestedJobStatus', 'RequestedJobStatus');
  compare(shapes.statusUpdateReason, 'JobStatusUpdateReason', 'JobStatusUpdateReason');
  expect(compared).toBeGreaterThan(250);
});
