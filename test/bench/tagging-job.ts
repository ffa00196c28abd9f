// The job that the benchmarks of the corridor run: one tag on every object of a manifest, a report
// of all tasks.

export const key = { accessKeyId: 'bench', secretAccessKey: 'bench-secret-key' };
export const region = 'us-east-1';
export const accountId = '123456789012';
export const terminal = new Set(['Complete', 'Failed', 'Cancelled']);

export function taggingJobXml(etag: string): string {
  return (
    '<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">' +
    '<ConfirmationRequired>false</ConfirmationRequired><Operation><S3PutObjectTagging><TagSet>' +
    '<member><Key>project</Key><Value>blue</Value></member>' +
    '</TagSet></S3PutObjectTagging></Operation><Report><Bucket>arn:aws:s3:::reports</Bucket>' +
    '<Format>Report_CSV_20180820</Format><Enabled>true</Enabled><ReportScope>AllTasks' +
    '</ReportScope></Report><ClientRequestToken>bench</ClientRequestToken><Manifest><Spec>' +
    '<Format>S3BatchOperations_CSV_20180820</Format><Fields><member>Bucket</member>' +
    '<member>Key</member></Fields></Spec><Location><ObjectArn>arn:aws:s3:::manifests/m.csv' +
    `</ObjectArn><ETag>${etag}</ETag></Location></Manifest><Priority>1</Priority>` +
    `<RoleArn>arn:aws:iam::${accountId}:role/bench</RoleArn></CreateJobRequest>`
  );
}
