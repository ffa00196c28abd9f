import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Failure, GivenManifest, JobRequest, Manifest } from '../../services/core/job.ts';
import { setVersioning } from '../../services/sandbox/bucket.ts';
import {
  csvManifest,
  type DataFile,
  gzipFile,
  type IngestRoom,
  type IngestRoomOptions,
  inventoryManifest,
  manifestBucket,
  openIngestRoom,
  reportBucket,
  seedInventory,
} from '../support/ingest-room.ts';

type Prepare = (room: IngestRoom) => Partial<JobRequest> & { readonly manifest: GivenManifest };

/** What the job fails with; it must be a failure that AWS's fields can hold. */
async function failureOf(prepare: Prepare, options: IngestRoomOptions = {}): Promise<Failure> {
  const room = await openIngestRoom(options);
  room.start();
  await room.submit(prepare(room));
  const verdict = await room.verdict();
  if (verdict.kind !== 'unprepared') throw new Error(`no failure but ${verdict.kind}`);
  expect(verdict.failure.code.length).toBeLessThanOrEqual(64);
  expect(verdict.failure.reason.length).toBeLessThanOrEqual(256);
  expect(room.s3.calls.filter(({ command }) => command === 'PutObject')).toEqual([]);
  return verdict.failure;
}

const csv =
  (
    bytes: Uint8Array | string,
    fields?: Extract<Manifest, { fields: unknown }>['fields'],
  ): Prepare =>
  ({ s3 }) => ({ manifest: csvManifest(s3, bytes, fields) });

const inventory =
  (files: readonly DataFile[], members: Readonly<Record<string, unknown>> = {}): Prepare =>
  ({ s3 }) => ({ manifest: inventoryManifest(s3, 'Bucket, Key, Size', files, members) });

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `"src","k${from + index}","1"\n`).join('');

describe('a bad row of a CSV manifest fails the job with its number', () => {
  test.each([
    ['b,k\nbbb,k\n', 'Row 1 of the manifest has an invalid bucket name: "b".'],
    ['bbb,k\nbbb\n', 'Row 2 of the manifest has 1 column where 2 are due.'],
    ['bbb,k\nbbb,k,v\n', 'Row 2 of the manifest has 3 columns where 2 are due.'],
    ['bbb,k\n\nbbb,k\n', 'Row 2 of the manifest is blank.'],
    ['bbb,k\nbbb,\n', 'Row 2 of the manifest has an empty key.'],
    ['bbb,k%zz\n', 'Row 1 of the manifest has a key that is not URL-encoded: "k%zz".'],
    ['bbb,"k\n', 'Row 1 of the manifest opens a quote that is never closed.'],
    [`bbb,${'k'.repeat(1025)}\n`, 'Row 1 of the manifest has a key of more than 1024 bytes.'],
    [`bbb,k\nbbb,${'k'.repeat(70_000)}`, 'Row 2 of the manifest is longer than 65536 bytes.'],
    [
      'Bucket,Key\nbbb,k\n',
      'Row 1 of the manifest is a header (Bucket, Key); delete it, a manifest has none.',
    ],
    [
      '\uFEFF"bbb",k\n',
      'Row 1 of the manifest starts with a byte order mark; save the file as UTF-8 without one.',
    ],
  ])('%j', async (text, reason) => {
    const code = 'InvalidManifestContent';
    expect(await failureOf(csv(text))).toEqual({ code, reason });
  });

  test('bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('bbb,k\nbbb,'), Buffer.from([0xff, 0x0a])]);
    expect((await failureOf(csv(bytes))).reason).toBe(
      'Row 2 of the manifest holds bytes that are not UTF-8.',
    );
  });

  test('a row that comes after commits', async () => {
    const text = `${'bbb,k\n'.repeat(40)}bbb\n`;
    const limits = { rangeBytes: 30, commitRowsMax: 10 };
    expect((await failureOf(csv(text), { limits })).reason).toContain(
      'Row 41 of the manifest has 1',
    );
  });

  test('a bucket that the rule does not allow', async () => {
    const failure = await failureOf((room) => ({
      ...csv('bbb,k\nccc,k\n')(room),
      bucketsAllowed: ['bbb'],
    }));
    expect(failure.reason).toBe(
      'Row 2 of the manifest names the bucket ccc, which the rule does not allow.',
    );
  });

  test('required fields that are missing', async () => {
    expect(await failureOf(csv('bbb,k\n', ['Bucket', 'Ignore']))).toEqual({
      code: 'InvalidManifestContent',
      reason: 'Required fields are missing in the schema: Key.',
    });
  });
});

