import { expect, test } from 'vitest';
import { positionNoteBytesMax } from '../../../services/core/log.ts';
import { cursorNote, firstCursor, parseCursor } from '../../../services/ingest/cursor.ts';

test('a cursor over 32 partitions at the largest figures fits a note and round-trips', () => {
  const large = 20_000_000_000;
  const cursor = {
    kind: 'reading',
    file: 99_999,
    offset: 64 * 2 ** 30,
    row: large,
    blankRow: large,
    crc: 0xffffffff,
    ordinals: Array.from({ length: 32 }, () => large),
  } as const;
  const note = cursorNote(cursor);
  expect(note.length).toBeLessThanOrEqual(positionNoteBytesMax);
  expect(parseCursor(note, 32)).toEqual(cursor);
});

test('a job that nobody has begun starts at the first byte, a finished one stays finished', () => {
  expect(parseCursor('', 2)).toEqual(firstCursor(2));
  const done = { kind: 'done', total: 7 } as const;
  expect(parseCursor(cursorNote(done), 2)).toEqual(done);
});

test.each([
  '{}',
  '[2,"done",7]',
  '[1,"reading",0,0,0,0,0]',
  '[1,"done"]',
  '[1,"reading",0,-1,0,0,0,0]',
])('a note that is not a cursor is a bug, never a fresh start: %s', (note) => {
  expect(() => parseCursor(note, 1)).toThrow('not a cursor');
});
