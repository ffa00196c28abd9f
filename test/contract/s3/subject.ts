// What the suite of the S3 ports runs against: the memory twin, the adapter on the sandbox, and,
// where S3_CONTRACT_ENDPOINT names one, the adapter on another server. Buckets and tags are made
// and read back from outside the ports, so that a port is never its own witness.
import {
  CreateBucketCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { systemClock } from '../../../services/adapters/process/clock.ts';
import { openRoles } from '../../../services/adapters/s3/roles.ts';
import type { RoleStorage } from '../../../services/core/storage.ts';
import { createBucket, setVersioning } from '../../../services/sandbox/bucket.ts';
import { openSandbox } from '../../../services/sandbox/open-sandbox.ts';
import { findVersion } from '../../../services/sandbox/store.ts';
import { openMemoryS3 } from '../../support/memory-s3.ts';

export interface Witness {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Subject {
  readonly storage: RoleStorage;
  makeBucket(isVersioned: boolean): Promise<string>;
  witness(bucket: string, key: string, versionId: string | null): Promise<Witness>;
  close(): Promise<void>;
}

const roleArn = 'arn:aws:iam::123456789012:role/contract';
let bucketsMade = 0;

function nextBucket(): string {
  bucketsMade += 1;
  return `contract-${process.pid}-${bucketsMade}`;
}

export function openMemorySubject(): Promise<Subject> {
  const memory = openMemoryS3();
  return Promise.resolve({
    storage: memory.storage,
    makeBucket: (isVersioned) => {
      const bucket = nextBucket();
      createBucket(memory.store, bucket);
      if (isVersioned) setVersioning(memory.store, bucket, 'Enabled');
      return Promise.resolve(bucket);
    },
    witness: (bucket, key, versionId) => {
      const found = findVersion(memory.store, bucket, key, versionId);
      if (found.kind === 'refused') throw new Error(found.code);
      const { headers, metadata, tags } = found.value;
      return Promise.resolve({
        contentType: headers['content-type'] ?? '',
        metadata,
        tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
      });
    },
    close: () => Promise.resolve(),
  });
}

export async function openSandboxSubject(): Promise<Subject> {
  const credentials = { accessKeyId: 'contract', secretAccessKey: 'contract-secret' };
  const sandbox = await openSandbox({ credentials: [credentials] });
  const subject = openServerSubject(sandbox.url, credentials, 'us-east-1');
  return {
    ...subject,
    close: async () => {
      await subject.close();
      await sandbox.close();
    },
  };
}

export function openServerSubject(
  endpoint: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  region: string,
): Subject {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const roles = openRoles({
    clock: systemClock,
    profiles: [
      {
        pattern: roleArn,
        endpoint,
        region,
        credentials: { ...credentials, sessionToken: null },
        forcePathStyle: true,
        subresourcesSafe: true,
      },
    ],
  });
  const storage = roles.resolve(roleArn);
  if (storage === undefined) throw new Error('the role does not resolve');
  return {
    storage,
    makeBucket: async (isVersioned) => {
      const bucket = nextBucket();
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      if (isVersioned) {
        const VersioningConfiguration = { Status: 'Enabled' as const };
        await client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }),
        );
      }
      return bucket;
    },
    witness: async (bucket, key, versionId) => {
      const at = { Bucket: bucket, Key: key, VersionId: versionId ?? undefined };
      const head = await client.send(new HeadObjectCommand(at));
      const { TagSet } = await client.send(new GetObjectTaggingCommand(at));
      return {
        contentType: head.ContentType ?? '',
        metadata: head.Metadata ?? {},
        tags: Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      };
    },
    close: async () => {
      client.destroy();
      await roles.close();
    },
  };
}
