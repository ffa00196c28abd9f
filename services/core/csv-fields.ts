// A streaming reader of CSV (RFC 4180) that makes strings only of the columns that are wanted: the
// path that every row of a manifest takes. Fields are quoted or not, a quote inside is doubled,
// a quoted field may hold line ends, a row ends with LF or CRLF, the last one may lack its end.
// It holds bytes, never half characters: what is not yet a whole row waits as bytes.
// Invariant: rows and problems do not depend on how the input is cut into pieces, and a reader that
// is opened at a cursor goes on as the one that the cursor came from.
import { utf8Bytes } from './key.ts';

/** A row that is longer is a problem, not a reason to hold the file in memory. */
export const csvRowBytesMax = 64 * 1024;

export interface CsvShape {
  /** Every row has exactly so many. */
  readonly columns: number;
  /** Which columns (from 0) a row's fields are, in that order. */
  readonly wanted: readonly number[];
  /** Whether blank lines may follow the last row; elsewhere a blank line is a bad row. */
  readonly blankEnd: boolean;
}

export interface CsvCursor {
  /** Bytes up to the end of the last whole row. */
  readonly bytes: number;
  /** Whole rows up to there, blank lines included. */
  readonly rows: number;
  /** The number of the first blank line since the last row with fields; 0 if none. */
  readonly blankRow: number;
}

export const csvStart: CsvCursor = { bytes: 0, rows: 0, blankRow: 0 };

export interface RowProblem {
  /** From 1. */
  readonly row: number;
  /** What is wrong, to follow "row 17 ". */
  readonly reason: string;
}

export interface CsvRow {
  /** From 1. */
  readonly row: number;
  readonly fields: readonly string[];
}

export interface CsvBatch {
  readonly rows: readonly CsvRow[];
  /** The first bad row; nothing is read after it. */
  readonly problem: RowProblem | null;
}

export interface CsvReader {
  /** The rows that these bytes complete. The bytes may be reused after the call. */
  push(bytes: Uint8Array): CsvBatch;
  /** The last row, where it has no line end. */
  end(): CsvBatch;
  /** After the rows returned so far. */
  cursor(): CsvCursor;
}

const quote = 0x22;
const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blankLine = /^\r?\n?$/;

export function openCsv(shape: CsvShape, from: CsvCursor = csvStart): CsvReader {
  const scan = openScanner(shape);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let carry: Uint8Array = new Uint8Array(0);
  let { bytes, rows, blankRow } = from;
  let problem: RowProblem | null = null;

  function decode(part: Uint8Array): string | null {
    try {
      return decoder.decode(part);
    } catch {
      return null;
    }
  }

  /** Takes the rows of a text; returns how many of its characters they are. */
  function take(text: string, last: boolean, found: CsvRow[]): number {
    const end = scan(text, last, { rows, blankRow, found });
    rows = end.rows;
    blankRow = end.blankRow;
    problem = end.problem;
    return end.at;
  }

  function read(part: Uint8Array, last: boolean, found: CsvRow[]): number {
    const text = decode(part);
    if (text === null) return readUpToDamage(part, found);
    const taken = take(text, last, found);
    return part.length - utf8Bytes(text.slice(taken));
  }

  /** Not all is UTF-8: what stands before the first bad line is read, and the problem named. */
  function readUpToDamage(part: Uint8Array, found: CsvRow[]): number {
    let start = 0;
    for (let end = part.indexOf(lineFeed) + 1; end > 0; end = part.indexOf(lineFeed, start) + 1) {
      if (decode(part.subarray(start, end)) === null) break;
      start = end;
    }
    const taken = start === 0 ? 0 : read(part.subarray(0, start), false, found);
    problem ??= { row: rows + 1, reason: 'holds bytes that are not UTF-8' };
    return taken;
  }

  function batch(part: Uint8Array, last: boolean): CsvBatch {
    const found: CsvRow[] = [];
    if (problem !== null) return { rows: found, problem };
    const whole = last ? part.length : part.lastIndexOf(lineFeed) + 1;
    const taken = whole === 0 ? 0 : read(part.subarray(0, whole), last, found);
    bytes += taken;
    // A copy: slice of a Buffer would be a view of bytes that are not ours.
    carry = new Uint8Array(part.subarray(taken));
    if (problem === null && carry.length > csvRowBytesMax) problem = tooLong(rows + 1);
    return { rows: found, problem };
  }

  return {
    push: (piece) => batch(carry.length === 0 ? piece : joined(carry, piece), false),
    end: () => batch(carry, true),
    cursor: () => ({ bytes, rows, blankRow }),
  };
}

