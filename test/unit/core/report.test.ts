import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  openRange,
  type PartPlace,
  partKey,
  partName,
  type ReportPart,
  reportFolder,
  reportManifest,
  reportManifestKey,
} from '../../../services/core/report.ts';
import { reportLine, reportLineBytes } from '../../../services/core/report-line.ts';
import type { TaskResult } from '../../../services/core/task.ts';
import { text } from '../../support/arbitrary-records.ts';

const result: TaskResult = {
  ordinal: 0,
  bucket: 'linz-topographic-archive',
  reportedKey: 'pfouquet/sub/directory/AS21.tiff.zst',
  versionId: '886twyul.uJ3wIF3zzQG8196hf_SOCCW',
  status: 'succeeded',
  httpStatus: 200,
  errorCode: '',
  message: 'Successful',
  attempts: 1,
  startedMs: 0,
  endedMs: 1,
  requestId: 'r',
};

describe('a line of the report', () => {
  test('equals what AWS wrote', () => {
    expect(reportLine(result)).toBe(
      'linz-topographic-archive,pfouquet/sub/directory/AS21.tiff.zst,' +
        '886twyul.uJ3wIF3zzQG8196hf_SOCCW,succeeded,200,,Successful\r\n',
    );
    const message =
      'Lambda returned function error: {"errorMessage":"2019-04-05T17:35:21.155Z ' +
      '2845ca0d-38d9-4c4b-abcf-379dc749c452 Task timed out after 3.00 seconds"}';
    const failed = {
      ...result,
      bucket: 'awsexamplebucket1',
      reportedKey: 'image_14975',
      versionId: '',
      status: 'failed',
      errorCode: 'PermanentFailure',
      message,
    } as const;
    expect(reportLine(failed)).toBe(
      'awsexamplebucket1,image_14975,,failed,200,PermanentFailure,' +
        '"Lambda returned function error: {""errorMessage"":""2019-04-05T17:35:21.155Z ' +
        '2845ca0d-38d9-4c4b-abcf-379dc749c452 Task timed out after 3.00 seconds""}"\r\n',
    );
  });

  test('is read back by any reader of CSV, and its bytes are counted', () => {
    const texts = {
      bucket: text,
      reportedKey: text,
      versionId: text,
      errorCode: text,
      message: text,
    };
    fc.assert(
      fc.property(fc.record(texts), (fields) => {
        const line = reportLine({ ...result, ...fields });
        expect(parse(line, { record_delimiter: '\r\n' })).toEqual([
          [
            fields.bucket,
            fields.reportedKey,
            fields.versionId,
            'succeeded',
            '200',
            fields.errorCode,
            fields.message,
          ],
        ]);
        expect(reportLineBytes({ ...result, ...fields })).toBe(Buffer.byteLength(line));
      }),
    );
  });
});

