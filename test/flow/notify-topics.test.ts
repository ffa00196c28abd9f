// Local topics on the memory log: subscribing, confirming, delivering. A virtual clock where time
// matters; a recording sender in place of HTTP.
import { describe, expect, test } from 'vitest';
import { type MemoryConnectOptions, openMemoryLog } from '../../services/adapters/log/memory.ts';
import { openAddressRules } from '../../services/adapters/sns/local/address.ts';
import { runDeliveries } from '../../services/adapters/sns/local/deliver.ts';
import type { ResolvedAddress } from '../../services/adapters/sns/local/endpoint.ts';
import type { Post, PostAnswer } from '../../services/adapters/sns/local/sender.ts';
import { openTopicService } from '../../services/adapters/sns/local/service.ts';
import { controlTopics } from '../../services/core/names.ts';
import type { TopicService } from '../../services/core/notify.ts';
import { forever } from '../support/coordinator-world.ts';
import { manualClock } from '../support/manual-clock.ts';
import { isSignedBy, type SnsBody } from '../support/sns-verifier.ts';

const caller = { accountId: '123456789012', accessKeyId: 'AK' };
const other = { accountId: '111122223333', accessKeyId: 'OTHER' };
const topicArn = 'arn:aws:sns:us-east-1:123456789012:done';
const outside: ResolvedAddress = { address: '93.184.216.34', family: 4 };
const baseUrl = 'http://control.example:8340';

type AnswerPost = (post: Post, count: number) => PostAnswer;

async function scene(answer: AnswerPost = () => ({ kind: 'answered', status: 200 })) {
  const clock = manualClock();
  const memory = openMemoryLog();
  const hand = memory.connect();
  await hand.spaces.create('control', controlTopics);
  const posts: Post[] = [];
  const lines: string[] = [];
  const note = (_fields: unknown, message?: string) => void lines.push(message ?? '');
  const addresses = new Map<string, ResolvedAddress>();
  const resolve = async (host: string) => [addresses.get(host) ?? outside];
  const shared = { clock, rules: openAddressRules([]), resolve };
  const service = await openTopicService(
    { ...shared, log: hand.log, region: 'us-east-1' },
    forever,
  );
  function deliver(connect: MemoryConnectOptions = {}) {
    const handle = memory.connect(connect);
    const stop = new AbortController();
    const ended = runDeliveries(
      {
        ...shared,
        log: handle.log,
        random: () => 0,
        send: async (post) => {
          posts.push(post);
          return answer(post, posts.length);
        },
        baseUrl: () => baseUrl,
        logger: { info: note, warn: note, error: note },
      },
      stop.signal,
    );
    ended.catch(() => undefined);
    return { handle, ended, stop: () => stop.abort() };
  }
  return { clock, memory, service, posts, lines, addresses, deliver };
}

async function call(
  service: TopicService,
  action: string,
  parameters: Readonly<Record<string, string>>,
  by = caller,
) {
  const { status, body } = await service.handle(action, parameters, by, forever);
  return { status, body, code: /<Code>(\w+)</.exec(body)?.[1] ?? '' };
}

async function subscribe(service: TopicService, endpoint: string) {
  await call(service, 'CreateTopic', { Name: 'done' });
  const parameters = { TopicArn: topicArn, Protocol: 'http', Endpoint: endpoint };
  return call(service, 'Subscribe', parameters);
}

function bodyOf(post: Post | undefined): SnsBody {
  return JSON.parse(post?.body ?? '{}');
}

/** Visits the link of the confirmation, as a subscriber does. */
async function visit(service: TopicService, link: string | undefined) {
  const url = new URL(link ?? '');
  return service.get(url.pathname, Object.fromEntries(url.searchParams), forever);
}

async function publish(service: TopicService, message: string) {
  return call(service, 'Publish', { TopicArn: topicArn, Message: message, Subject: 'news' });
}