interface ScanState {
  readonly rows: number;
  readonly blankRow: number;
  readonly found: CsvRow[];
}

interface ScanEnd {
  /** Where the first row starts that is not whole. */
  readonly at: number;
  readonly rows: number;
  readonly blankRow: number;
  readonly problem: RowProblem | null;
}

/** One loop over the characters, since a call per field would cost more than the field. */
function openScanner({ columns, wanted, blankEnd }: CsvShape) {
  const slots = Array.from({ length: columns }, (_, column) => wanted.indexOf(column));
  const empty = wanted.map(() => '');

  return (text: string, last: boolean, state: ScanState): ScanEnd => {
    const { found } = state;
    const length = text.length;
    let { rows, blankRow } = state;
    let at = 0;
    let start = 0;
    const stop = (problem: RowProblem | null): ScanEnd => ({ at: start, rows, blankRow, problem });
    const bad = (reason: string): ScanEnd => stop({ row: rows + 1, reason });

    while (at < length) {
      start = at;
      const fields = empty.slice();
      let column = 0;
      for (;;) {
        const slot = column < columns ? Number(slots[column]) : -1;
        if (text.charCodeAt(at) === quote) {
          const opened = at + 1;
          let doubled = false;
          at = text.indexOf('"', opened);
          while (at >= 0 && text.charCodeAt(at + 1) === quote) {
            doubled = true;
            at = text.indexOf('"', at + 2);
          }
          if (at < 0) return last ? bad('opens a quote that is never closed') : stop(null);
          if (slot >= 0) {
            const field = text.slice(opened, at);
            fields[slot] = doubled ? field.replaceAll('""', '"') : field;
          }
          at += 1;
          if (text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed) {
            at += 1;
          }
        } else {
          const opened = at;
          let code = text.charCodeAt(at);
          while (at < length && code !== comma && code !== lineFeed && code !== quote) {
            at += 1;
            code = text.charCodeAt(at);
          }
          if (code === quote) return bad('has a quote inside an unquoted field');
          const returned = code === lineFeed && text.charCodeAt(at - 1) === carriageReturn;
          if (slot >= 0) fields[slot] = text.slice(opened, returned ? at - 1 : at);
        }
        column += 1;
        if (at >= length) break;
        const code = text.charCodeAt(at);
        at += 1;
        if (code === lineFeed) break;
        if (code !== comma) return bad('has text after a closing quote');
      }

      if (isTooLong(text, start, at)) return stop(tooLong(rows + 1));
      if (column < columns && isBlank(text, start, at)) {
        if (!blankEnd) return bad('is blank');
        rows += 1;
        if (blankRow === 0) blankRow = rows;
        continue;
      }
      if (blankRow > 0) return stop({ row: blankRow, reason: 'is blank, and rows follow it' });
      if (column !== columns) return bad(`has ${count(column)} where ${columns} are due`);
      rows += 1;
      found.push({ row: rows, fields });
    }
    start = at;
    return stop(null);
  };
}

function isTooLong(text: string, start: number, end: number): boolean {
  if ((end - start) * 3 <= csvRowBytesMax) return false;
  return utf8Bytes(text.slice(start, end)) > csvRowBytesMax;
}

function isBlank(text: string, start: number, end: number): boolean {
  return end - start <= 2 && blankLine.test(text.slice(start, end));
}

function tooLong(row: number): RowProblem {
  return { row, reason: `is longer than ${csvRowBytesMax} bytes` };
}

function count(columns: number): string {
  return columns === 1 ? '1 column' : `${columns} columns`;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