describe('the cut of a range', () => {
  const frozen = { partRowsMax: 10, partBytesMax: 500, lineVersion: 1 } as const;

  test('stands at the row that reaches either limit, over both statuses', () => {
    const range = openRange(frozen);
    for (let row = 1; row < 10; row += 1) {
      expect(range.add(row % 2 === 0 ? 'failed' : 'succeeded', 10)).toBe(false);
    }
    expect(range.add('failed', 10)).toBe(true);
    expect(range).toMatchObject({ succeeded: 5, failed: 5, bytes: 100 });
    const wide = openRange(frozen);
    expect([wide.add('succeeded', 499), wide.add('failed', 1)]).toEqual([false, true]);
  });

  test('is a function of the rows alone, and the ranges add up to all of them', () => {
    const rows = fc.array(
      fc.record({ failed: fc.boolean(), bytes: fc.integer({ min: 1, max: 200 }) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(rows, (list) => {
        const sums = { succeeded: 0, failed: 0, bytes: 0 };
        let range = openRange(frozen);
        const close = () => {
          sums.succeeded += range.succeeded;
          sums.failed += range.failed;
          sums.bytes += range.bytes;
          range = openRange(frozen);
        };
        for (const { failed, bytes } of list) {
          if (!range.add(failed ? 'failed' : 'succeeded', bytes)) continue;
          expect(range.succeeded + range.failed).toBeLessThanOrEqual(10);
          expect(range.succeeded + range.failed === 10 || range.bytes >= 500).toBe(true);
          close();
        }
        close();
        const failed = list.filter((row) => row.failed).length;
        const bytes = list.reduce((sum, row) => sum + row.bytes, 0);
        expect(sums).toEqual({ succeeded: list.length - failed, failed, bytes });
      }),
    );
  });
});

describe('names', () => {
  const hash = (input: string) => createHash('sha256').update(input).digest('hex');
  const place: PartPlace = {
    jobId: 'j',
    partition: 1,
    firstOffset: 7n,
    firstOrdinal: 300,
    status: 'failed',
  };

  test('a part has 40 hex digits, other ones with any other place', () => {
    const places: PartPlace[] = [
      place,
      { ...place, jobId: 'k' },
      { ...place, partition: 2 },
      { ...place, firstOffset: 8n },
      { ...place, firstOrdinal: 301 },
      { ...place, status: 'succeeded' },
    ];
    const names = places.map((each) => partName(hash, each));
    expect(new Set(names).size).toBe(places.length);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{40}$/);
    expect(partName(hash, place)).toBe(names[0]);
    expect(() => partName(() => 'abc', place)).toThrow('too short');
  });

  test.each([
    [null, 'job-j'],
    ['', 'job-j'],
    ['reports', 'reports/job-j'],
    ['reports/', 'reports/job-j'],
    ['a//', 'a//job-j'],
  ])('with the prefix %j the report stands in %s', (prefix, folder) => {
    expect(reportFolder(prefix, 'j')).toBe(folder);
    expect(partKey(prefix, 'j', 'ab')).toBe(`${folder}/results/ab.csv`);
    expect(reportManifestKey(prefix, 'j')).toBe(`${folder}/manifest.json`);
  });
});

describe('manifest.json', () => {
  const part = (status: 'succeeded' | 'failed', partition: number, key: string): ReportPart => ({
    kind: 'part',
    status,
    partition,
    key,
    md5: `md5-${key}`,
    rows: 1,
    bytes: 1,
  });

  test('has the members of AWS in their order', () => {
    const parts = [part('failed', 0, 'f'), part('succeeded', 0, 's')];
    expect(reportManifest('bucket', Date.UTC(2026, 0, 24, 1, 26, 27, 366), parts)).toBe(
      '{"Format":"Report_CSV_20180820",' +
        '"ReportCreationDate":"2026-01-24T01:26:27.366000000Z","Results":[' +
        '{"TaskExecutionStatus":"succeeded","Bucket":"bucket","MD5Checksum":"md5-s","Key":"s"},' +
        '{"TaskExecutionStatus":"failed","Bucket":"bucket","MD5Checksum":"md5-f","Key":"f"}],' +
        '"ReportSchema":"Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"}',
    );
  });

  test('lists parts by status, partition and place in the log, however partitions interleave', () => {
    const lanes = [0, 1, 2].map((partition) =>
      ['a', 'b', 'c'].flatMap((key) => [
        part('succeeded', partition, `${partition}${key}s`),
        part('failed', partition, `${partition}${key}f`),
      ]),
    );
    const together = reportManifest('b', 0, lanes.flat());
    const turns = Array.from({ length: 6 }, (_, at) =>
      lanes.flatMap((lane) => lane.slice(at, at + 1)),
    );
    expect(reportManifest('b', 0, turns.flat())).toBe(together);
    expect(JSON.parse(together).Results.map(({ Key }: { readonly Key: string }) => Key)).toEqual(
      ['s', 'f'].flatMap((status) =>
        [0, 1, 2].flatMap((lane) => ['a', 'b', 'c'].map((key) => `${lane}${key}${status}`)),
      ),
    );
  });
});
