// The generator of a job's manifest: the list of objects is not given but made from a bucket and a
// filter. AWS's own member names inside, as in an operation: one form is parsed, stored and
// rendered. This version keeps and shows it; what it cannot do yet stands in not-built.ts.
import {
  isAnyOf,
  isFlag,
  isListOf,
  isShape,
  isText,
  isWhole,
} from './operations/operation-file.ts';

type Nothing = Readonly<Record<string, never>>;

/** Exactly one member. */
export interface EncryptionFilter {
  readonly 'SSE-S3'?: Nothing;
  readonly 'SSE-KMS'?: { readonly KmsKeyArn?: string; readonly BucketKeyEnabled?: boolean };
  readonly 'DSSE-KMS'?: { readonly KmsKeyArn?: string };
  readonly 'SSE-C'?: Nothing;
  readonly 'NOT-SSE'?: Nothing;
}

export interface ManifestFilter {
  readonly EligibleForReplication?: boolean;
  /** ISO 8601, as every timestamp here. */
  readonly CreatedAfter?: string;
  readonly CreatedBefore?: string;
  readonly ObjectReplicationStatuses?: readonly ('COMPLETED' | 'FAILED' | 'REPLICA' | 'NONE')[];
  readonly KeyNameConstraint?: {
    readonly MatchAnyPrefix?: readonly string[];
    readonly MatchAnySuffix?: readonly string[];
    readonly MatchAnySubstring?: readonly string[];
  };
  readonly ObjectSizeGreaterThanBytes?: number;
  readonly ObjectSizeLessThanBytes?: number;
  readonly MatchAnyStorageClass?: readonly string[];
  readonly MatchAnyObjectEncryption?: readonly EncryptionFilter[];
}

export interface ManifestOutputLocation {
  readonly ExpectedManifestBucketOwner?: string;
  readonly Bucket: string;
  readonly ManifestPrefix?: string;
  /** Exactly one member. */
  readonly ManifestEncryption?: {
    readonly 'SSE-S3'?: Nothing;
    readonly 'SSE-KMS'?: { readonly KeyId: string };
  };
  readonly ManifestFormat: 'S3InventoryReport_CSV_20211130';
}

export interface ManifestGenerator {
  readonly ExpectedBucketOwner?: string;
  readonly SourceBucket: string;
  readonly ManifestOutputLocation?: ManifestOutputLocation;
  readonly Filter?: ManifestFilter;
  readonly EnableManifestOutput: boolean;
}

const isNothing = isShape({});
const isTexts = isListOf(isText);

const isFilter = isShape({
  EligibleForReplication: isFlag,
  CreatedAfter: isText,
  CreatedBefore: isText,
  ObjectReplicationStatuses: isListOf(isAnyOf('COMPLETED', 'FAILED', 'REPLICA', 'NONE')),
  KeyNameConstraint: isShape({
    MatchAnyPrefix: isTexts,
    MatchAnySuffix: isTexts,
    MatchAnySubstring: isTexts,
  }),
  ObjectSizeGreaterThanBytes: isWhole,
  ObjectSizeLessThanBytes: isWhole,
  MatchAnyStorageClass: isTexts,
  MatchAnyObjectEncryption: isListOf(
    isShape({
      'SSE-S3': isNothing,
      'SSE-KMS': isShape({ KmsKeyArn: isText, BucketKeyEnabled: isFlag }),
      'DSSE-KMS': isShape({ KmsKeyArn: isText }),
      'SSE-C': isNothing,
      'NOT-SSE': isNothing,
    }),
  ),
});

const isOutputLocation = isShape(
  {
    ExpectedManifestBucketOwner: isText,
    Bucket: isText,
    ManifestPrefix: isText,
    ManifestEncryption: isShape({
      'SSE-S3': isNothing,
      'SSE-KMS': isShape({ KeyId: isText }, ['KeyId']),
    }),
    ManifestFormat: isAnyOf('S3InventoryReport_CSV_20211130'),
  },
  ['Bucket', 'ManifestFormat'],
);

const hasForm = isShape(
  {
    ExpectedBucketOwner: isText,
    SourceBucket: isText,
    ManifestOutputLocation: isOutputLocation,
    Filter: isFilter,
    EnableManifestOutput: isFlag,
  },
  ['SourceBucket', 'EnableManifestOutput'],
);

/** Whether the value has the form of a stored generator; unknown members are refused. */
export function isManifestGenerator(value: unknown): value is ManifestGenerator {
  return hasForm(value);
}
