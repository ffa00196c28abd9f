// The contract of the Publisher port. Both adapters run it: the local one, and the AWS one against our
// own topics over HTTP. Delivery is real: a subscriber on loopback gets what was published.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAwsPublisher } from '../../../services/adapters/sns/aws.ts';
import type { Publisher } from '../../../services/core/notify.ts';
import { accountId, region } from '../../support/control-front.ts';
import { forever } from '../../support/coordinator-world.ts';
import { isSignedBy, type SnsBody } from '../../support/sns-verifier.ts';
import { openSubscriber } from '../../support/subscriber.ts';
import { openTopicWorld, type TopicWorld } from '../../support/topic-world.ts';

const caller = { accountId, accessKeyId: 'AK' };
const attributes = [
  { name: 'status', value: 'Complete' },
  { name: 'jobId', value: 'job-1' },
];

const adapters: readonly {
  readonly name: string;
  readonly open: (world: TopicWorld) => {
    readonly publisher: Publisher;
    readonly close: () => void;
  };
}[] = [
  {
    name: 'local',
    open: (world) => ({ publisher: world.localPublisher, close: () => undefined }),
  },
  {
    name: 'aws',
    open: ({ url, credentials }) => {
      const publisher = openAwsPublisher({
        region,
        endpoint: url,
        credentials: { ...credentials, sessionToken: null },
      });
      return { publisher, close: () => publisher.close() };
    },
  },
];

describe.each(adapters)('the $name publisher', ({ name, open }) => {
  let world: TopicWorld;
  let publisher: Publisher;
  let close: () => void;
  const topicArn = `arn:aws:sns:${region}:${accountId}:${name}-topic`;

  beforeAll(async () => {
    world = await openTopicWorld();
    const opened = open(world);
    publisher = opened.publisher;
    close = opened.close;
    await world.service.handle('CreateTopic', { Name: `${name}-topic` }, caller, forever);
  });

  afterAll(async () => {
    close();
    await world[Symbol.asyncDispose]();
  });

  test('delivers message, subject and attributes, signed, under the id that it answered', async () => {
    await using subscriber = await openSubscriber();
    const parameters = { TopicArn: topicArn, Protocol: 'http', Endpoint: subscriber.url };
    await world.service.handle('Subscribe', parameters, caller, forever);
    await subscriber.until((arrivals) => arrivals.length >= 1);
    const confirmation: SnsBody = JSON.parse(subscriber.arrivals[0]?.text ?? '');
    expect(confirmation.Type).toBe('SubscriptionConfirmation');
    const confirmed = await fetch(confirmation.SubscribeURL ?? '');
    expect(confirmed.status).toBe(200);

    const message = 'grüße\n"quoted" <b>&\u0007';
    const answer = await publisher.publish(topicArn, 'subject', message, attributes, forever);
    await subscriber.until((arrivals) => arrivals.length >= 2);
    const arrival = subscriber.arrivals[1];
    const body: SnsBody = JSON.parse(arrival?.text ?? '');
    expect(answer).toEqual({ kind: 'published', messageId: body.MessageId });
    expect(body).toMatchObject({ Type: 'Notification', Message: message, Subject: 'subject' });
    expect(body.MessageAttributes).toEqual({
      status: { Type: 'String', Value: 'Complete' },
      jobId: { Type: 'String', Value: 'job-1' },
    });
    expect(arrival?.headers['x-amz-sns-message-type']).toBe('Notification');
    expect(arrival?.headers['x-amz-sns-message-id']).toBe(body.MessageId);
    const certificate = await (await fetch(body.SigningCertURL)).text();
    expect(isSignedBy(body, certificate)).toBe(true);
    expect(isSignedBy(confirmation, certificate)).toBe(true);
  });

  test('is refused for a topic that does not exist', async () => {
    const answer = await publisher.publish(`${topicArn}-not`, 's', 'm', attributes, forever);
    expect(answer.kind).toBe('refused');
    expect(answer.kind === 'refused' ? answer.code : '').toMatch(/^NotFound/);
  });

  test('is refused for a message that is too long', async () => {
    const answer = await publisher.publish(topicArn, 's', 'x'.repeat(262_145), [], forever);
    expect(answer.kind).toBe('refused');
  });
});

test('the aws publisher is unavailable, not refused, where nobody answers', async () => {
  const publisher = openAwsPublisher({
    region,
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null },
  });
  const topicArn = `arn:aws:sns:${region}:${accountId}:x`;
  const answer = await publisher.publish(topicArn, 's', 'm', [], forever);
  expect(answer.kind).toBe('unavailable');
  publisher.close();
});
