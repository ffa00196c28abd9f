import { expect, test } from 'vitest';
import { countBuffered } from '../../../services/ingest/buffered.ts';
import { readAhead } from '../../../services/ingest/read-ahead.ts';

const { signal } = new AbortController();
const chunk = { bytes: new Uint8Array(10) };

/** Turns of the event loop let everything come to rest that waits for no one. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

test('the source runs ahead until the queue is full, and goes on as it is emptied', async () => {
  const buffered = countBuffered();
  let given = 0;
  async function* source() {
    for (; given < 10; given += 1) yield chunk;
  }
  const ahead = readAhead(source(), 30, buffered, signal);
  await rest();
  expect([given, buffered.bytes]).toEqual([2, 30]);
  await ahead.next();
  await rest();
  expect([given, buffered.bytes]).toEqual([3, 30]);
  expect(await Array.fromAsync(ahead)).toHaveLength(9);
  expect([buffered.bytes, buffered.bytesMost]).toEqual([0, 30]);
});

test('a failure of the source is thrown after everything that came before it', async () => {
  async function* source() {
    yield chunk;
    throw new Error('cut');
  }
  const ahead = readAhead(source(), 30, countBuffered(), signal);
  await rest();
  expect((await ahead.next()).value).toBe(chunk);
  await expect(ahead.next()).rejects.toThrow('cut');
});

test('a consumer that leaves closes the source and gives its bytes back', async () => {
  const buffered = countBuffered();
  let isClosed = false;
  async function* source() {
    try {
      for (;;) yield chunk;
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of readAhead(source(), 30, buffered, signal)) break;
  await rest();
  expect([isClosed, buffered.bytes]).toEqual([true, 0]);
});

test('an aborted signal closes the source, also where nobody has begun to consume', async () => {
  const buffered = countBuffered();
  const stopping = new AbortController();
  async function* source() {
    for (;;) yield chunk;
  }
  const ahead = readAhead(source(), 30, buffered, stopping.signal);
  await rest();
  stopping.abort(new Error('stopped'));
  expect(buffered.bytes).toBe(0);
  await expect(ahead.next()).rejects.toThrow('stopped');
});
