import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CsvCursor,
  type CsvRow,
  csvRowBytesMax,
  openCsv,
  type RowProblem,
} from '../../../services/core/csv-fields.ts';
import { sharedFile } from '../../support/shared-data.ts';

const encoder = new TextEncoder();

interface Read {
  readonly rows: readonly CsvRow[];
  readonly problem: RowProblem | null;
  readonly cursor: CsvCursor;
}

interface Options {
  readonly columns: number;
  readonly wanted?: readonly number[];
  readonly blankEnd?: boolean;
  /** Lengths of the pieces, in turn; the rest comes as one. */
  readonly pieces?: readonly number[];
}

function read(input: string | Uint8Array, options: Options): Read {
  const bytes = typeof input === 'string' ? encoder.encode(input) : input;
  const { columns, blankEnd = false, pieces = [] } = options;
  const wanted = options.wanted ?? Array.from({ length: columns }, (_, column) => column);
  const reader = openCsv({ columns, wanted, blankEnd });
  const rows: CsvRow[] = [];
  let problem: RowProblem | null = null;
  let start = 0;
  for (const length of [...pieces, bytes.length]) {
    // A copy that is wiped afterwards: the reader may not keep what it was given.
    const piece = Buffer.from(bytes.subarray(start, start + length));
    const batch = reader.push(piece);
    piece.fill(0);
    rows.push(...batch.rows);
    problem = batch.problem;
    start += length;
  }
  const last = reader.end();
  return {
    rows: [...rows, ...last.rows],
    problem: last.problem ?? problem,
    cursor: reader.cursor(),
  };
}

const fieldsOf = ({ rows }: Read) => rows.map(({ fields }) => fields);

describe('rows', () => {
  test('quotes, doubled quotes and line ends inside quotes', () => {
    const csv = 'a,"b","c ""d"", e"\r\n"","x\r\ny","\n"\n,,';
    expect(read(csv, { columns: 3 })).toEqual({
      rows: [
        { row: 1, fields: ['a', 'b', 'c "d", e'] },
        { row: 2, fields: ['', 'x\r\ny', '\n'] },
        { row: 3, fields: ['', '', ''] },
      ],
      problem: null,
      cursor: { bytes: encoder.encode(csv).length, rows: 3, blankRow: 0 },
    });
  });

  test('only wanted columns are made, in the order wanted', () => {
    const csv = '"1","2","3","4"\n5,6,7,8';
    expect(fieldsOf(read(csv, { columns: 4, wanted: [2, 0] }))).toEqual([
      ['3', '1'],
      ['7', '5'],
    ]);
  });

  test('nothing is no row', () => {
    expect(read('', { columns: 2 })).toMatchObject({ rows: [], problem: null });
  });

  test('a carriage return alone is a character like any other', () => {
    expect(fieldsOf(read('a\rb,c\r\n', { columns: 2 }))).toEqual([['a\rb', 'c']]);
  });

  test('rows and problems do not depend on how the input is cut', () => {
    const rows = fc.array(
      fc.constantFrom('a,b', '"é""x",b', '"1\n2","😀"', 'x', '', '"q', 'a"b,c', '"a"b,c', 'ü,ü'),
      { maxLength: 8 },
    );
    const ends = fc.constantFrom('\n', '\r\n');
    const pieces = fc.array(fc.nat(6), { maxLength: 60 });
    fc.assert(
      fc.property(rows, ends, pieces, fc.boolean(), (lines, end, cut, blankEnd) => {
        const csv = lines.join(end);
        const options = { columns: 2, blankEnd };
        const whole = read(csv, options);
        const { rows: found, problem } = read(csv, { ...options, pieces: cut });
        expect({ rows: found, problem }).toEqual({ rows: whole.rows, problem: whole.problem });
      }),
    );
  });

  test('a reader that is opened at a cursor goes on as the first one', () => {
    const table = fc.array(
      fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 }),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(table, fc.nat(), (rows, place) => {
        const bytes = encoder.encode(`${written(rows, '\n')}\n`);
        const shape = { columns: 2, wanted: [0, 1], blankEnd: false };
        const first = openCsv(shape);
        const before = first.push(bytes.subarray(0, place % bytes.length)).rows;
        const cursor = first.cursor();
        const second = openCsv(shape, cursor);
        const after = [...second.push(bytes.subarray(cursor.bytes)).rows, ...second.end().rows];
        expect([...before, ...after]).toEqual(rows.map((fields, at) => ({ row: at + 1, fields })));
      }),
    );
  });

  test('it agrees with csv-parse', () => {
    const field = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', 'a', ' ', 'é'), maxLength: 6 }),
    );
    const table = fc
      .integer({ min: 2, max: 5 })
      .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width })));
    const end = fc.constantFrom('\n', '\r\n');
    const pieces = fc.array(fc.nat(9), { maxLength: 50 });
    fc.assert(
      fc.property(table, end, fc.boolean(), pieces, (rows, lineEnd, ended, cut) => {
        const csv = written(rows, lineEnd) + (ended && rows.length > 0 ? lineEnd : '');
        const columns = rows[0]?.length ?? 2;
        const found = fieldsOf(read(csv, { columns, pieces: cut }));
        expect(found).toEqual(parse(csv, { record_delimiter: ['\n', '\r\n'] }));
        expect(found).toEqual(rows);
      }),
    );
  });
});