describe('a bad data file fails the job with its name', () => {
  const good = gzipFile('data/1.csv.gz', rows(0, 5));
  const second = gzipFile('data/2.csv.gz', rows(5, 5000));
  const whole = Buffer.from(second.bytes);

  test.each([0, 1_000_000])(
    'cut short, as size and MD5 say too (at once up to %i)',
    async (max) => {
      const cut = { ...second, bytes: whole.subarray(0, -20) };
      const { reason } = await failureOf(inventory([good, cut]), {
        limits: { inflateAtOnceBytesMax: max },
      });
      expect(reason).toContain('Data file data/2.csv.gz is damaged: its gzip data ends early');
    },
  );

  test('cut short, where size says otherwise', async () => {
    const cut = { ...second, bytes: whole.subarray(0, -20), said: { size: whole.length } };
    expect((await failureOf(inventory([good, cut]))).reason).toBe(
      `Data file data/2.csv.gz has ${whole.length - 20} bytes, manifest.json says ` +
        `${whole.length}: ` +
        'it is cut short or was replaced. Deliver the inventory again.',
    );
  });

  test.each([0, 1_000_000])(
    'cut exactly at a member border, which only size and MD5 tell (at once up to %i)',
    async (inflateAtOnceBytesMax) => {
      const [one, two] = [gzipSync(rows(0, 5)), gzipSync(rows(5, 9))];
      const { createHash } = await import('node:crypto');
      const MD5checksum = createHash('md5').update(one).update(two).digest('hex');
      const cut = { key: 'data/3.csv.gz', bytes: one, said: { MD5checksum } };
      const { reason } = await failureOf(inventory([good, cut]), {
        limits: { inflateAtOnceBytesMax },
      });
      expect(reason).toContain('The MD5 of data file data/3.csv.gz is ');
      expect(reason).toContain(`manifest.json says ${MD5checksum}`);
    },
  );

  test.each([0, 1_000_000])('garbage behind it (at once up to %i)', async (max) => {
    const limits = { inflateAtOnceBytesMax: max };
    const garbage = { ...good, bytes: Buffer.concat([good.bytes, Buffer.from('garbage')]) };
    expect((await failureOf(inventory([garbage]), { limits })).reason).toContain(
      'Data file data/1.csv.gz is damaged: it is not sound gzip data',
    );
    const zeros = { ...good, bytes: Buffer.concat([good.bytes, Buffer.alloc(9)]) };
    expect((await failureOf(inventory([zeros]), { limits })).reason).toContain(
      'Data file data/1.csv.gz is damaged: bytes that are not gzip data follow its last member',
    );
  });

  test('not there: the first missing one in the order of the manifest is named', async () => {
    const failure = await failureOf((room) => {
      const request = inventory([good, second, gzipFile('data/3.csv.gz', '')])(room);
      for (const key of ['data/2.csv.gz', 'data/3.csv.gz']) {
        room.s3.store.buckets.get(manifestBucket)?.objects.delete(key);
      }
      return request;
    });
    expect(failure.code).toBe('NoSuchKey');
    expect(failure.reason).toContain(
      'Reading data file data/2.csv.gz failed: ' +
        `there is no arn:aws:s3:::${manifestBucket}/data/2.csv.gz, or no bucket ${manifestBucket}`,
    );
  });

  test('forbidden: role, action, object stand in the reason', async () => {
    const failure = await failureOf((room) => {
      room.s3.fail({ key: 'data/2.csv.gz', answer: forbidden });
      return inventory([good, second])(room);
    });
    expect(failure).toEqual({
      code: 'AccessDenied',
      reason:
        'Reading data file data/2.csv.gz is forbidden: AccessDenied. ' +
        'arn:aws:iam::123456789012:role/batch needs s3:GetObject on ' +
        `arn:aws:s3:::${manifestBucket}/data/2.csv.gz`,
    });
  });

  test('inflating to more than is allowed', async () => {
    const { reason } = await failureOf(inventory([good, second]), {
      limits: { inflatedFileBytesMax: 10_000 },
    });
    expect(gunzipSync(whole).length).toBeGreaterThan(10_000);
    expect(reason).toContain('Data file data/2.csv.gz inflates to more than 10000 bytes');
  });

  test.each([
    ['"src","k"\n', 'Row 2 of data file data/2.csv.gz has 2 columns where 3 are due.'],
    ['"src","k","1","x"\n', 'Row 2 of data file data/2.csv.gz has 4 columns where 3 are due.'],
    ['\n"src","k","1"\n', 'Row 2 of data file data/2.csv.gz is blank, and rows follow it.'],
  ])('a bad row: %j', async (row, reason) => {
    const bad = gzipFile('data/2.csv.gz', `"src","k","1"\n${row}`);
    expect(await failureOf(inventory([good, bad]))).toEqual({
      code: 'InvalidManifestContent',
      reason,
    });
  });

  test('a long key of a data file is known by its end', async () => {
    const key = `${'very-long/'.repeat(90)}last.csv.gz`;
    const { reason } = await failureOf(inventory([gzipFile(key, '"src","k"\n')]));
    expect(reason).toMatch(/^Row 1 of data file ….*last\.csv\.gz has 2 columns where 3 are due\.$/);
  });
});

