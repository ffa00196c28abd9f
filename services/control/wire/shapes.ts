// Every shape of the S3 Control API that carries jobs: names, required members, enums, patterns,
// ranges and lengths as in AWS's service model 2018-08-20 (docs/API.md names the source). This
// table alone drives parsing, checking and rendering; a test holds it against the model. Two kinds
// of limits are ours, since the model has none: items of a list, and columns. And where AWS's pages
// ask for exactly one member and the model only lists them, the table says choice.
import {
  boolean,
  choice,
  integer,
  list,
  map,
  oneOf,
  optional,
  required,
  structure,
  text,
  timestamp,
} from './shape.ts';

/** Items of a list for which AWS names no limit. */
const listItemsMax = 1000;
const manifestColumnsMax = 256;
const countMax = Number.MAX_SAFE_INTEGER;
const int32Max = 2_147_483_647;
export const jobsPerPageMax = 1000;

export const accountId = text(12, 12, /^\d{12}$/);
export const jobId = text(5, 36, /^[a-zA-Z0-9\-_]+$/);
export const roleArn = text(1, 2048, /^arn:[^:]+:iam::\d{12}:role\/.*$/);
export const priority = integer(0, int32Max);
export const maxResults = integer(0, jobsPerPageMax);
export const nextToken = text(1, 1024, /^[A-Za-z0-9+:/=?#-_]+$/);
export const statusUpdateReason = text(1, 256);
export const requestedJobStatus = oneOf('Cancelled', 'Ready');
export const jobStatus = oneOf(
  'Active',
  'Cancelled',
  'Cancelling',
  'Complete',
  'Completing',
  'Failed',
  'Failing',
  'New',
  'Paused',
  'Pausing',
  'Preparing',
  'Ready',
  'Suspended',
);
export const operationName = oneOf(
  'LambdaInvoke',
  'S3PutObjectCopy',
  'S3PutObjectAcl',
  'S3PutObjectTagging',
  'S3DeleteObjectTagging',
  'S3InitiateRestoreObject',
  'S3PutObjectLegalHold',
  'S3PutObjectRetention',
  'S3ReplicateObject',
  'S3ComputeObjectChecksum',
  'S3UpdateObjectEncryption',
);

const bucketArn = text(1, 128, /^arn:[^:]+:s3:.*$/);
const targetArn = text(1, 128, /^arn:[^:]+:(s3|s3express):.*$/);
const kmsKeyArn = text(
  20,
  2048,
  /^arn:aws[a-zA-Z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/,
);
const kmsKeyId = text(1, 2000);
const nonEmpty1024 = text(1, 1024);
const onOff = oneOf('OFF', 'ON');
const lockMode = oneOf('COMPLIANCE', 'GOVERNANCE');
const storageClass = oneOf(
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'GLACIER',
  'INTELLIGENT_TIERING',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
);
const checksumAlgorithm = oneOf(
  'CRC32',
  'CRC32C',
  'SHA1',
  'SHA256',
  'CRC64NVME',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
);
const cannedAcl = oneOf(
  'private',
  'public-read',
  'public-read-write',
  'aws-exec-read',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
);
const holdDuration = choice({
  Days: optional(integer(1, 36_500)),
  Years: optional(integer(1, 100)),
});
const nothing = structure({});

/** Letters, separators, digits and a few signs, as S3 allows them in tags. */
const tagPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const tagMembers = {
  Key: required(text(1, 128, tagPattern)),
  Value: required(text(0, 256, tagPattern)),
};
const tagSet = list(structure(tagMembers), listItemsMax);
/** Tags of the job itself: a member that a newer client adds to them does no harm. */
export const jobTags = list(structure(tagMembers, 'ignored'), listItemsMax);

const grants = list(
  structure({
    Grantee: optional(
      structure({
        TypeIdentifier: optional(oneOf('id', 'emailAddress', 'uri')),
        Identifier: optional(nonEmpty1024),
        DisplayName: optional(nonEmpty1024),
      }),
    ),
    Permission: optional(oneOf('FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP')),
  }),
  listItemsMax,
);

const objectMetadata = structure({
  CacheControl: optional(nonEmpty1024),
  ContentDisposition: optional(nonEmpty1024),
  ContentEncoding: optional(nonEmpty1024),
  ContentLanguage: optional(nonEmpty1024),
  UserMetadata: optional(map(nonEmpty1024, text(0, 1024), 0, 8192)),
  ContentLength: optional(integer(0, countMax)),
  ContentMD5: optional(nonEmpty1024),
  ContentType: optional(nonEmpty1024),
  HttpExpiresDate: optional(timestamp),
  RequesterCharged: optional(boolean),
  SSEAlgorithm: optional(oneOf('AES256', 'KMS')),
});

export const copyOperation = structure({
  TargetResource: optional(targetArn),
  CannedAccessControlList: optional(cannedAcl),
  AccessControlGrants: optional(grants),
  MetadataDirective: optional(oneOf('COPY', 'REPLACE')),
  AnnotationDirective: optional(oneOf('COPY', 'EXCLUDE')),
  ModifiedSinceConstraint: optional(timestamp),
  NewObjectMetadata: optional(objectMetadata),
  NewObjectTagging: optional(tagSet),
  RedirectLocation: optional(text(1, 2048)),
  RequesterPays: optional(boolean),
  StorageClass: optional(storageClass),
  UnModifiedSinceConstraint: optional(timestamp),
  SSEAwsKmsKeyId: optional(kmsKeyId),
  TargetKeyPrefix: optional(nonEmpty1024),
  ObjectLockLegalHoldStatus: optional(onOff),
  ObjectLockMode: optional(lockMode),
  ObjectLockRetainUntilDate: optional(timestamp),
  BucketKeyEnabled: optional(boolean),
  ChecksumAlgorithm: optional(checksumAlgorithm),
  ObjectLockEventHold: optional(onOff),
  ObjectLockEventHoldDuration: optional(holdDuration),
});

/** Each part of a function's ARN may be left out, but for its name. */
const functionArnParts = [
  /(arn:(aws[a-zA-Z-]*)?:lambda:)?/,
  /([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?/,
  /(\d{12}:)?/,
  /(function:)?/,
  /([a-zA-Z0-9-_]+)/,
  /(:(\$LATEST|[a-zA-Z0-9-_]+))?/,
];
const functionArn = new RegExp(`^${functionArnParts.map((part) => part.source).join('')}$`);

const lambdaInvoke = structure({
  FunctionArn: optional(text(1, 1024, functionArn)),
  InvocationSchemaVersion: optional(text(1, 64)),
  UserArguments: optional(map(text(1, 64), text(0, 1024), 1, 10)),
});

const putAcl = structure({
  AccessControlPolicy: optional(
    structure({
      AccessControlList: optional(
        structure({
          Owner: required(
            structure({ ID: optional(nonEmpty1024), DisplayName: optional(nonEmpty1024) }),
          ),
          Grants: optional(grants),
        }),
      ),
      CannedAccessControlList: optional(cannedAcl),
    }),
  ),
});

const putRetention = structure({
  BypassGovernanceRetention: optional(boolean),
  Retention: required(
    structure({
      RetainUntilDate: optional(timestamp),
      Mode: optional(lockMode),
      EventHold: optional(onOff),
      EventHoldDuration: optional(holdDuration),
    }),
  ),
});

export const jobOperation = choice({
  LambdaInvoke: optional(lambdaInvoke),
  S3PutObjectCopy: optional(copyOperation),
  S3PutObjectAcl: optional(putAcl),
  S3PutObjectTagging: optional(structure({ TagSet: optional(tagSet) })),
  S3DeleteObjectTagging: optional(nothing),
  S3InitiateRestoreObject: optional(
    structure({
      ExpirationInDays: optional(integer(0, int32Max)),
      GlacierJobTier: optional(oneOf('BULK', 'STANDARD')),
    }),
  ),
  S3PutObjectLegalHold: optional(
    structure({ LegalHold: required(structure({ Status: required(onOff) })) }),
  ),
  S3PutObjectRetention: optional(putRetention),
  S3ReplicateObject: optional(nothing),
  S3ComputeObjectChecksum: optional(
    structure({
      ChecksumAlgorithm: optional(checksumAlgorithm),
      ChecksumType: optional(oneOf('FULL_OBJECT', 'COMPOSITE')),
    }),
  ),
  S3UpdateObjectEncryption: optional(
    structure({
      ObjectEncryption: optional(
        structure({
          'SSE-KMS': optional(
            structure({
              KMSKeyArn: required(kmsKeyArn),
              BucketKeyEnabled: optional(boolean),
            }),
          ),
        }),
      ),
    }),
  ),
});

const manifestLocation = structure({
  ObjectArn: required(text(1, 2000, /^arn:[^:]+:s3:.*$/)),
  ObjectVersionId: optional(text(1, 2000)),
  ETag: required(nonEmpty1024),
});
export const jobManifest = structure({
  Spec: required(
    structure({
      Format: required(oneOf('S3BatchOperations_CSV_20180820', 'S3InventoryReport_CSV_20161130')),
      Fields: optional(list(oneOf('Ignore', 'Bucket', 'Key', 'VersionId'), manifestColumnsMax)),
    }),
  ),
  Location: required(manifestLocation),
});

export const jobReport = structure(
  {
    Bucket: optional(bucketArn),
    Format: optional(oneOf('Report_CSV_20180820')),
    Enabled: required(boolean),
    Prefix: optional(text(1, 512)),
    ReportScope: optional(oneOf('AllTasks', 'FailedTasksOnly')),
    ExpectedBucketOwner: optional(accountId),
  },
  'ignored',
);

const nameList = list(nonEmpty1024, listItemsMax);
const jobFilter = structure({
  EligibleForReplication: optional(boolean),
  CreatedAfter: optional(timestamp),
  CreatedBefore: optional(timestamp),
  ObjectReplicationStatuses: optional(
    list(oneOf('COMPLETED', 'FAILED', 'REPLICA', 'NONE'), listItemsMax),
  ),
  KeyNameConstraint: optional(
    structure({
      MatchAnyPrefix: optional(nameList),
      MatchAnySuffix: optional(nameList),
      MatchAnySubstring: optional(nameList),
    }),
  ),
  ObjectSizeGreaterThanBytes: optional(integer(-countMax, countMax)),
  ObjectSizeLessThanBytes: optional(integer(-countMax, countMax)),
  MatchAnyStorageClass: optional(list(storageClass, listItemsMax)),
  MatchAnyObjectEncryption: optional(
    list(
      choice({
        'SSE-S3': optional(nothing),
        'SSE-KMS': optional(
          structure({ KmsKeyArn: optional(kmsKeyArn), BucketKeyEnabled: optional(boolean) }),
        ),
        'DSSE-KMS': optional(structure({ KmsKeyArn: optional(kmsKeyArn) })),
        'SSE-C': optional(nothing),
        'NOT-SSE': optional(nothing),
      }),
      1,
      { min: 1, itemName: 'ObjectEncryption' },
    ),
  ),
});

export const manifestGenerator = structure({
  S3JobManifestGenerator: required(
    structure({
      ExpectedBucketOwner: optional(accountId),
      SourceBucket: required(bucketArn),
      ManifestOutputLocation: optional(
        structure({
          ExpectedManifestBucketOwner: optional(accountId),
          Bucket: required(bucketArn),
          ManifestPrefix: optional(text(1, 512)),
          ManifestEncryption: optional(
            choice({
              'SSE-S3': optional(nothing),
              'SSE-KMS': optional(structure({ KeyId: required(kmsKeyId) })),
            }),
          ),
          ManifestFormat: required(oneOf('S3InventoryReport_CSV_20211130')),
        }),
      ),
      Filter: optional(jobFilter),
      EnableManifestOutput: required(boolean),
    }),
  ),
});

/** AccountId travels as a header and is not part of the body. */
export const createJobRequest = structure(
  {
    ConfirmationRequired: optional(boolean),
    Operation: required(jobOperation),
    Report: required(jobReport),
    ClientRequestToken: required(text(1, 64)),
    Manifest: optional(jobManifest),
    Description: optional(text(1, 256)),
    Priority: required(priority),
    RoleArn: required(roleArn),
    Tags: optional(jobTags),
    ManifestGenerator: optional(manifestGenerator),
  },
  'ignored',
);

/** JobId travels in the path. */
export const putJobTaggingRequest = structure({ Tags: required(jobTags) }, 'ignored');
export const putJobTaggingResult = structure({});
export const deleteJobTaggingResult = structure({});
export const getJobTaggingResult = structure({ Tags: optional(jobTags) });

export const createJobResult = structure({ JobId: optional(jobId) });

const progressSummary = structure({
  TotalNumberOfTasks: optional(integer(0, countMax)),
  NumberOfTasksSucceeded: optional(integer(0, countMax)),
  NumberOfTasksFailed: optional(integer(0, countMax)),
  Timers: optional(structure({ ElapsedTimeInActiveSeconds: optional(integer(0, countMax)) })),
});

export const jobDescriptor = structure({
  JobId: optional(jobId),
  ConfirmationRequired: optional(boolean),
  Description: optional(text(1, 256)),
  JobArn: optional(text(1, 1024, /^arn:[^:]+:s3:[a-zA-Z0-9-]+:\d{12}:job\/.*$/)),
  Status: optional(jobStatus),
  Manifest: optional(jobManifest),
  Operation: optional(jobOperation),
  Priority: optional(priority),
  ProgressSummary: optional(progressSummary),
  StatusUpdateReason: optional(statusUpdateReason),
  FailureReasons: optional(
    list(
      structure({ FailureCode: optional(text(1, 64)), FailureReason: optional(text(1, 256)) }),
      listItemsMax,
    ),
  ),
  Report: optional(jobReport),
  CreationTime: optional(timestamp),
  TerminationDate: optional(timestamp),
  RoleArn: optional(roleArn),
  SuspendedDate: optional(timestamp),
  SuspendedCause: optional(text(1, 1024)),
  ManifestGenerator: optional(manifestGenerator),
  GeneratedManifestDescriptor: optional(
    structure({
      Format: optional(oneOf('S3InventoryReport_CSV_20211130')),
      Location: optional(manifestLocation),
    }),
  ),
});
export const describeJobResult = structure({ Job: optional(jobDescriptor) });

export const jobListDescriptor = structure({
  JobId: optional(jobId),
  Description: optional(text(1, 256)),
  Operation: optional(operationName),
  Priority: optional(priority),
  Status: optional(jobStatus),
  CreationTime: optional(timestamp),
  TerminationDate: optional(timestamp),
  ProgressSummary: optional(progressSummary),
});
export const listJobsResult = structure({
  NextToken: optional(nextToken),
  Jobs: optional(list(jobListDescriptor, jobsPerPageMax)),
});

export const updateJobStatusResult = structure({
  JobId: optional(jobId),
  Status: optional(jobStatus),
  StatusUpdateReason: optional(statusUpdateReason),
});
export const updateJobPriorityResult = structure({
  JobId: required(jobId),
  Priority: required(priority),
});
