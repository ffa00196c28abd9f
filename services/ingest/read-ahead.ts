// Runs a source of chunks ahead of its consumer, up to a number of bytes. The source starts when
// readAhead is called, waits while the queue is full, and is closed when the consumer leaves or the
// signal is aborted. Its failure is handed over in its place, after everything that came before it.
import type { Buffered } from './buffered.ts';

interface Sized {
  readonly bytes: Uint8Array;
}

type Ending = { readonly kind: 'end' } | { readonly kind: 'error'; readonly error: unknown };

/** One source, one consumer; each waits for the other on its own. */
interface Queue<T extends Sized> {
  readonly items: T[];
  bytes: number;
  ending: Ending | null;
  isLeft: boolean;
  wakeConsumer: () => void;
  wakeSource: () => void;
}

const nobody = () => {};

export function readAhead<T extends Sized>(
  source: AsyncIterable<T>,
  bytesMax: number,
  buffered: Buffered,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const queue: Queue<T> = {
    items: [],
    bytes: 0,
    ending: null,
    isLeft: false,
    wakeConsumer: nobody,
    wakeSource: nobody,
  };
  const leave = () => {
    signal.removeEventListener('abort', leave);
    queue.isLeft = true;
    queue.ending ??= { kind: 'error', error: signal.reason };
    queue.items.length = 0;
    buffered.add(-queue.bytes);
    queue.bytes = 0;
    queue.wakeSource();
    queue.wakeConsumer();
  };
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave);
  // Fill never rejects: what the source throws becomes the queue's ending.
  void fill(queue, source, bytesMax, buffered);
  return drain(queue, buffered, leave);
}

async function fill<T extends Sized>(
  queue: Queue<T>,
  source: AsyncIterable<T>,
  bytesMax: number,
  buffered: Buffered,
): Promise<void> {
  try {
    for await (const item of source) {
      if (queue.isLeft) break;
      queue.items.push(item);
      queue.bytes += item.bytes.length;
      buffered.add(item.bytes.length);
      queue.wakeConsumer();
      while (queue.bytes >= bytesMax && !queue.isLeft) {
        await new Promise<void>((resolve) => {
          queue.wakeSource = resolve;
        });
      }
    }
    queue.ending ??= { kind: 'end' };
  } catch (error) {
    queue.ending ??= { kind: 'error', error };
  }
  queue.wakeConsumer();
}

async function* drain<T extends Sized>(
  queue: Queue<T>,
  buffered: Buffered,
  leave: () => void,
): AsyncGenerator<T, void, undefined> {
  try {
    for (;;) {
      const item = queue.items.shift();
      if (item !== undefined) {
        queue.bytes -= item.bytes.length;
        buffered.add(-item.bytes.length);
        queue.wakeSource();
        yield item;
      } else if (queue.ending === null) {
        await new Promise<void>((resolve) => {
          queue.wakeConsumer = resolve;
        });
      } else if (queue.ending.kind === 'error') {
        throw queue.ending.error;
      } else {
        return;
      }
    }
  } finally {
    leave();
  }
}
