// CreateJob's refusals: every rule about the request itself, each with its code and the member's
// name.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  accountId,
  type ControlFront,
  jobXml,
  openFront,
  roleArn,
  untilEnded,
} from '../../support/control-front.ts';
import { openMemoryS3 } from '../../support/memory-s3.ts';
import { contentOf } from '../../support/signed-request.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const jobs = '/v20180820/jobs';
type Parts = NonNullable<Parameters<typeof jobXml>[0]>;

const operation = (inside: string): Parts => ({ operation: `<Operation>${inside}</Operation>` });
const report = (inside: string): Parts => ({ report: `<Report>${inside}</Report>` });
const tag = (key: string, value = 'v'): string =>
  `<member><Key>${key}</Key><Value>${value}</Value></member>`;
const location =
  '<Location><ObjectArn>arn:aws:s3:::manifests/m.csv</ObjectArn><ETag>e</ETag></Location>';
const manifest = (spec: string, at = location): Parts => ({
  manifest: `<Manifest><Spec>${spec}</Spec>${at}</Manifest>`,
});
const csv = '<Format>S3BatchOperations_CSV_20180820</Format>';
const inventory = '<Format>S3InventoryReport_CSV_20161130</Format>';
const fields = (...names: readonly string[]): string =>
  `<Fields>${names.map((name) => `<member>${name}</member>`).join('')}</Fields>`;
const generator =
  '<ManifestGenerator><S3JobManifestGenerator><SourceBucket>arn:aws:s3:::source</SourceBucket>' +
  '<EnableManifestOutput>false</EnableManifestOutput></S3JobManifestGenerator>' +
  '</ManifestGenerator>';
/** With more members than it needs. */
const generate = (inside: string): Parts => ({
  manifest: generator.replace('</S3JobManifestGenerator>', `${inside}</S3JobManifestGenerator>`),
});
const output =
  '<ManifestOutputLocation><ExpectedManifestBucketOwner>012345678901' +
  '</ExpectedManifestBucketOwner><Bucket>arn:aws:s3:::lists</Bucket>' +
  '<ManifestPrefix>made</ManifestPrefix><ManifestEncryption><SSE-S3/></ManifestEncryption>' +
  '<ManifestFormat>S3InventoryReport_CSV_20211130</ManifestFormat></ManifestOutputLocation>';
const filter =
  '<Filter><EligibleForReplication>true</EligibleForReplication>' +
  '<CreatedAfter>2026-01-02T03:04:05.000Z</CreatedAfter>' +
  '<CreatedBefore>2026-02-02T03:04:05.000Z</CreatedBefore>' +
  '<ObjectReplicationStatuses><member>NONE</member><member>FAILED</member>' +
  '</ObjectReplicationStatuses><KeyNameConstraint>' +
  '<MatchAnyPrefix><member>a/</member><member>b &amp; c</member></MatchAnyPrefix>' +
  '<MatchAnySuffix><member>.jpg</member></MatchAnySuffix>' +
  '<MatchAnySubstring><member>x</member></MatchAnySubstring></KeyNameConstraint>' +
  '<ObjectSizeGreaterThanBytes>0</ObjectSizeGreaterThanBytes>' +
  '<ObjectSizeLessThanBytes>9007199254740991</ObjectSizeLessThanBytes>' +
  '<MatchAnyStorageClass><member>STANDARD</member><member>GLACIER_IR</member>' +
  '</MatchAnyStorageClass><MatchAnyObjectEncryption><ObjectEncryption><SSE-KMS>' +
  '<KmsKeyArn>arn:aws:kms:us-east-1:123456789012:key/k-1</KmsKeyArn>' +
  '<BucketKeyEnabled>true</BucketKeyEnabled></SSE-KMS></ObjectEncryption>' +
  '</MatchAnyObjectEncryption></Filter>';
const tags = (count: number): string =>
  Array.from({ length: count }, (_, index) => tag(`k${index}`)).join('');
const putTags = (inside: string): Parts =>
  operation(`<S3PutObjectTagging><TagSet>${inside}</TagSet></S3PutObjectTagging>`);
const protoMetadata =
  '<NewObjectTagging/><NewObjectMetadata><UserMetadata><entry><key>__proto__</key>' +
  '<value>a &amp; b</value></entry></UserMetadata></NewObjectMetadata>';
const copy = (inside: string): Parts =>
  operation(
    '<S3PutObjectCopy><TargetResource>arn:aws:s3:::target</TargetResource>' +
      `${inside}</S3PutObjectCopy>`,
  );

