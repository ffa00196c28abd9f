import { describe, expect, test } from 'vitest';
import { parseEvent } from '../../../services/control/rules/parse-event.ts';

function event(eventName: string, key: string, bucket = 'drops') {
  return { eventName, s3: { bucket: { name: bucket }, object: { key } } };
}

describe('an S3 event document', () => {
  test('names the objects that were created, with their keys decoded', () => {
    const body = {
      Records: [
        event('ObjectCreated:Put', 'red+flower%2B%C3%A9.jpg'),
        event('s3:ObjectCreated:CompleteMultipartUpload', 'a/b'),
        event('ObjectRemoved:Delete', 'gone'),
        event('ObjectCreated:Put', '%zz'),
        { eventName: 7 },
      ],
    };
    expect(parseEvent(JSON.stringify(body))).toEqual({
      kind: 'created',
      objects: [
        { bucket: 'drops', key: 'red flower+é.jpg' },
        { bucket: 'drops', key: 'a/b' },
      ],
      others: 3,
    });
  });

  test('of more than 1,000 records is refused, and none of them is looked at', () => {
    const full = `{"Records":[${Array.from({ length: 1_000 }, () => '{}').join(',')}]}`;
    expect(parseEvent(full)).toMatchObject({ kind: 'created', others: 1_000 });
    const answer = parseEvent(full.replace('[', '[{},'));
    expect(answer.kind === 'refused' ? answer.message : '').toContain('more than 1000 Records');
  });

  test('of the kind that S3 sends as a test is ignored', () => {
    const body = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' };
    expect(parseEvent(JSON.stringify(body))).toEqual({ kind: 'created', objects: [], others: 1 });
  });

  const refused = [
    ['{', 'not JSON'],
    ['{}', 'no Records'],
    ['[]', 'no Records'],
    ['{"Type":"Notification","TopicArn":"t","Message":"{}"}', 'inside SNS messages'],
    ['{"detail-type":"Object Created","source":"aws.s3","detail":{}}', 'EventBridge'],
  ] as const;
  test.each(refused)('%s is refused, and the reason says what is wrong', (body, why) => {
    const answer = parseEvent(body);
    expect(answer.kind === 'refused' ? answer.message : '').toContain(why);
  });
});
