// The note of a reporter's position: which ordinals were taken before it, how many rows of the
// slice at `next` are among them, what they add up to, and why the lane's report was given up, if
// it was. Text: fields with a blank between them; codes as name=count with commas, all names URL-
// encoded.
import { positionNoteBytesMax } from '../core/log.ts';
import { type Codes, otherCode, type Totals } from './tally.ts';

export type ReportState = 'open' | 'exhausted' | 'stopped';

export interface ReportNote extends Totals {
  readonly state: ReportState;
  /** Rows of the slice at the position's next that were taken. */
  readonly rows: number;
  /** core/ordinals.ts */
  readonly ordinals: string;
  readonly problem: string | null;
}

const problemCharactersMax = 300;

const states: readonly ReportState[] = ['open', 'exhausted', 'stopped'];
const none = '-';
/** Leads a problem, whose text may be anything, `none` included. */
const some = '=';

export const emptyNote: ReportNote = {
  state: 'open',
  rows: 0,
  succeeded: 0,
  failed: 0,
  retries: 0,
  codes: {},
  ordinals: '',
  problem: null,
};

export function writeReportNote(note: ReportNote): string {
  const { state, rows, succeeded, failed, retries, ordinals } = note;
  const problem = note.problem === null ? none : `${some}${encodedProblem(note.problem)}`;
  const counts = [state, rows, succeeded, failed, retries, ordinals === '' ? none : ordinals];
  const front = `${counts.join(' ')} ${problem} `;
  return front + writeCodes(note.codes, positionNoteBytesMax - front.length);
}

/** At most problemCharactersMax once encoded, so that the note has room for the rest. */
function encodedProblem(problem: string): string {
  const characters = Array.from(problem.toWellFormed()).slice(0, problemCharactersMax);
  const text = () => encodeURIComponent(characters.join(''));
  while (text().length > problemCharactersMax) characters.pop();
  return text();
}

/** Where the codes do not fit, the rarest are counted together. */
function writeCodes(codes: Codes, charactersMax: number): string {
  const ranked = Object.entries(codes)
    .filter(([code]) => code !== otherCode)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  let other = codes[otherCode] ?? 0;
  for (;;) {
    const pairs = other === 0 ? ranked : [...ranked, [otherCode, other] as const];
    const text = pairs.map(([code, count]) => `${encodeURIComponent(code)}=${count}`).join(',');
    const rarest = text.length > charactersMax ? ranked.pop() : undefined;
    if (rarest === undefined) return text === '' ? none : text;
    other += rarest[1];
  }
}

export function readReportNote(note: string): ReportNote {
  if (note === '') return emptyNote;
  const [stateText, rows, succeeded, failed, retries, ordinals, problem, codes] = note.split(' ');
  const state = states.find((one) => one === stateText);
  if (state === undefined || codes === undefined || problem === undefined) {
    throw new Error(`The note of a reporter's lane cannot be read: ${note}`);
  }
  return {
    state,
    rows: count(rows, note),
    succeeded: count(succeeded, note),
    failed: count(failed, note),
    retries: count(retries, note),
    codes: readCodes(codes, note),
    ordinals: ordinals === undefined || ordinals === none ? '' : ordinals,
    problem: problem === none ? null : decodeURIComponent(problem.slice(some.length)),
  };
}

function readCodes(text: string, note: string): Codes {
  if (text === none) return {};
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [code = '', number] = pair.split('=');
      return [decodeURIComponent(code), count(number, note)];
    }),
  );
}

function count(text: string | undefined, note: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`No number where one should be: ${note}`);
  return value;
}