const refused: readonly (readonly [string, Parts, string])[] = [
  ['a missing operation', { operation: '' }, 'Operation is required'],
  [
    'an empty operation',
    operation(''),
    'Operation must hold exactly one of LambdaInvoke, S3PutObjectCopy, ',
  ],
  [
    'two operations',
    operation('<S3DeleteObjectTagging/><S3PutObjectTagging><TagSet/></S3PutObjectTagging>'),
    'Operation must hold exactly one of LambdaInvoke, S3PutObjectCopy, ',
  ],
  ['an access list that is none', operation('<S3PutObjectAcl/>'), 'exactly one of AccessControl'],
  ['a function without name', operation('<LambdaInvoke/>'), 'FunctionArn is missing'],
  [
    'a retention without what to set',
    operation('<S3PutObjectRetention/>'),
    'Operation.S3PutObjectRetention.Retention is required',
  ],
  [
    'an unknown member of an operation that is not built',
    operation('<S3ReplicateObject><Rule/></S3ReplicateObject>'),
    'Operation.S3ReplicateObject.Rule is not supported',
  ],
  ['an unknown operation', operation('<S3Explode/>'), 'Operation.S3Explode is not supported'],
  [
    'an unknown member of an operation',
    operation('<S3PutObjectTagging><TagSet/><Merge>true</Merge></S3PutObjectTagging>'),
    'Operation.S3PutObjectTagging.Merge is not supported',
  ],
  [
    'a hold of days and years',
    copy(
      '<ObjectLockEventHoldDuration><Days>1</Days><Years>1</Years></ObjectLockEventHoldDuration>',
    ),
    'ObjectLockEventHoldDuration must hold exactly one of Days, Years, not 2',
  ],
  ['tagging without tags', operation('<S3PutObjectTagging/>'), 'TagSet is required'],
  ['eleven object tags', putTags(tags(11)), 'at most 10 tags'],
  ['an object tag given twice', putTags(tag('k') + tag('k')), 'more than once'],
  ['a tag key with a character S3 does not allow', putTags(tag('a*b')), 'TagSet[1].Key'],
  ['a copy without target', operation('<S3PutObjectCopy/>'), 'TargetResource'],
  ['an event hold of neither', copy('<ObjectLockEventHold>SO</ObjectLockEventHold>'), 'EventHold'],
  ['a copy with a wrong class', copy('<StorageClass>COLD</StorageClass>'), 'StorageClass must be'],
  [
    'a copy with a time that is none',
    copy('<ModifiedSinceConstraint>2026-02-30T00:00:00Z</ModifiedSinceConstraint>'),
    'ModifiedSinceConstraint',
  ],
  [
    'a metadata key given twice',
    copy(
      '<NewObjectMetadata><UserMetadata><entry><key>a</key><value>1</value></entry>' +
        '<entry><key>a</key><value>2</value></entry></UserMetadata></NewObjectMetadata>',
    ),
    'twice',
  ],
  ['no report', { report: '' }, 'Report is required'],
  ['a report without Enabled', report(''), 'Report.Enabled is required'],
  [
    'an enabled report without bucket, format and scope',
    report('<Enabled>true</Enabled>'),
    'Report.Bucket, Report.Format, Report.ReportScope',
  ],
  ['Enabled that is no boolean', report('<Enabled>yes</Enabled>'), 'Report.Enabled'],
  [
    'an unknown report format',
    report('<Enabled>false</Enabled><Format>Example_Report_CSV_20180820</Format>'),
    'Report.Format must be one of Report_CSV_20180820',
  ],
  [
    'a report bucket that is a name',
    report('<Enabled>false</Enabled><Bucket>reports</Bucket>'),
    'Report.Bucket',
  ],
  ['no manifest at all', { manifest: '' }, 'Exactly one of Manifest'],
  [
    'a generator that is empty',
    { manifest: '<ManifestGenerator/>' },
    'ManifestGenerator.S3JobManifestGenerator is required',
  ],
  [
    'a generator of another kind',
    { manifest: '<ManifestGenerator><Other/></ManifestGenerator>' },
    'ManifestGenerator.Other is not supported',
  ],
  [
    'an unknown filter of a generator',
    generate('<Filter><MatchAnyOwner/></Filter>'),
    'S3JobManifestGenerator.Filter.MatchAnyOwner is not supported',
  ],
  [
    'two encryptions of one output',
    generate(output.replace('<SSE-S3/>', '<SSE-S3/><SSE-KMS><KeyId>k</KeyId></SSE-KMS>')),
    'ManifestEncryption must hold exactly one of SSE-S3, SSE-KMS, not 2',
  ],
  [
    'a filter for no encryption',
    generate(
      '<Filter><MatchAnyObjectEncryption><ObjectEncryption/></MatchAnyObjectEncryption></Filter>',
    ),
    'MatchAnyObjectEncryption[1] must hold exactly one of SSE-S3',
  ],
  [
    'a filter for two kinds of encryption',
    generate(
      '<Filter><MatchAnyObjectEncryption><ObjectEncryption><SSE-C/></ObjectEncryption>' +
        '<ObjectEncryption><NOT-SSE/></ObjectEncryption></MatchAnyObjectEncryption></Filter>',
    ),
    'MatchAnyObjectEncryption must hold 1 items, not 2',
  ],
  [
    'a generator without source',
    { manifest: generator.replace(/<SourceBucket>.*<.SourceBucket>/, '') },
    'S3JobManifestGenerator.SourceBucket is required',
  ],
  [
    'a generator whose source is no bucket',
    { manifest: generator.replace('s3:::source', 's3:::source/key') },
    'S3JobManifestGenerator.SourceBucket must be the ARN of a bucket',
  ],
  [
    'an output that is enabled and lies nowhere',
    { manifest: generator.replace('>false<', '>true<') },
    'ManifestOutputLocation must be given',
  ],
  [
    'an output that lies in no bucket',
    generate(output.replace('s3:::lists', 's3:::lists/here')),
    'ManifestOutputLocation.Bucket must be the ARN of a bucket',
  ],
  [
    'an output of an unknown format',
    generate(output.replace('20211130', '20161130')),
    'ManifestFormat must be one of S3InventoryReport_CSV_20211130',
  ],
  [
    'manifest and generator',
    {
      extra: generator,
    },
    'Exactly one of Manifest',
  ],
  ['a CSV manifest without Fields', manifest(csv), 'Required fields are missing in the schema'],
  [
    'a CSV manifest without Key',
    manifest(`${csv}<Fields><member>Bucket</member></Fields>`),
    'must hold Key',
  ],
  [
    'a column named twice',
    manifest(
      `${csv}<Fields><member>Bucket</member><member>Key</member><member>Key</member></Fields>`,
    ),
    'twice',
  ],
  [
    'an inventory with Fields',
    manifest(`${inventory}<Fields><member>Bucket</member><member>Key</member></Fields>`),
    'Fields must be absent',
  ],
  ['an unknown manifest format', manifest('<Format>S3Inventory_ORC</Format>'), 'Spec.Format'],
  [
    'a manifest that is a bucket',
    manifest(
      inventory,
      '<Location><ObjectArn>arn:aws:s3:::bucket</ObjectArn><ETag>e</ETag></Location>',
    ),
    'ObjectArn',
  ],
  [
    'a manifest without ETag',
    manifest(inventory, '<Location><ObjectArn>arn:aws:s3:::bucket/k</ObjectArn></Location>'),
    'Manifest.Location.ETag is required',
  ],
  ['no priority', { priority: '' }, 'Priority is required'],
  ['a negative priority', { priority: '<Priority>-1</Priority>' }, 'Priority'],
  ['a priority given twice', { extra: '<Priority>1</Priority>' }, 'Priority is given twice'],
  ['a role that is no ARN', { role: '<RoleArn>IAM-role</RoleArn>' }, 'RoleArn'],
  [
    'a role that is not configured',
    { role: `<RoleArn>${roleArn}-unknown</RoleArn>` },
    'S3BATCH_ROLES',
  ],
  ['no token', { token: '' }, 'ClientRequestToken'],
  ['a token of 65 characters', { token: 'x'.repeat(65) }, 'ClientRequestToken'],
  ['an empty description', { extra: '<Description/>' }, 'Description'],
  [
    'a description of 257',
    { extra: `<Description>${'ü'.repeat(257)}</Description>` },
    'Description',
  ],
  ['51 job tags', { extra: `<Tags>${tags(51)}</Tags>` }, 'at most 50 tags'],
  ['a job tag given twice', { extra: `<Tags>${tag('k')}${tag('k')}</Tags>` }, "'k' twice"],
  ['text where elements belong', { extra: 'text' }, 'must hold elements'],
  ['elements where text belongs', { extra: '<Description><b/></Description>' }, 'must hold text'],
];