/** Quotes where they are needed, and here and there where they are not. */
function written(rows: readonly (readonly string[])[], lineEnd: string): string {
  return rows
    .map((fields) =>
      fields
        .map((field, at) =>
          /[",\r\n]/.test(field) || (field.length + at) % 3 === 0
            ? `"${field.replaceAll('"', '""')}"`
            : field,
        )
        .join(','),
    )
    .join(lineEnd);
}

describe('problems name the row', () => {
  test.each([
    ['a,b\nc\n', 2, 'has 1 column where 2 are due'],
    ['a,b\nc,d,e\n', 2, 'has 3 columns where 2 are due'],
    ['a,b\n\nc,d\n', 2, 'is blank'],
    ['a,b\n\r\n', 2, 'is blank'],
    ['a,b\n"c,d\n', 2, 'opens a quote that is never closed'],
    ['a,b\nc"d,e\n', 2, 'has a quote inside an unquoted field'],
    ['a,b\n"c"d,e\n', 2, 'has text after a closing quote'],
    ['a,"b\n\n"\n"c"\r', 2, 'has text after a closing quote'],
  ])('%j', (csv, row, reason) => {
    const found = read(csv, { columns: 2 });
    expect(found.problem).toEqual({ row, reason });
    expect(found.rows).toHaveLength(row - 1);
  });

  test('bytes that are not UTF-8', () => {
    const damaged = Buffer.concat([
      Buffer.from('a,b\n"c\n'),
      Buffer.from([0xff]),
      Buffer.from('",d\n'),
    ]);
    const problem = { row: 2, reason: 'holds bytes that are not UTF-8' };
    expect(read(damaged, { columns: 2 })).toMatchObject({ rows: [{ row: 1 }], problem });
    expect(read(damaged, { columns: 2, pieces: [5, 1, 3] })).toMatchObject({ problem });
    const first = Buffer.from([0x61, 0xc3, 0x2c, 0x62, 0x0a]);
    expect(read(first, { columns: 2 }).problem).toEqual({ ...problem, row: 1 });
    const last = Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x63, 0x2c, 0xc3]);
    expect(read(last, { columns: 2 })).toMatchObject({ rows: [{ row: 1 }], problem });
    const later = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0x0a])]);
    expect(read(later, { columns: 2 }).problem).toEqual({
      row: 1,
      reason: 'has 1 column where 2 are due',
    });
  });

  test('nothing is read after a problem', () => {
    const reader = openCsv({ columns: 2, wanted: [0], blankEnd: false });
    const { problem } = reader.push(encoder.encode('a\n'));
    expect(problem).toEqual({ row: 1, reason: 'has 1 column where 2 are due' });
    expect(reader.push(encoder.encode('a,b\n'))).toEqual({ rows: [], problem });
    expect(reader.end()).toEqual({ rows: [], problem });
  });

  test('a row that is too long, with and without its end', () => {
    const reason = `is longer than ${csvRowBytesMax} bytes`;
    const long = 'é'.repeat(csvRowBytesMax / 2 + 1);
    expect(read(`a,b\n${long},c\n`, { columns: 2 }).problem).toEqual({ row: 2, reason });
    const open = openCsv({ columns: 2, wanted: [0], blankEnd: false });
    expect(open.push(encoder.encode(long)).problem).toEqual({ row: 1, reason });
    const fits = `${'x'.repeat(csvRowBytesMax - 3)},y\n`;
    expect(read(fits, { columns: 2 }).problem).toBeNull();
  });
});

describe('blank lines at the end', () => {
  test('are allowed where the format has them', () => {
    const csv = 'a,b\n\n\r\n\n';
    expect(read(csv, { columns: 2, blankEnd: true })).toEqual({
      rows: [{ row: 1, fields: ['a', 'b'] }],
      problem: null,
      cursor: { bytes: csv.length, rows: 4, blankRow: 2 },
    });
    expect(read('a,b\n\r', { columns: 2, blankEnd: true }).problem).toBeNull();
  });

  test('are a problem once a row follows, also after a restart', () => {
    const problem = { row: 2, reason: 'is blank, and rows follow it' };
    expect(read('a,b\n\n\nc,d\n', { columns: 2, blankEnd: true }).problem).toEqual(problem);
    const shape = { columns: 2, wanted: [0], blankEnd: true };
    const first = openCsv(shape);
    first.push(encoder.encode('a,b\n\n'));
    const second = openCsv(shape, first.cursor());
    expect(second.push(encoder.encode('c,d\n')).problem).toEqual(problem);
  });
});

const spectrum = [
  'comma_in_quotes',
  'empty',
  'empty_crlf',
  'escaped_quotes',
  'json',
  'newlines',
  'newlines_crlf',
  'quotes_and_newlines',
  'simple',
  'simple_crlf',
  'utf8',
];

const spectrumFolder = sharedFile('data', 'csv-spectrum');

describe.skipIf(spectrumFolder === null)('csv-spectrum', () => {
  test.each(spectrum)('%s', (name) => {
    const csv = readFileSync(`${spectrumFolder}/csvs/${name}.csv`);
    const expected = JSON.parse(readFileSync(`${spectrumFolder}/json/${name}.json`, 'utf8'));
    const columns = Object.keys(expected[0]).length;
    const [head = [], ...rows] = fieldsOf(read(csv, { columns }));
    const found = rows.map((row) =>
      Object.fromEntries(head.map((column, at) => [column, row[at]])),
    );
    expect(found).toEqual(expected);
  });
});