describe('a local topic', () => {
  test('sends a confirmation first, nothing else before it is confirmed, then signed notifications', async () => {
    const { clock, service, posts, deliver } = await scene();
    deliver();
    const subscribed = await subscribe(service, 'http://hooks.example/a');
    expect(subscribed.body).toContain('<SubscriptionArn>pending confirmation</SubscriptionArn>');
    await publish(service, 'too early');
    await clock.advance(10_000);
    expect(posts).toHaveLength(1);
    const confirmation = bodyOf(posts[0]);
    expect(posts[0]?.headers).toMatchObject({
      'x-amz-sns-message-type': 'SubscriptionConfirmation',
      'x-amz-sns-topic-arn': topicArn,
      'Content-Type': 'text/plain; charset=UTF-8',
    });
    expect(posts[0]?.address).toEqual(outside);
    const confirmed = await visit(service, confirmation.SubscribeURL);
    expect(confirmed?.body).toContain(`<SubscriptionArn>${topicArn}:`);
    await publish(service, 'hello');
    await clock.advance(10_000);
    expect(posts).toHaveLength(2);
    const notification = bodyOf(posts[1]);
    expect(notification).toMatchObject({ Type: 'Notification', Message: 'hello', Subject: 'news' });
    expect(posts[1]?.headers['x-amz-sns-subscription-arn']).toContain(`${topicArn}:`);
    const certificate = await visit(service, notification.SigningCertURL);
    for (const version of ['1', '2']) {
      await call(service, 'SetTopicAttributes', {
        TopicArn: topicArn,
        AttributeName: 'SignatureVersion',
        AttributeValue: version,
      });
      await publish(service, `signed by version ${version}`);
      await clock.advance(10_000);
      const body = bodyOf(posts.at(-1));
      expect(body.SignatureVersion).toBe(version);
      expect(isSignedBy(body, certificate?.body ?? '')).toBe(true);
      expect(isSignedBy({ ...body, Message: 'forged' }, certificate?.body ?? '')).toBe(false);
    }
    expect(isSignedBy(confirmation, certificate?.body ?? '')).toBe(true);
    await visit(service, notification.UnsubscribeURL);
    await publish(service, 'gone');
    await clock.advance(10_000);
    expect(posts).toHaveLength(4);
  });

  test('tries again with the same MessageId, three times soon, then later, then gives up', async () => {
    const tried: number[] = [];
    const { clock, service, posts, lines, deliver } = await scene((post) => {
      if (!post.body.includes('"Notification"')) return { kind: 'answered', status: 200 };
      tried.push(clock.monotonicMs());
      return { kind: 'answered', status: 503 };
    });
    deliver();
    await subscribe(service, 'http://hooks.example/a');
    await clock.advance(1_000);
    await visit(service, bodyOf(posts[0]).SubscribeURL);
    await publish(service, 'hello');
    await clock.advance(2 * 3_600_000);
    const pauses = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([1_000, 1_000, 1_000, 5_000, 10_000, 20_000]);
    const ids = new Set(posts.slice(1).map((post) => bodyOf(post).MessageId));
    expect(ids.size).toBe(1);
    expect(lines.at(-1)).toBe('delivery given up: too many tries');
    expect((tried.at(-1) ?? 0) - (tried[0] ?? 0)).toBeLessThan(3_600_000 + 300_000);
  });

  test('a dead subscriber holds up no other, and gets the rest in order when it is back', async () => {
    let isDown = false;
    const { clock, service, posts, deliver } = await scene((post) =>
      isDown && post.url.pathname === '/dead'
        ? { kind: 'unreachable', message: 'refused' }
        : { kind: 'answered', status: 200 },
    );
    deliver();
    await subscribe(service, 'http://hooks.example/dead');
    await subscribe(service, 'http://hooks.example/live');
    await clock.advance(1_000);
    for (const post of posts.slice()) await visit(service, bodyOf(post).SubscribeURL);
    isDown = true;
    const count = 100;
    for (let index = 0; index < count; index += 1) await publish(service, `message ${index}`);
    await clock.advance(60_000);
    const got = (path: string) => [
      ...new Set(
        posts
          .filter(({ url, body }) => url.pathname === path && body.includes('"Notification"'))
          .map((post) => bodyOf(post).Message),
      ),
    ];
    const wanted = Array.from({ length: count }, (_, index) => `message ${index}`);
    expect(got('/live')).toEqual(wanted);
    isDown = false;
    await clock.advance(600_000);
    expect(got('/dead')).toEqual(wanted);
  });

  test('a name that comes to point inside is not delivered to, whatever it was at Subscribe', async () => {
    const { clock, service, posts, lines, addresses, deliver } = await scene();
    deliver();
    await subscribe(service, 'http://rebinding.example/');
    await clock.advance(1_000);
    await visit(service, bodyOf(posts[0]).SubscribeURL);
    addresses.set('rebinding.example', { address: '169.254.169.254', family: 4 });
    await publish(service, 'secret');
    await clock.advance(10_000);
    expect(posts).toHaveLength(1);
    expect(lines.at(-1)).toBe('delivery given up: refused');
    const again = await subscribe(service, 'http://rebinding.example/again');
    expect(again).toMatchObject({ status: 400, code: 'InvalidParameter' });
    expect(again.body).toContain('S3BATCH_SNS_ALLOW');
  });

  test('a redirect or a 4xx ends the delivery without a second try', async () => {
    for (const status of [301, 404, 410]) {
      const { clock, service, posts, deliver } = await scene((post) => ({
        kind: 'answered',
        status: post.body.includes('"Notification"') ? status : 200,
      }));
      deliver();
      await subscribe(service, 'http://hooks.example/a');
      await clock.advance(1_000);
      await visit(service, bodyOf(posts[0]).SubscribeURL);
      await publish(service, 'hello');
      await clock.advance(3_600_000);
      expect(posts).toHaveLength(2);
    }
  });

  test('killed at the n-th call, n = 1, 2, 3 …, every message arrives, repeats with the same id', async () => {
    let isUntouched = false;
    let n = 0;
    while (!isUntouched) {
      n += 1;
      const { clock, service, posts, deliver } = await scene();
      const first = deliver();
      await subscribe(service, 'http://hooks.example/a');
      await clock.advance(1_000);
      await visit(service, bodyOf(posts[0]).SubscribeURL);
      first.stop();
      await clock.run(first.ended);
      let calls = 0;
      const second = deliver({
        alive: () => {
          calls += 1;
          return calls !== n;
        },
      });
      const ids: string[] = [];
      for (let index = 0; index < 4; index += 1) {
        const { body } = await publish(service, `message ${index}`);
        ids.push(/<MessageId>([^<]+)</.exec(body)?.[1] ?? '');
        await clock.advance(0);
      }
      await clock.advance(1_000);
      isUntouched = calls < n;
      second.handle.kill();
      deliver();
      await clock.advance(60_000);
      const arrived = posts.slice(1).map((post) => bodyOf(post).MessageId);
      expect([...new Set(arrived)]).toEqual(ids);
    }
    expect(n).toBeGreaterThan(10);
  });
});