test.each(refused)(
  '%s is a BadRequestException that names the place',
  async (_what, parts, words) => {
    const answer = await front.call('POST', jobs, jobXml(parts));
    expect([answer.status, answer.code]).toEqual([400, 'BadRequestException']);
    expect(answer.message).toContain(words);
  },
);

test('a role of another account is AccessDenied, which names the account of the key', async () => {
  const role = '<RoleArn>arn:aws:iam::999999999999:role/r</RoleArn>';
  const answer = await front.call('POST', jobs, jobXml({ role }));
  expect([answer.status, answer.code]).toEqual([403, 'AccessDenied']);
  expect(answer.message).toBe(
    'Cross-account pass role is not allowed. ' +
      `Your access key belongs to account ${accountId}, so RoleArn must name a role of that ` +
      "account (S3BATCH_ACCOUNT is the account of the environment's key).",
  );
});

const accepted: readonly (readonly [string, Parts])[] = [
  ['an empty tag set', operation('<S3PutObjectTagging><TagSet/></S3PutObjectTagging>')],
  ['deleting tags', operation('<S3DeleteObjectTagging />')],
  ['list items of any name', putTags('<S3Tag><Key>a</Key><Value/></S3Tag>')],
  ['priority 0', { priority: '<Priority>0</Priority>' }],
  ['an inventory manifest', manifest(inventory)],
  ['columns to ignore', manifest(csv + fields('Ignore', 'Bucket', 'Ignore', 'Key', 'VersionId'))],
  [
    'a report without prefix',
    report(
      '<Bucket>arn:aws:s3:::reports</Bucket><Format>Report_CSV_20180820</Format>' +
        '<Enabled>true</Enabled><ReportScope>FailedTasksOnly</ReportScope>',
    ),
  ],
  [
    'unknown members at the top, in Report and in Tags',
    {
      report: '<Report><Enabled>false</Enabled><Shiny>1</Shiny></Report>',
      extra:
        '<Novel><x>1</x></Novel>' +
        '<Tags><member><Key>a</Key><Value>b</Value><New>1</New></member></Tags>',
    },
  ],
  ['a copy with metadata and no tags', copy(protoMetadata)],
];

