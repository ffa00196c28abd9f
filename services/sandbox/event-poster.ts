// Posts S3 event documents to a URL, a few at a time, in order of their start. What the receiver
// answers is not awaited by the S3 call; failures and a full queue are counted and forgotten.
import type { ObjectEvent } from './message.ts';

export interface EventSettings {
  readonly url: string;
  /** Sent as a bearer token; null: none. */
  readonly token: string | null;
  /** Only keys that start and end so; absent: all. */
  readonly prefix?: string;
  readonly suffix?: string;
}

export interface EventPoster {
  post(event: ObjectEvent, nowMs: number, requestId: string): void;
  readonly counts: { readonly posted: number; readonly failed: number; readonly dropped: number };
  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const queueLengthMax = 10_000;
const postsAtOnceMax = 4;
const postMsMax = 5_000;

export function openEventPoster(settings: EventSettings, region: string): EventPoster {
  const queue: string[] = [];
  const counts = { posted: 0, failed: 0, dropped: 0 };
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  let sequence = 0n;

  async function drain(): Promise<void> {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      try {
        const response = await fetch(settings.url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            ...(settings.token === null ? {} : { authorization: `Bearer ${settings.token}` }),
          },
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(postMsMax)]),
        });
        await response.arrayBuffer();
        if (response.ok) counts.posted += 1;
        else counts.failed += 1;
      } catch {
        counts.failed += 1;
      }
    }
  }

  function start(): void {
    if (running.size >= postsAtOnceMax) return;
    const run = drain().finally(() => running.delete(run));
    running.add(run);
  }

  return {
    counts,
    post: (event, nowMs, requestId) => {
      if (!event.key.startsWith(settings.prefix ?? '')) return;
      if (!event.key.endsWith(settings.suffix ?? '')) return;
      if (queue.length >= queueLengthMax) {
        counts.dropped += 1;
        return;
      }
      sequence += 1n;
      queue.push(eventDocument(event, { nowMs, requestId, region, sequence }));
      start();
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
    close: async () => {
      queue.length = 0;
      closing.abort();
      await Promise.all(running);
    },
  };
}

export interface EventContext {
  readonly nowMs: number;
  readonly requestId: string;
  readonly region: string;
  readonly sequence: bigint;
}

/** Source: S3 User Guide, "Event message structure". Keys are form-encoded. */
export function eventDocument(event: ObjectEvent, context: EventContext): string {
  const { bucket, key, bytes, etag, versionId } = event;
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: context.region,
    eventTime: new Date(context.nowMs).toISOString(),
    eventName: event.name,
    userIdentity: { principalId: 'SANDBOX' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': context.requestId, 'x-amz-id-2': 'sandbox' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'sandbox',
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: 'SANDBOX' },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object: {
        key: formEncode(key),
        ...(event.name.startsWith('ObjectCreated') ? { size: bytes, eTag: etag } : {}),
        ...(versionId === null ? {} : { versionId }),
        sequencer: context.sequence.toString(16).toUpperCase().padStart(18, '0'),
      },
    },
  };
  return JSON.stringify({ Records: [record] });
}

function formEncode(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}
