// The cursor: how far the manifest has been read, kept as the note of ingest's position and so
// committed together with the slices. After a crash reading goes on from here: the bytes before it
// are inflated again but not read again, and their checksum proves that they are the same bytes.
import { positionNoteBytesMax } from '../core/log.ts';

export type Cursor =
  | {
      readonly kind: 'reading';
      /** Index of the data file in the manifest's order. */
      readonly file: number;
      /** Decompressed bytes of that file whose rows stand in committed slices. */
      readonly offset: number;
      /** Rows of that file before the offset, blank lines included. */
      readonly row: number;
      /** The first blank line that no row followed yet; 0 if none. */
      readonly blankRow: number;
      /** CRC-32 of those decompressed bytes. */
      readonly crc: number;
      /** The next ordinal, per partition; their sum is the number of rows read so far. */
      readonly ordinals: readonly number[];
    }
  | { readonly kind: 'done'; readonly total: number };

const cursorVersion = 1;

export function firstCursor(partitions: number): Cursor {
  const ordinals = Array.from({ length: partitions }, () => 0);
  return { kind: 'reading', file: 0, offset: 0, row: 0, blankRow: 0, crc: 0, ordinals };
}

export function cursorNote(cursor: Cursor): string {
  const note =
    cursor.kind === 'done'
      ? JSON.stringify([cursorVersion, 'done', cursor.total])
      : JSON.stringify([
          cursorVersion,
          'reading',
          cursor.file,
          cursor.offset,
          cursor.row,
          cursor.blankRow,
          cursor.crc,
          ...cursor.ordinals,
        ]);
  if (note.length > positionNoteBytesMax) {
    throw new Error(`cursor of ${note.length} bytes: too many partitions for a position's note`);
  }
  return note;
}

/** The note '' is a job that nobody has begun. Any other note that is not ours is a bug. */
export function parseCursor(note: string, partitions: number): Cursor {
  if (note === '') return firstCursor(partitions);
  const parsed: unknown = JSON.parse(note);
  if (!Array.isArray(parsed) || parsed[0] !== cursorVersion) throw unknownNote(note);
  const numbers: number[] = parsed.slice(2).map((value: unknown) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw unknownNote(note);
    }
    return value;
  });
  const [first, offset, row, blankRow, crc, ...ordinals] = numbers;
  if (parsed[1] === 'done' && first !== undefined && numbers.length === 1) {
    return { kind: 'done', total: first };
  }
  if (
    parsed[1] !== 'reading' ||
    first === undefined ||
    offset === undefined ||
    row === undefined ||
    blankRow === undefined ||
    crc === undefined ||
    ordinals.length !== partitions
  ) {
    throw unknownNote(note);
  }
  return { kind: 'reading', file: first, offset, row, blankRow, crc, ordinals };
}

function unknownNote(note: string): Error {
  return new Error(`not a cursor that this build can read: ${note.slice(0, 100)}`);
}