test.each(accepted)('%s is accepted', async (_what, parts) => {
  const answer = await front.call('POST', jobs, jobXml(parts));
  expect([answer.status, answer.message]).toEqual([200, '']);
});

test('what a copy was given is described as it was given, __proto__ included', async () => {
  const parts = copy(protoMetadata);
  const id = contentOf((await front.call('POST', jobs, jobXml(parts))).body, 'JobId');
  const { body } = await front.call('GET', `${jobs}/${id}`);
  expect(body).toContain('<NewObjectTagging/>');
  expect(body).toContain('<entry><key>__proto__</key><value>a &amp; b</value></entry>');
});

test('ignored members are named in the log', async () => {
  await front.call('POST', jobs, jobXml({ extra: '<Novel/>' }));
  expect(front.lines.some((line) => line.includes('"Novel"'))).toBe(true);
});

test.each([
  ['nothing', ''],
  ['no XML', 'hello'],
  ['an unclosed element', '<CreateJobRequest>'],
  ['another root', '<PutJobTaggingRequest/>'],
  ['two roots', '<CreateJobRequest/><CreateJobRequest/>'],
  ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x "y">]><CreateJobRequest/>'],
  ['an entity nobody declared', '<CreateJobRequest>&x;</CreateJobRequest>'],
  ['a reference to NUL', '<CreateJobRequest>&#0;</CreateJobRequest>'],
  ['33 levels', `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`],
  ['an element named __proto__', '<CreateJobRequest><__proto__/></CreateJobRequest>'],
])('%s is MalformedXML', async (_what, body) => {
  const answer = await front.call('POST', jobs, body);
  expect([answer.status, answer.code]).toEqual([400, 'MalformedXML']);
});

test('a body that is not UTF-8 is MalformedXML', async () => {
  const answer = await front.call('POST', jobs, new Uint8Array([0x3c, 0xff, 0xfe, 0x3e]));
  expect([answer.status, answer.code]).toEqual([400, 'MalformedXML']);
});

test('tagging is refused at an endpoint that nobody has declared to understand it', async () => {
  await using careful = await openFront({ roles: openMemoryS3({ subresourcesSafe: false }).roles });
  for (const inside of [
    '<S3DeleteObjectTagging/>',
    '<S3PutObjectTagging><TagSet/></S3PutObjectTagging>',
  ]) {
    const answer = await careful.call('POST', jobs, jobXml(operation(inside)));
    expect(answer.code).toBe('BadRequestException');
    expect(answer.message).toContain('S3BATCH_TAGGING_SAFE');
  }
  expect((await careful.call('POST', jobs, jobXml(copy('')))).status).toBe(200);
});

test('a generator is described as it was given; its job fails in Preparing and names it', async () => {
  const owner = '<ExpectedBucketOwner>111122223333</ExpectedBucketOwner>';
  const whole =
    `<ManifestGenerator><S3JobManifestGenerator>${owner}<SourceBucket>arn:aws:s3:::source` +
    `</SourceBucket>${output}${filter}<EnableManifestOutput>true</EnableManifestOutput>` +
    '</S3JobManifestGenerator></ManifestGenerator>';
  const answer = await front.call('POST', jobs, jobXml({ manifest: whole }));
  expect([answer.status, answer.message]).toEqual([200, '']);
  const body = await untilEnded(front, `${jobs}/${contentOf(answer.body, 'JobId')}`);
  expect(body).toContain(whole);
  expect(body).not.toContain('<Manifest>');
  expect(contentOf(body, 'Status')).toBe('Failed');
  expect(contentOf(body, 'FailureCode')).toBe('NotImplemented');
  expect(contentOf(body, 'FailureReason')).toContain('does not do ManifestGenerator');
});
