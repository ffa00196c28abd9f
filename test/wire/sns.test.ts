// Local topics through the real clients, unchanged: the AWS CLI and boto3 against control over TCP.
// Absent: skipped loudly; with CI=true a failure.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, hasBoto3, hasCli, python } from '../support/clients.ts';
import { accountId, region } from '../support/control-front.ts';
import type { SnsBody } from '../support/sns-verifier.ts';
import { openSubscriber } from '../support/subscriber.ts';
import { openTopicWorld, type TopicWorld } from '../support/topic-world.ts';

const run = promisify(execFile);
let world: TopicWorld;
let home: string;
beforeAll(async () => {
  world = await openTopicWorld();
  home = mkdtempSync(join(tmpdir(), 's3batch-sns-'));
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await world[Symbol.asyncDispose]();
});

function environment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    AWS_ACCESS_KEY_ID: world.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: world.credentials.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_MAX_ATTEMPTS: '1',
  };
}

async function sns(...options: readonly string[]) {
  const all = ['sns', ...options, '--endpoint-url', world.url, '--output', 'json'];
  const { stdout } = await run(awsCli, all, { env: environment() });
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}

test.runIf(hasCli)(
  'the AWS CLI creates, subscribes, confirms, publishes, lists and ends',
  async () => {
    await using subscriber = await openSubscriber();
    const { TopicArn: arn } = await sns('create-topic', '--name', 'cli');
    expect(arn).toBe(`arn:aws:sns:${region}:${accountId}:cli`);
    const where = ['--protocol', 'http', '--notification-endpoint', subscriber.url];
    const subscribed = await sns('subscribe', '--topic-arn', arn, ...where);
    expect(subscribed).toEqual({ SubscriptionArn: 'pending confirmation' });
    await subscriber.until((arrivals) => arrivals.length >= 1);
    const { Token: token = '' }: SnsBody = JSON.parse(subscriber.arrivals[0]?.text ?? '');
    const confirmed = await sns('confirm-subscription', '--topic-arn', arn, '--token', token);
    expect(confirmed.SubscriptionArn).toContain(`${arn}:`);

    const attribute = '{"colour":{"DataType":"String","StringValue":"a+b c&d"}}';
    const content = [
      '--message',
      'x=1&y=ü +',
      '--subject',
      'hi',
      '--message-attributes',
      attribute,
    ];
    const published = await sns('publish', '--topic-arn', arn, ...content);
    await subscriber.until((arrivals) => arrivals.length >= 2);
    const body: SnsBody = JSON.parse(subscriber.arrivals[1]?.text ?? '');
    expect(body).toMatchObject({ MessageId: published.MessageId, Message: 'x=1&y=ü +' });
    expect(body.MessageAttributes).toEqual({ colour: { Type: 'String', Value: 'a+b c&d' } });

    expect((await sns('list-topics')).Topics).toContainEqual({ TopicArn: arn });
    const listed = await sns('list-subscriptions-by-topic', '--topic-arn', arn);
    expect(listed.Subscriptions).toEqual([
      {
        SubscriptionArn: confirmed.SubscriptionArn,
        Owner: accountId,
        Protocol: 'http',
        Endpoint: subscriber.url,
        TopicArn: arn,
      },
    ]);
    const { Attributes: attributes } = await sns('get-topic-attributes', '--topic-arn', arn);
    expect(attributes).toMatchObject({ TopicArn: arn, SubscriptionsConfirmed: '1' });
    await sns('unsubscribe', '--subscription-arn', confirmed.SubscriptionArn);
    await sns('delete-topic', '--topic-arn', arn);
    await expect(sns('get-topic-attributes', '--topic-arn', arn)).rejects.toThrow(/NotFound/);
  },
);

const script = `
import boto3, json, sys
sns = boto3.client('sns', endpoint_url=sys.argv[1])
arn = sns.create_topic(Name='boto', Attributes={'SignatureVersion': '2'})['TopicArn']
out = {'version': sns.get_topic_attributes(TopicArn=arn)['Attributes']['SignatureVersion']}
def caught(call):
    try:
        call()
    except sns.exceptions.ClientError as error:
        return type(error).__name__
out['missing'] = caught(lambda: sns.publish(TopicArn=arn + 'x', Message='m'))
out['private'] = caught(lambda: sns.subscribe(
    TopicArn=arn, Protocol='http', Endpoint='http://169.254.169.254/latest/meta-data/'))
out['foreign'] = caught(lambda: sns.publish(
    TopicArn=arn.replace('123456789012', '111122223333'), Message='m'))
out['id'] = sns.publish(TopicArn=arn, Message='{"default": "d"}', MessageStructure='json')['MessageId']
out['topics'] = [t['TopicArn'] for p in sns.get_paginator('list_topics').paginate() for t in p['Topics']]
print(json.dumps(out))
`;

test.runIf(hasBoto3)(
  'boto3 reads attributes and lists, and raises its own exceptions',
  async () => {
    const { stdout } = await run(python, ['-c', script, world.url], { env: environment() });
    expect(JSON.parse(stdout)).toMatchObject({
      version: '2',
      missing: 'NotFoundException',
      private: 'InvalidParameterException',
      foreign: 'AuthorizationErrorException',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      topics: [`arn:aws:sns:${region}:${accountId}:boto`],
    });
  },
);
