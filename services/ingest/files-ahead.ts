// The data files of a manifest in its order, from the cursor on; the next few are fetched and
// inflated while the rows of the first are read.
import type { Buffered } from './buffered.ts';
import type { Cursor } from './cursor.ts';
import { readDataFile } from './data-file.ts';
import { inOrder } from './in-order.ts';
import type { OpenManifest } from './open-manifest.ts';
import type { ManifestFile } from './plan.ts';
import type { Chunk } from './ranges.ts';
import { readAhead } from './read-ahead.ts';

export interface OpenDataFile {
  readonly index: number;
  readonly file: ManifestFile;
  readonly chunks: AsyncIterable<Chunk>;
}

const fromTheStart = { offset: 0, crc: 0 };

export function filesAhead(
  { files, source }: OpenManifest,
  cursor: Extract<Cursor, { kind: 'reading' }>,
  buffered: Buffered,
  signal: AbortSignal,
): AsyncGenerator<OpenDataFile, void, undefined> {
  const { filesAhead: atOnce, inflatedAheadBytesMax } = source.limits;
  const left = files.slice(cursor.file);
  return inOrder(left.length, atOnce, async (position) => {
    const file = left[position];
    if (file === undefined) throw new Error(`there is no data file ${position}`);
    const resume = position === 0 ? cursor : fromTheStart;
    const chunks = readDataFile(source, file, resume, buffered, signal);
    return {
      index: cursor.file + position,
      file,
      chunks: readAhead(chunks, inflatedAheadBytesMax, buffered, signal),
    };
  });
}