describe('the actions of local topics', () => {
  test('are idempotent where AWS is: create, subscribe, confirm, unsubscribe, delete', async () => {
    const { service } = await scene();
    const created = await call(service, 'CreateTopic', { Name: 'done' });
    expect(await call(service, 'CreateTopic', { Name: 'done' })).toMatchObject({ status: 200 });
    expect(created.body).toContain(`<TopicArn>${topicArn}</TopicArn>`);
    await subscribe(service, 'http://hooks.example/a');
    await subscribe(service, 'http://hooks.example/a');
    const listed = await call(service, 'ListSubscriptionsByTopic', { TopicArn: topicArn });
    expect(listed.body.match(/PendingConfirmation/g)).toHaveLength(1);
    expect((await call(service, 'DeleteTopic', { TopicArn: topicArn })).status).toBe(200);
    expect((await call(service, 'DeleteTopic', { TopicArn: topicArn })).status).toBe(200);
    expect((await call(service, 'ListSubscriptions', {})).body).toContain(
      '<Subscriptions></Subscriptions>',
    );
  });

  const refused = [
    ['CreateTopic', { Name: 'a b' }, 'InvalidParameter', 400],
    ['CreateTopic', { Name: 'x.fifo' }, 'InvalidParameter', 400],
    [
      'CreateTopic',
      { Name: 'x', 'Attributes.entry.1.key': 'KmsMasterKeyId', 'Attributes.entry.1.value': 'k' },
      'InvalidParameter',
      400,
    ],
    ['CreateTopic', { Name: 'x', 'Tags.member.1.Key': 'k' }, 'InvalidParameter', 400],
    ['GetTopicAttributes', { TopicArn: `${topicArn}x` }, 'NotFound', 404],
    ['GetTopicAttributes', { TopicArn: 'arn:aws:sqs:x:y:z' }, 'InvalidParameter', 400],
    ['Publish', { Message: 'x' }, 'InvalidParameter', 400],
    ['Publish', { TopicArn: topicArn, Message: '' }, 'InvalidParameter', 400],
    ['Publish', { TopicArn: topicArn, Message: 'x'.repeat(262_145) }, 'InvalidParameter', 400],
    ['Publish', { TopicArn: topicArn, Message: 'x', Subject: 'a\nb' }, 'InvalidParameter', 400],
    [
      'Publish',
      { TopicArn: topicArn, Message: '{}', MessageStructure: 'json' },
      'InvalidParameter',
      400,
    ],
    ['Publish', { PhoneNumber: '+49', Message: 'x' }, 'InvalidParameter', 400],
    ['Subscribe', { TopicArn: topicArn, Protocol: 'sqs', Endpoint: 'x' }, 'InvalidParameter', 400],
    [
      'Subscribe',
      { TopicArn: topicArn, Protocol: 'https', Endpoint: 'http://a.b' },
      'InvalidParameter',
      400,
    ],
    [
      'Subscribe',
      { TopicArn: topicArn, Protocol: 'http', Endpoint: 'http://127.0.0.1' },
      'InvalidParameter',
      400,
    ],
    ['ConfirmSubscription', { TopicArn: topicArn, Token: 'guess' }, 'InvalidParameter', 400],
    ['PublishBatch', { TopicArn: topicArn }, 'InvalidAction', 400],
  ] as const;
  test.each(refused)('%s with %j is refused as %s', async (action, parameters, code, status) => {
    const { service } = await scene();
    await call(service, 'CreateTopic', { Name: 'done' });
    expect(await call(service, action, parameters)).toMatchObject({ code, status });
  });

  test('leave the topics and subscriptions of another account alone', async () => {
    const { service } = await scene();
    await subscribe(service, 'http://hooks.example/a');
    const parameters = { TopicArn: topicArn, Message: 'x', Name: 'done' };
    for (const action of ['Publish', 'DeleteTopic', 'GetTopicAttributes', 'Subscribe']) {
      const answer = await call(service, action, parameters, other);
      expect(answer).toMatchObject({ status: 403, code: 'AuthorizationError' });
    }
    expect((await call(service, 'ListTopics', {}, other)).body).not.toContain('done');
  });

  test('escape what they echo, and list more than a page with a token', async () => {
    const { service } = await scene();
    for (let index = 0; index < 101; index += 1) {
      await call(service, 'CreateTopic', { Name: `t${String(index).padStart(3, '0')}` });
    }
    const first = await call(service, 'ListTopics', {});
    const token = /<NextToken>([^<]+)</.exec(first.body)?.[1] ?? '';
    const second = await call(service, 'ListTopics', { NextToken: token });
    expect(second.body).toContain('t100');
    expect(second.body).not.toContain('NextToken');
    const echoed = await call(service, '<b>&', {});
    expect(echoed.body).toContain('&lt;b&gt;&amp;');
  });

  test('keep to their limits, and to one subscription per endpoint, also when asked all at once', async () => {
    const { service } = await scene();
    await call(service, 'CreateTopic', { Name: 'done' });
    const ask = (endpoint: string) =>
      call(service, 'Subscribe', { TopicArn: topicArn, Protocol: 'http', Endpoint: endpoint });
    const endpoints = Array.from({ length: 150 }, (_, index) => `http://hooks.example/${index}`);
    await Promise.all([ask('http://hooks.example/0'), ask('http://hooks.example/0')]);
    const { body } = await call(service, 'ListSubscriptions', {});
    expect(body.split('<member>')).toHaveLength(2);
    const answers = await Promise.all(endpoints.map(ask));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(answers.at(-1)).toMatchObject({ code: 'SubscriptionLimitExceeded' });
    const names = Array.from({ length: 1_010 }, (_, index) => `t${index}`);
    const made = await Promise.all(names.map((Name) => call(service, 'CreateTopic', { Name })));
    expect(made.filter(({ status }) => status === 200)).toHaveLength(999);
  });

  test('have no subscriber whose address holds white space', async () => {
    const { service } = await scene();
    for (const tail of ['a b', 'a\r\nHost: inside', 'a\u0000', 'a\u00a0']) {
      const answer = await subscribe(service, `http://hooks.example/${tail}`);
      expect(answer).toMatchObject({ status: 400, code: 'InvalidParameter' });
    }
  });

  test('public links do nothing but confirm and unsubscribe', async () => {
    const { service } = await scene();
    await call(service, 'CreateTopic', { Name: 'done' });
    const query = { Action: 'DeleteTopic', TopicArn: topicArn };
    expect(await service.get('/', query, forever)).toBeUndefined();
    expect(await service.get('/elsewhere', {}, forever)).toBeUndefined();
    const guess = { Action: 'ConfirmSubscription', TopicArn: topicArn, Token: 'x' };
    expect((await service.get('/', guess, forever))?.status).toBe(400);
  });
});
