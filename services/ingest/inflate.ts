// Gzip to plain chunks. All members of a file count, and nothing may follow the last one. A small
// file is inflated in one call in this thread; a large one by the stream, whose work is done beside
// it. Both say the same of a damaged file.
import { Buffer } from 'node:buffer';
import { createGunzip, type Gunzip, gunzipSync } from 'node:zlib';
import { inflatedAtOnceBytesMax, inflatedChunkBytes } from './limits.ts';
import type { Chunk } from './ranges.ts';

/** Thrown as a plain Error with one of these sentences; the caller names the file. */
export const gzipFaults = {
  cut: 'its gzip data ends early',
  trailing: 'bytes that are not gzip data follow its last member',
} as const;

export interface GzipError extends Error {
  readonly fault: string;
}

export function isGzipError(error: unknown): error is GzipError {
  return error instanceof Error && error.name === 'GzipError' && 'fault' in error;
}

function gzipError(fault: string): GzipError {
  return Object.assign(new Error(fault), { name: 'GzipError', fault });
}

export function inflate(
  compressed: AsyncIterable<Chunk>,
  compressedBytes: number,
  atOnceBytesMax: number,
): AsyncGenerator<Chunk, void, undefined> {
  return compressedBytes <= atOnceBytesMax
    ? inflateAtOnce(compressed, compressedBytes)
    : inflateStream(compressed, compressedBytes);
}

async function* inflateAtOnce(
  compressed: AsyncIterable<Chunk>,
  compressedBytes: number,
): AsyncGenerator<Chunk, void, undefined> {
  const parts: Uint8Array[] = [];
  for await (const chunk of compressed) parts.push(chunk.bytes);
  const whole = Buffer.concat(parts);
  const plain = gunzipWhole(whole);
  if (plain === 'too large') {
    yield* inflateStream(oneChunk(whole), compressedBytes);
    return;
  }
  for (let at = 0; at < plain.length; at += inflatedChunkBytes) {
    yield { bytes: plain.subarray(at, at + inflatedChunkBytes) };
  }
}

function gunzipWhole(whole: Uint8Array): Uint8Array | 'too large' {
  let result: ReturnType<typeof gunzipWithInfo>;
  try {
    result = gunzipWithInfo(whole);
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') return 'too large';
    throw asGzipError(error);
  }
  if (result.consumed !== whole.length) throw gzipError(gzipFaults.trailing);
  return result.plain;
}

/** The engine leaves zero padding behind the last member alone; the bytes it took tell. */
function gunzipWithInfo(whole: Uint8Array): { plain: Uint8Array; consumed: number } {
  const options = { info: true, maxOutputLength: inflatedAtOnceBytesMax };
  const result: unknown = gunzipSync(whole, options);
  if (
    typeof result !== 'object' ||
    result === null ||
    !('buffer' in result) ||
    !(result.buffer instanceof Uint8Array) ||
    !('engine' in result) ||
    !isEngine(result.engine)
  ) {
    throw new Error('gunzipSync with info gave no engine');
  }
  return { plain: result.buffer, consumed: result.engine.bytesWritten };
}

function isEngine(value: unknown): value is { readonly bytesWritten: number } {
  return typeof value === 'object' && value !== null && 'bytesWritten' in value;
}

async function* inflateStream(
  compressed: AsyncIterable<Chunk>,
  compressedBytes: number,
): AsyncGenerator<Chunk, void, undefined> {
  const gunzip = createGunzip({ chunkSize: inflatedChunkBytes });
  // Feed never rejects: it destroys the stream with what the source threw.
  void feed(gunzip, compressed);
  try {
    for await (const bytes of gunzip) {
      if (!(bytes instanceof Uint8Array)) throw new Error('gunzip gave no bytes');
      yield { bytes };
    }
  } catch (error) {
    throw asGzipError(error);
  }
  if (gunzip.bytesWritten !== compressedBytes) throw gzipError(gzipFaults.trailing);
}

async function feed(gunzip: Gunzip, compressed: AsyncIterable<Chunk>): Promise<void> {
  try {
    for await (const chunk of compressed) {
      if (gunzip.destroyed || gunzip.readableEnded) return;
      await written(gunzip, chunk.bytes);
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Resolves when the engine has taken the bytes, or when the stream is over and never will. */
function written(gunzip: Gunzip, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      gunzip.off('close', done);
      resolve();
    };
    gunzip.once('close', done);
    gunzip.write(bytes, done);
  });
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Chunk, void, undefined> {
  yield { bytes };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The engine's own errors become faults of the file; anything else passes as it is. */
function asGzipError(error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'Z_BUF_ERROR') return gzipError(gzipFaults.cut);
  if (code.startsWith('Z_') && error instanceof Error) {
    return gzipError(`it is not sound gzip data (${error.message})`);
  }
  return error;
}