describe('an inventory that cannot be read is refused by what is wrong with it', () => {
  test.each(['ORC', 'Parquet'])('its format is %s', async (fileFormat) => {
    const { code, reason } = await failureOf(inventory([], { fileFormat }));
    expect(code).toBe('InvalidManifestContent');
    expect(reason).toContain(fileFormat);
    expect(reason).toContain('Set the output format of the inventory to CSV.');
  });

  test('its fileSchema lacks a required column', async () => {
    const { reason } = await failureOf(({ s3 }) => ({
      manifest: inventoryManifest(s3, 'Bucket, Size', []),
    }));
    expect(reason).toBe('Required fields are missing in the schema: Key.');
  });

  test('manifest.json is not JSON, not UTF-8, too large, or lists too many files', async () => {
    const text: Prepare = ({ s3 }) => ({ manifest: seedInventory(s3, 'Bucket,Key') });
    expect((await failureOf(text)).reason).toBe('manifest.json is not a JSON object.');
    const latin: Prepare = ({ s3 }) => {
      const manifest = seedInventory(s3, '');
      const { etag } = s3.seed(manifestBucket, 'inventory/manifest.json', Buffer.from([0xff]));
      return { manifest: { ...manifest, location: { ...manifest.location, etag } } };
    };
    expect((await failureOf(latin)).reason).toBe('manifest.json is not UTF-8.');
    const large = { limits: { manifestBytesMax: 10 } };
    expect((await failureOf(inventory([]), large)).reason).toContain('a manifest.json may have 10');
    const many = { limits: { manifestFilesMax: 1 } };
    const files = [gzipFile('1', ''), gzipFile('2', '')];
    expect((await failureOf(inventory(files), many)).reason).toContain(
      'lists 2 files, more than 1',
    );
  });

  test('a rule reads no other bucket than that of the delivery', async () => {
    const failure = await failureOf((room) => ({
      ...inventory([], { destinationBucket: 'arn:aws:s3:::secrets' })(room),
      bucketsAllowed: ['src'],
    }));
    expect(failure.reason).toContain('names secrets as its destination');
  });
});

const forbidden = {
  kind: 'refused',
  status: 403,
  code: 'AccessDenied',
  message: 'Access Denied',
} as const;

