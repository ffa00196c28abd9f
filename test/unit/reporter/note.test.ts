import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureCodesMax } from '../../../services/core/job.ts';
import { positionNoteBytesMax } from '../../../services/core/log.ts';
import {
  emptyNote,
  type ReportNote,
  readReportNote,
  writeReportNote,
} from '../../../services/reporter/note.ts';

test('a note is read as it was written', () => {
  const notes: fc.Arbitrary<ReportNote> = fc.record({
    state: fc.constantFrom('open', 'exhausted', 'stopped'),
    rows: fc.nat(),
    succeeded: fc.nat(),
    failed: fc.nat(),
    retries: fc.nat(),
    ordinals: fc.constantFrom('', 'gAE=', 'AQID'),
    problem: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })),
    codes: fc.dictionary(fc.stringMatching(/^[ -~]{1,8}$/), fc.nat(), { maxKeys: 5 }),
  });
  fc.assert(
    fc.property(notes, (note) => {
      expect(readReportNote(writeReportNote(note))).toEqual(note);
    }),
  );
  expect(readReportNote('')).toEqual(emptyNote);
});

test.each(['-', '=', '', ' '])('the problem %j is told from no problem', (problem) => {
  const note = { ...emptyNote, problem };
  expect(readReportNote(writeReportNote(note))).toEqual(note);
});

test('it fits into a position, whatever codes and problem there are', () => {
  const codes = Object.fromEntries(
    Array.from({ length: failureCodesMax }, (_, index) => [`${'C'.repeat(99)}${index}`, index]),
  );
  const problem = 'é'.repeat(5000);
  const text = writeReportNote({ ...emptyNote, ordinals: 'A'.repeat(1500), codes, problem });
  expect(text.length).toBeLessThanOrEqual(positionNoteBytesMax);
  expect(readReportNote(text).problem?.startsWith('éééé')).toBe(true);
  const kept = Object.values(readReportNote(text).codes);
  expect(kept.length).toBeLessThan(failureCodesMax);
  expect(kept.reduce((sum, count) => sum + count)).toBe(
    (failureCodesMax * (failureCodesMax - 1)) / 2,
  );
});

test('what is no note is a bug', () => {
  expect(() => readReportNote('soon 0 0 0 0 - - -')).toThrow('cannot be read');
  expect(() => readReportNote('open x 0 0 0 - - -')).toThrow('No number');
});
