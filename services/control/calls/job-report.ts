// The report settings of a CreateJob request to the stored ones, and back. With Enabled true,
// bucket, format and scope are demanded (User Guide, "Creating a job"); a prefix is not.
import { isBucketArn } from '../../core/arn.ts';
import type { ReportSettings } from '../../core/job.ts';
import type { ValueOf } from '../wire/shape.ts';
import type { jobReport } from '../wire/shapes.ts';

type WireReport = ValueOf<typeof jobReport>;

export type ReportAnswer =
  | { readonly kind: 'report'; readonly report: ReportSettings }
  | { readonly kind: 'problem'; readonly message: string };

export function reportOf(wire: WireReport): ReportAnswer {
  if (!wire.Enabled) return { kind: 'report', report: { enabled: false } };
  const { Bucket: bucketArn, Format: format, ReportScope: scope } = wire;
  if (bucketArn === undefined || format === undefined || scope === undefined) {
    const missing = Object.entries({ Bucket: bucketArn, Format: format, ReportScope: scope })
      .filter(([, value]) => value === undefined)
      .map(([name]) => `Report.${name}`);
    return problem(`${missing.join(', ')} must be given when Report.Enabled is true.`);
  }
  if (!isBucketArn(bucketArn)) {
    return problem('Report.Bucket must be the ARN of a bucket, such as arn:aws:s3:::reports.');
  }
  return {
    kind: 'report',
    report: {
      enabled: true,
      bucketArn,
      prefix: wire.Prefix ?? null,
      scope,
      expectedBucketOwner: wire.ExpectedBucketOwner ?? null,
    },
  };
}

function problem(message: string): ReportAnswer {
  return { kind: 'problem', message };
}

export function wireReport(report: ReportSettings): WireReport {
  if (!report.enabled) return { Enabled: false };
  const { bucketArn, prefix, scope, expectedBucketOwner } = report;
  return {
    Bucket: bucketArn,
    Format: 'Report_CSV_20180820',
    Enabled: true,
    ...(prefix === null ? {} : { Prefix: prefix }),
    ReportScope: scope,
    ...(expectedBucketOwner === null ? {} : { ExpectedBucketOwner: expectedBucketOwner }),
  };
}
