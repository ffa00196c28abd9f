// One data file as plain bytes: fetched with its ETag pinned, its MD5 checked, inflated, and begun
// anew behind the bytes whose rows are already in the log.
// Invariant: what comes out is one unchanged file with the size and MD5 that the manifest names, or
// a problem that names the file. Its MD5 is known at its end; no object is touched before that.
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Buffered } from './buffered.ts';
import { headDataFile } from './head-object.ts';
import { inflate, isGzipError } from './inflate.ts';
import { inflatedChunkBytes } from './limits.ts';
import type { ManifestFile } from './plan.ts';
import { badContent, capital } from './problem.ts';
import { type Chunk, readRanges } from './ranges.ts';
import type { Source } from './source.ts';

/** Where reading goes on: decompressed bytes that are behind us, and their CRC-32. */
export interface ResumeAt {
  readonly offset: number;
  readonly crc: number;
}

export async function* readDataFile(
  source: Source,
  file: ManifestFile,
  resume: ResumeAt,
  buffered: Buffered,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  const { limits } = source;
  const etag = file.etag ?? (await headDataFile(source, file, signal)).etag;
  const object = { ...file, etag };
  if (file.compression === 'none') {
    yield* inPieces(readRanges(source, object, resume.offset, buffered, signal));
    return;
  }
  const hash = createHash('md5');
  const compressed = hashed(readRanges(source, object, 0, buffered, signal), hash);
  const inflated = inflate(compressed, file.bytes, limits.inflateAtOnceBytesMax);
  const counted = bounded(inflated, file, limits.inflatedFileBytesMax);
  yield* namingTheFile(skipped(counted, file, resume), file);
  if (file.md5 === null) return;
  const md5 = hash.digest('hex');
  if (md5 !== file.md5) {
    throw badContent(
      `The MD5 of ${file.subject} is ${md5}, manifest.json says ${file.md5}: ` +
        'it is damaged or was replaced. Deliver the inventory again.',
    );
  }
}

/** What is worked in one go stays small, whatever is fetched in one go. */
async function* inPieces(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk, void, undefined> {
  for await (const { bytes } of chunks) {
    for (let at = 0; at < bytes.length; at += inflatedChunkBytes) {
      yield { bytes: bytes.subarray(at, at + inflatedChunkBytes) };
    }
  }
}

async function* hashed(
  chunks: AsyncIterable<Chunk>,
  hash: Hash,
): AsyncGenerator<Chunk, void, undefined> {
  for await (const chunk of chunks) {
    hash.update(chunk.bytes);
    yield chunk;
  }
}

async function* bounded(
  chunks: AsyncIterable<Chunk>,
  file: ManifestFile,
  bytesMax: number,
): AsyncGenerator<Chunk, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.bytes.length;
    if (bytes > bytesMax) {
      throw badContent(
        `${capital(file.subject)} inflates to more than ${bytesMax} bytes. ` +
          'Split it into several files.',
      );
    }
    yield chunk;
  }
}

async function* skipped(
  chunks: AsyncIterable<Chunk>,
  file: ManifestFile,
  resume: ResumeAt,
): AsyncGenerator<Chunk, void, undefined> {
  let left = resume.offset;
  let crc = 0;
  for await (const chunk of chunks) {
    if (left === 0) {
      yield chunk;
      continue;
    }
    const behind = Math.min(left, chunk.bytes.length);
    crc = crc32(chunk.bytes.subarray(0, behind), crc);
    left -= behind;
    if (left > 0) continue;
    if (crc !== resume.crc) throw changed(file);
    if (behind < chunk.bytes.length) yield { bytes: chunk.bytes.subarray(behind) };
  }
  if (left > 0) throw changed(file);
}

function changed(file: ManifestFile) {
  return badContent(
    `${capital(file.subject)} changed after a part of it had been read. ` +
      'Create a new job from the manifest as it is now.',
  );
}

async function* namingTheFile(
  chunks: AsyncIterable<Chunk>,
  file: ManifestFile,
): AsyncGenerator<Chunk, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    if (!isGzipError(error)) throw error;
    throw badContent(
      `${capital(file.subject)} is damaged: ${error.fault}. ` +
        'Deliver the inventory again, or upload the file anew.',
    );
  }
}
