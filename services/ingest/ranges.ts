// An object as a stream of chunks: ranged GETs in order, a few under way at once, all pinned to one
// ETag, so that what is read is one version of the object or a problem.

import { askStorage } from './ask-storage.ts';
import type { Buffered } from './buffered.ts';
import { inOrder } from './in-order.ts';
import type { ManifestObject } from './plan.ts';
import { badContent, capital } from './problem.ts';
import { readRefused, shownArn } from './reasons.ts';
import type { Source } from './source.ts';

const preconditionFailedStatus = 412;

export interface Chunk {
  readonly bytes: Uint8Array;
}

export async function* readRanges(
  source: Source,
  object: ManifestObject,
  from: number,
  buffered: Buffered,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  const { rangeBytes, rangesAhead } = source.limits;
  const count = Math.ceil((object.bytes - from) / rangeBytes);
  let held = 0;
  const hold = (bytes: number) => {
    held += bytes;
    buffered.add(bytes);
  };
  try {
    const ranges = inOrder(count, rangesAhead, async (index) => {
      const start = from + index * rangeBytes;
      const range = { start, end: Math.min(start + rangeBytes, object.bytes) };
      hold(range.end - range.start);
      return { bytes: await readRange(source, object, range, signal) };
    });
    for await (const chunk of ranges) {
      yield chunk;
      hold(-chunk.bytes.length);
    }
  } finally {
    hold(-held);
  }
}

async function readRange(
  source: Source,
  object: ManifestObject,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { objects } = source.storage;
  const wanted = range.end - range.start;
  const answer = await askStorage(
    source,
    `GET ${shownArn(object)}`,
    async () => {
      const read = await objects.read(object, range, object.etag, signal);
      if (read.kind !== 'ok' || read.value.length === wanted) return read;
      const message = `${read.value.length} of ${wanted} bytes arrived`;
      return { kind: 'unreachable', message } as const;
    },
    signal,
  );
  if (answer.kind === 'ok') return answer.value;
  if (answer.status === preconditionFailedStatus) {
    throw badContent(
      `${capital(object.subject)} ${shownArn(object)} changed while it was read: its ETag is no ` +
        `longer ${object.etag}. Create a new job from the manifest as it is now.`,
    );
  }
  throw readRefused(object.subject, object, source.roleArn, answer);
}
