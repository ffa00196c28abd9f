// Local topics as a client meets them: control's real HTTP front, real deliveries over HTTP to
// subscribers on loopback (which is allow-listed), real time.
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import { systemClock, systemRandom } from '../../services/adapters/process/clock.ts';
import { openAddressRules } from '../../services/adapters/sns/local/address.ts';
import { runDeliveries } from '../../services/adapters/sns/local/deliver.ts';
import { openLocalPublisher } from '../../services/adapters/sns/local/publisher.ts';
import { resolveByDns, sendOverHttp } from '../../services/adapters/sns/local/sender.ts';
import { openTopicService } from '../../services/adapters/sns/local/service.ts';
import { controlTopics } from '../../services/core/names.ts';
import type { Publisher, TopicService } from '../../services/core/notify.ts';
import { accessKeyId, openFront, region, secretAccessKey } from './control-front.ts';

export interface TopicWorld extends AsyncDisposable {
  readonly url: string;
  readonly service: TopicService;
  readonly localPublisher: Publisher;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export async function openTopicWorld(): Promise<TopicWorld> {
  const stop = new AbortController();
  const { signal } = stop;
  const handle = openMemoryLog({ nowMs: () => systemClock.wallMs() }).connect();
  const { log } = handle;
  await handle.spaces.create('control', controlTopics);
  const rules = openAddressRules(['127.0.0.0/8', '::1']);
  const shared = { log, clock: systemClock, rules, resolve: resolveByDns };
  const service = await openTopicService({ ...shared, region }, signal);
  const front = await openFront({ topics: service });
  const url = `http://127.0.0.1:${front.port}`;
  const ignore = () => undefined;
  const delivering = runDeliveries(
    {
      ...shared,
      random: systemRandom,
      send: sendOverHttp,
      baseUrl: () => url,
      logger: { info: ignore, warn: ignore, error: ignore },
    },
    signal,
  );
  return {
    url,
    service,
    localPublisher: await openLocalPublisher({ log, clock: systemClock }, signal),
    credentials: { accessKeyId, secretAccessKey },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await delivering;
      await front[Symbol.asyncDispose]();
      await log.end();
    },
  };
}
