// Operations as they stand in a CreateJob request, in the order in which DescribeJob writes their
// members. Together they hold every member that the table of shapes has for an operation.

const owner = '<Owner><ID>o1</ID><DisplayName>the owner</DisplayName></Owner>';
const grants = (element: string): string =>
  `<${element}><member><Grantee><TypeIdentifier>uri</TypeIdentifier>` +
  '<Identifier>http://acs.amazonaws.com/groups/global/AllUsers</Identifier>' +
  '<DisplayName>all &amp; sundry</DisplayName></Grantee><Permission>READ</Permission></member>' +
  `</${element}>`;
const tag = '<member><Key>a</Key><Value>b</Value></member>';
const entry = (key: string, value: string): string =>
  `<entry><key>${key}</key><value>${value}</value></entry>`;
const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/k-1';

const copy =
  '<TargetResource>arn:aws:s3:::target</TargetResource>' +
  `${grants('AccessControlGrants')}<MetadataDirective>REPLACE</MetadataDirective>` +
  '<AnnotationDirective>EXCLUDE</AnnotationDirective>' +
  '<ModifiedSinceConstraint>2026-01-02T03:04:05.000Z</ModifiedSinceConstraint>' +
  '<NewObjectMetadata><CacheControl>no-store</CacheControl>' +
  '<ContentDisposition>inline</ContentDisposition><ContentEncoding>gzip</ContentEncoding>' +
  `<ContentLanguage>de</ContentLanguage><UserMetadata>${entry('a', '&lt;b&gt;')}</UserMetadata>` +
  '<ContentLength>0</ContentLength><ContentMD5>1B2M2Y8AsgTpgAmY7PhCfg==</ContentMD5>' +
  '<ContentType>text/plain</ContentType>' +
  '<HttpExpiresDate>2030-01-02T03:04:05.000Z</HttpExpiresDate>' +
  '<RequesterCharged>false</RequesterCharged><SSEAlgorithm>KMS</SSEAlgorithm></NewObjectMetadata>' +
  `<NewObjectTagging>${tag}</NewObjectTagging><RedirectLocation>/elsewhere</RedirectLocation>` +
  '<RequesterPays>true</RequesterPays><StorageClass>GLACIER_IR</StorageClass>' +
  '<UnModifiedSinceConstraint>2026-02-02T03:04:05.000Z</UnModifiedSinceConstraint>' +
  `<SSEAwsKmsKeyId>${keyArn}</SSEAwsKmsKeyId><TargetKeyPrefix>to/here</TargetKeyPrefix>` +
  '<ObjectLockLegalHoldStatus>OFF</ObjectLockLegalHoldStatus>' +
  '<ObjectLockMode>GOVERNANCE</ObjectLockMode>' +
  '<ObjectLockRetainUntilDate>2031-01-02T03:04:05.000Z</ObjectLockRetainUntilDate>' +
  '<BucketKeyEnabled>true</BucketKeyEnabled><ChecksumAlgorithm>XXHASH128</ChecksumAlgorithm>' +
  '<ObjectLockEventHold>ON</ObjectLockEventHold>' +
  '<ObjectLockEventHoldDuration><Days>36500</Days></ObjectLockEventHoldDuration>';

interface OperationSample {
  /** What a test calls it. */
  readonly title: string;
  readonly name: string;
  /** The member of Operation, as a whole. */
  readonly xml: string;
  /** What its job fails by; null if this version does all of it. */
  readonly notBuilt: string | null;
}

function sample(
  title: string,
  name: string,
  inside: string,
  notBuilt: string | null,
): OperationSample {
  const xml = inside === '' ? `<${name}/>` : `<${name}>${inside}</${name}>`;
  return { title, name, xml, notBuilt };
}

