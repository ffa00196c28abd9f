// Preparing: reads the manifest to its end from where the last commit left it, and writes its rows
// as slices of tasks. Nothing is touched before the last row has been found good.
// Invariant: slices and the cursor behind their rows stand in one commit, so every row becomes one
// task with one ordinal, whatever dies in between.
import { type CsvCursor, openCsv } from '../core/csv-fields.ts';
import type { Job } from '../core/job.ts';
import { ingestIdentity, jobSpace } from '../core/names.ts';
import { openChecksum } from './checksum.ts';
import { type Cursor, parseCursor } from './cursor.ts';
import { filesAhead, type OpenDataFile } from './files-ahead.ts';
import type { Ingest } from './ingest.ts';
import type { OpenManifest } from './open-manifest.ts';
import { openRowTaker, type RowTaker } from './row-taker.ts';
import { openTaskWriter, type ReadingPlace, type TaskWriter } from './task-writer.ts';

export async function prepare(
  ingest: Ingest,
  manifest: OpenManifest,
  job: Job,
  signal: AbortSignal,
): Promise<{ readonly kind: 'prepared'; readonly total: number }> {
  const writer = await ingest.log.claim(jobSpace(job.id), ingestIdentity, signal);
  signal.throwIfAborted();
  const cursor = parseCursor(writer.position.note, job.partitions);
  if (cursor.kind === 'done') return { kind: 'prepared', total: cursor.total };
  const out = openTaskWriter(writer, cursor.ordinals, manifest.source.limits);
  const leaving = new AbortController();
  try {
    const until = AbortSignal.any([signal, leaving.signal]);
    await readRows(manifest, cursor, job, out, ingest, until);
    return { kind: 'prepared', total: await out.finish() };
  } finally {
    leaving.abort();
    await out.settled();
    await writer.release();
  }
}

async function readRows(
  manifest: OpenManifest,
  cursor: Extract<Cursor, { kind: 'reading' }>,
  job: Job,
  out: TaskWriter,
  { buffered }: Ingest,
  signal: AbortSignal,
): Promise<void> {
  for await (const open of filesAhead(manifest, cursor, buffered, signal)) {
    const taker = openRowTaker(manifest, open.file, job.request.bucketsAllowed, out);
    const start = open.index === cursor.file ? cursor : fileStart(open.index);
    await readFile(open, start, taker, out, signal);
    if (out.isDue()) await out.commit(fileStart(open.index + 1));
  }
}

async function readFile(
  { index, chunks }: OpenDataFile,
  start: ReadingPlace,
  taker: RowTaker,
  out: TaskWriter,
  signal: AbortSignal,
): Promise<void> {
  const { offset, row: rows, blankRow } = start;
  const reader = openCsv(taker.shape, { bytes: offset, rows, blankRow });
  const checksum = openChecksum(start);
  let isFirst = offset === 0;
  for await (const { bytes } of chunks) {
    signal.throwIfAborted();
    if (isFirst) taker.begin(bytes);
    isFirst = false;
    taker.take(reader.push(bytes));
    const cursor = reader.cursor();
    const crc = checksum.push(bytes, cursor.bytes);
    if (out.isDue()) await out.commit(place(index, cursor, crc));
  }
  taker.take(reader.end());
}

function fileStart(file: number): ReadingPlace {
  return { file, offset: 0, row: 0, blankRow: 0, crc: 0 };
}

function place(file: number, { bytes, rows, blankRow }: CsvCursor, crc: number): ReadingPlace {
  return { file, offset: bytes, row: rows, blankRow, crc };
}