describe('a manifest that cannot be opened', () => {
  test('is forbidden, in the words of AWS', async () => {
    const failure = await failureOf((room) => {
      const request = csv('bbb,k\n')(room);
      room.s3.fail({ key: 'list.csv', answer: forbidden });
      return request;
    });
    expect(failure).toEqual({
      code: 'AccessDenied',
      reason:
        'Reading the manifest is forbidden: AccessDenied. arn:aws:iam::123456789012:role/batch ' +
        `needs s3:GetObject on arn:aws:s3:::${manifestBucket}/list.csv`,
    });
  });

  test('has a HEAD without a body: the reason is asked by a GET', async () => {
    const failure = await failureOf((room) => {
      const request = csv('bbb,k\n')(room);
      room.s3.fail({ command: 'HeadObject', answer: { ...forbidden, code: 'Forbidden' } });
      const answer = { ...forbidden, code: 'ExpiredToken' };
      room.s3.fail({ command: 'GetObject', answer });
      return request;
    });
    expect(failure.code).toBe('ExpiredToken');
    expect(failure.reason).toContain('Check the credentials configured for arn:aws:iam::123456789');
  });

  test('is not there', async () => {
    const failure = await failureOf((room) => {
      const { manifest } = csv('')(room);
      const objectArn = 'arn:aws:s3:::manifests/none.csv';
      return { manifest: { ...manifest, location: { ...manifest.location, objectArn } } };
    });
    expect(failure).toEqual({
      code: 'NoSuchKey',
      reason:
        'Reading the manifest failed: there is no arn:aws:s3:::manifests/none.csv, or no bucket ' +
        'manifests (NoSuchKey). Check bucket, key and version.',
    });
  });

  test('lies in a bucket that does not exist, and a read says so', async () => {
    const failure = await failureOf((room) => {
      const request = csv('bbb,k\n')(room);
      const answer = { kind: 'refused', status: 404, code: 'NoSuchBucket', message: '' } as const;
      room.s3.fail({ command: 'GetObject', answer });
      return request;
    });
    expect(failure).toEqual({
      code: 'NoSuchBucket',
      reason:
        'Reading the manifest failed: there is no bucket manifests (NoSuchBucket). ' +
        'Check bucket, key and version.',
    });
  });

  test('has another ETag than the client named', async () => {
    const failure = await failureOf((room) => {
      const request = csv('bbb,k\n')(room);
      csvManifest(room.s3, 'bbb,other\n');
      return request;
    });
    expect(failure.code).toBe('InvalidManifestContent');
    expect(failure.reason).toMatch(
      /^The manifest's ETag is [0-9a-f]{32}, the job names [0-9a-f]{32}/,
    );
  });

  test('changes while it is read', async () => {
    const text = 'bbb,k\n'.repeat(100);
    const room = await openIngestRoom({ limits: { rangeBytes: 60, rangesAhead: 1 } });
    let reads = 0;
    room.start({
      step: async (label) => {
        if (label !== 's3 read before') return;
        reads += 1;
        if (reads === 3) csvManifest(room.s3, 'bbb,other\n');
      },
    });
    await room.submit(csv(text)(room));
    const verdict = await room.verdict();
    expect(verdict).toMatchObject({
      kind: 'unprepared',
      failure: { code: 'InvalidManifestContent' },
    });
    expect(JSON.stringify(verdict)).toContain('list.csv changed while it was read');
  });

  test('is named in a version, which stays what it is', async () => {
    const room = await openIngestRoom();
    setVersioning(room.s3.store, manifestBucket, 'Enabled');
    const first = room.s3.seed(manifestBucket, 'list.csv', 'bbb,first\n');
    room.s3.seed(manifestBucket, 'list.csv', 'bbb,second\n');
    room.start();
    await room.submit({
      manifest: {
        format: 'S3BatchOperations_CSV_20180820',
        fields: ['Bucket', 'Key'],
        location: {
          objectArn: `arn:aws:s3:::${manifestBucket}/list.csv`,
          objectVersionId: first.versionId,
          etag: first.etag,
        },
      },
    });
    await room.verdict();
    expect(await room.rows()).toEqual([['bbb', 'first', null]]);
  });
});

test('a role that is not configured is named, with the setting that configures it', async () => {
  expect(await failureOf(csv('bbb,k\n'), { isRole: () => false })).toEqual({
    code: 'AssumeRoleNotPermitted',
    reason:
      'The role arn:aws:iam::123456789012:role/batch is not configured in this installation. ' +
      'Add it to the file named by S3BATCH_ROLES.',
  });
});