export const operationSamples: readonly OperationSample[] = [
  sample(
    'a function with arguments',
    'LambdaInvoke',
    '<FunctionArn>arn:aws:lambda:us-west-2:123456789012:function:f:$LATEST</FunctionArn>' +
      '<InvocationSchemaVersion>2.0</InvocationSchemaVersion>' +
      `<UserArguments>${entry('k', 'v')}${entry('__proto__', '1')}</UserArguments>`,
    'LambdaInvoke',
  ),
  sample(
    'a function alone',
    'LambdaInvoke',
    '<FunctionArn>name-of-a_function</FunctionArn>',
    'LambdaInvoke',
  ),
  sample(
    'a copy with every member',
    'S3PutObjectCopy',
    copy,
    'S3PutObjectCopy with AnnotationDirective',
  ),
  sample(
    'a copy with a canned list and a hold of years',
    'S3PutObjectCopy',
    '<TargetResource>arn:aws:s3:::target</TargetResource>' +
      '<CannedAccessControlList>bucket-owner-full-control</CannedAccessControlList>' +
      '<ObjectLockEventHold>OFF</ObjectLockEventHold>' +
      '<ObjectLockEventHoldDuration><Years>100</Years></ObjectLockEventHoldDuration>',
    'S3PutObjectCopy with ObjectLockEventHold',
  ),
  sample(
    'a copy to a directory bucket',
    'S3PutObjectCopy',
    '<TargetResource>arn:aws:s3express:us-east-1:123456789012:bucket/b--use1-az4--x-s3' +
      '</TargetResource><NewObjectTagging/>',
    'S3PutObjectCopy to a directory bucket',
  ),
  sample(
    'a plain copy',
    'S3PutObjectCopy',
    '<TargetResource>arn:aws-cn:s3:::target</TargetResource>',
    null,
  ),
  sample(
    'a list of grants',
    'S3PutObjectAcl',
    `<AccessControlPolicy><AccessControlList>${owner}${grants('Grants')}</AccessControlList>` +
      '</AccessControlPolicy>',
    'S3PutObjectAcl',
  ),
  sample(
    'a canned list',
    'S3PutObjectAcl',
    '<AccessControlPolicy><CannedAccessControlList>private</CannedAccessControlList>' +
      '</AccessControlPolicy>',
    'S3PutObjectAcl',
  ),
  sample('tags', 'S3PutObjectTagging', `<TagSet>${tag}</TagSet>`, null),
  sample('no tags', 'S3DeleteObjectTagging', '', null),
  sample(
    'a restore',
    'S3InitiateRestoreObject',
    '<ExpirationInDays>2147483647</ExpirationInDays><GlacierJobTier>BULK</GlacierJobTier>',
    'S3InitiateRestoreObject',
  ),
  sample(
    'a restore from Intelligent-Tiering',
    'S3InitiateRestoreObject',
    '',
    'S3InitiateRestoreObject',
  ),
  sample(
    'a legal hold',
    'S3PutObjectLegalHold',
    '<LegalHold><Status>ON</Status></LegalHold>',
    'S3PutObjectLegalHold',
  ),
  sample(
    'a retention with a date and a hold of days',
    'S3PutObjectRetention',
    '<BypassGovernanceRetention>true</BypassGovernanceRetention><Retention>' +
      '<RetainUntilDate>2025-01-01T00:00:00.000Z</RetainUntilDate><Mode>COMPLIANCE</Mode>' +
      '<EventHold>ON</EventHold><EventHoldDuration><Days>1</Days></EventHoldDuration></Retention>',
    'S3PutObjectRetention',
  ),
  sample(
    'a retention with a hold of years',
    'S3PutObjectRetention',
    '<Retention><Mode>GOVERNANCE</Mode><EventHold>ON</EventHold>' +
      '<EventHoldDuration><Years>1</Years></EventHoldDuration></Retention>',
    'S3PutObjectRetention',
  ),
  sample(
    'a retention that is taken away',
    'S3PutObjectRetention',
    '<BypassGovernanceRetention>true</BypassGovernanceRetention><Retention/>',
    'S3PutObjectRetention',
  ),
  sample('a replication', 'S3ReplicateObject', '', 'S3ReplicateObject'),
  sample(
    'a checksum',
    'S3ComputeObjectChecksum',
    '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
    'S3ComputeObjectChecksum',
  ),
  sample(
    'a new key',
    'S3UpdateObjectEncryption',
    `<ObjectEncryption><SSE-KMS><KMSKeyArn>${keyArn}</KMSKeyArn>` +
      '<BucketKeyEnabled>true</BucketKeyEnabled></SSE-KMS></ObjectEncryption>',
    'S3UpdateObjectEncryption',
  ),
];
