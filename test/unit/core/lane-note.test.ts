import { expect, test } from 'vitest';
import { laneStateOf, stoppedNote } from '../../../services/core/lane-note.ts';
import { openOrdinals } from '../../../services/core/ordinals.ts';

test('a new lane is open, and each state is read back', () => {
  expect(laneStateOf('')).toBe('open');
  expect(laneStateOf('exhausted AAA=')).toBe('exhausted');
  expect(laneStateOf('stopped ')).toBe('stopped');
});

test('a note that no lane has is refused', () => {
  expect(() => laneStateOf('half-done AAA=')).toThrow('cannot be read');
});

test('stopping keeps which tasks are done', () => {
  const done = openOrdinals('');
  done.add(0);
  done.add(2);
  expect(stoppedNote(`open ${done.text()}`)).toBe(`stopped ${done.text()}`);
  expect(stoppedNote('')).toBe('stopped ');
});
