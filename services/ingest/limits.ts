// Every bound of ingest in one table, so that memory and time can be read off it. Tests pass
// smaller ones; nothing here shapes the tasks that come out.

import { inventoryFilesMax, inventoryManifestBytesMax } from '../core/inventory.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const gibibyte = 1024 * mebibyte;

export interface IngestLimits {
  /** Jobs in Preparing that are worked at the same time. */
  readonly jobsAtOnce: number;
  /** Of an inventory's manifest.json. */
  readonly manifestBytesMax: number;
  readonly manifestFilesMax: number;
  /** Of one data file after decompression. */
  readonly inflatedFileBytesMax: number;
  /** One ranged GET. */
  readonly rangeBytes: number;
  /** Ranged GETs of one file under way at the same time. */
  readonly rangesAhead: number;
  /** Data files that are fetched and inflated ahead of the one whose rows are read. */
  readonly filesAhead: number;
  /** Decompressed bytes that wait per data file. */
  readonly inflatedAheadBytesMax: number;
  /** A gzip file up to this size is inflated in one call, in the thread: cheaper than a stream. */
  readonly inflateAtOnceBytesMax: number;
  readonly headsAtOnce: number;
  /** A commit is due when it holds this many rows … */
  readonly commitRowsMax: number;
  /** … or this many bytes of slices as they stand in the log. */
  readonly commitBytesMax: number;
  /** How long trouble of the network or the server is borne, in a row. */
  readonly storagePatienceMs: number;
  /** After this long without an effect, a level is sent again. */
  readonly levelResendMs: number;
  /** A job that another ingester took over is left alone for this long. */
  readonly takenOverRestMs: number;
}

export const ingestLimits: IngestLimits = {
  jobsAtOnce: 4,
  manifestBytesMax: inventoryManifestBytesMax,
  manifestFilesMax: inventoryFilesMax,
  inflatedFileBytesMax: 64 * gibibyte,
  rangeBytes: mebibyte,
  rangesAhead: 2,
  filesAhead: 4,
  inflatedAheadBytesMax: 512 * kibibyte,
  inflateAtOnceBytesMax: 128 * kibibyte,
  headsAtOnce: 16,
  commitRowsMax: 16_384,
  commitBytesMax: 2 * mebibyte,
  storagePatienceMs: 300_000,
  levelResendMs: 30_000,
  takenOverRestMs: 300_000,
};

/** Output of the decompressor comes in pieces of this size. */
export const inflatedChunkBytes = 128 * kibibyte;
/** What the in-thread path may produce; larger output takes the stream. */
export const inflatedAtOnceBytesMax = 16 * mebibyte;