function reportTo(bucket: string): Partial<JobRequest> {
  const bucketArn = `arn:aws:s3:::${bucket}`;
  const scope = 'AllTasks';
  return { report: { enabled: true, bucketArn, prefix: null, scope, expectedBucketOwner: null } };
}

test('a report that cannot be written fails the job before any work', async () => {
  const room = await openIngestRoom();
  room.s3.fail({ bucket: reportBucket, command: 'PutObject', answer: forbidden });
  room.start();
  await room.submit({ ...csv('bbb,k\n')(room), ...reportTo(reportBucket) });
  const verdict = await room.verdict();
  expect(verdict).toMatchObject({ kind: 'unprepared', failure: { code: 'AccessDenied' } });
  expect(JSON.stringify(verdict)).toContain(
    'The job report could not be written to your report bucket. Please check your permissions. ' +
      'AccessDenied: arn:aws:iam::123456789012:role/batch needs s3:PutObject on ' +
      'arn:aws:s3:::reports/',
  );
});

test('a report bucket that does not exist is to be created, or another to be named', async () => {
  const room = await openIngestRoom();
  room.start();
  await room.submit({ ...csv('bbb,k\n')(room), ...reportTo('no-such-reports') });
  expect(await room.verdict()).toMatchObject({
    kind: 'unprepared',
    failure: {
      code: 'NoSuchBucket',
      reason:
        'The job report could not be written to your report bucket. NoSuchBucket: there is no ' +
        'bucket no-such-reports. Create it, or name another in a new job.',
    },
  });
});

describe('trouble of the world', () => {
  const busy = { kind: 'refused', status: 503, code: 'SlowDown', message: 'slow down' } as const;
  const away = { kind: 'unreachable', message: 'connect ECONNREFUSED' } as const;

  test.each([busy, away])('is waited out: $kind', async (answer) => {
    const room = await openIngestRoom();
    room.s3.fail({ times: 20, answer });
    room.start();
    await room.submit(csv('bbb,k\n')(room));
    expect(await room.clock.run(room.verdict())).toMatchObject({ kind: 'prepared', total: 1 });
    expect(room.clock.monotonicMs()).toBeGreaterThan(100_000);
  });

  test.each([
    [busy, 'SlowDown', 'memory: answered 503 SlowDown to HEAD arn:aws:s3:::manifests/list.csv'],
    [away, 'ServiceUnavailable', 'memory: did not answer HEAD arn:aws:s3:::manifests/list.csv'],
  ])('fails the job after five minutes in a row: $kind', async (answer, code, reason) => {
    const room = await openIngestRoom();
    room.s3.fail({ answer });
    room.start();
    await room.submit(csv('bbb,k\n')(room));
    const verdict = await room.clock.run(room.verdict());
    expect(verdict).toMatchObject({ kind: 'unprepared', failure: { code } });
    expect(JSON.stringify(verdict)).toContain(reason);
    expect(room.clock.monotonicMs()).toBeGreaterThan(280_000);
    expect(room.clock.monotonicMs()).toBeLessThanOrEqual(300_000);
  });

  test.each(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken'])(
    'is no reason to wait where it is the credentials: %s',
    async (code) => {
      const room = await openIngestRoom();
      room.s3.fail({ answer: { ...forbidden, code } });
      room.start();
      await room.submit(csv('bbb,k\n')(room));
      expect(await room.verdict()).toMatchObject({ kind: 'unprepared', failure: { code } });
      expect(room.clock.monotonicMs()).toBe(0);
    },
  );
});

test('a manifest that must be generated first, which only a newer coordinator asks for', async () => {
  const room = await openIngestRoom();
  room.start();
  const generator = { SourceBucket: 'arn:aws:s3:::photos', EnableManifestOutput: false };
  await room.submit({ manifest: { format: 'generated', generator } });
  expect(await room.verdict()).toMatchObject({
    kind: 'unprepared',
    failure: { code: 'NotImplemented', reason: expect.stringContaining('ManifestGenerator') },
  });
});
