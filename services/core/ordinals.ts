// A set of ordinals that fills up from below: all of them under a top, but for the holes. Written
// as text it fits into a lane's position note. The worker keeps in it which tasks are finished,
// the reporter which results it has counted.
// Text: '' is the empty set; else base64 of LEB128 varints: low (the first hole), the distance from
// each hole to the next, and from the last hole to the top.

/** A lane admits no more unfinished tasks than this, so that its holes fit into the note. */
export const holesMax = 512;
/** What holesMax holes take while they lie fewer than 16,384 apart; a note may hold 2,048. */
export const ordinalsTextMax = 1500;
/** A jump that leaves more holes than all tasks in flight of a process is a bug. */
export const ordinalsJumpMax = 65_536;

export interface Ordinals {
  /** False if it is there already. */
  add(ordinal: number): boolean;
  has(ordinal: number): boolean;
  /** Every ordinal below is in the set; this one is not. */
  readonly low: number;
  /** How many are in the set. */
  readonly count: number;
  /** How many are missing below the highest; at most holesMax where a lane keeps its limit. */
  readonly holes: number;
  text(): string;
}

/** Throws when the text is none that text() returned. */
export function openOrdinals(text: string): Ordinals {
  const [first = 0, ...distances] = text === '' ? [] : readVarints(text);
  const holes = new Set<number>();
  let low = first;
  let top = first;
  for (const distance of distances) {
    if (distance === 0) throw notOrdinals(text);
    holes.add(top);
    top += distance;
  }
  if (distances.at(-1) === 1) throw notOrdinals(text);

  function insert(ordinal: number): boolean {
    if (ordinal < top) return holes.delete(ordinal);
    if (ordinal - top > ordinalsJumpMax) {
      throw new Error(`Ordinal ${ordinal} is more than ${ordinalsJumpMax} above ${top}.`);
    }
    for (; top < ordinal; top += 1) holes.add(top);
    top += 1;
    return true;
  }

  return {
    add(ordinal) {
      if (!Number.isSafeInteger(ordinal) || ordinal < 0) {
        throw new Error(`${ordinal} is not an ordinal.`);
      }
      const added = insert(ordinal);
      while (low < top && !holes.has(low)) low += 1;
      return added;
    },
    has: (ordinal) => ordinal < top && !holes.has(ordinal),
    get low() {
      return low;
    },
    get count() {
      return top - holes.size;
    },
    get holes() {
      return holes.size;
    },
    text() {
      if (top === 0) return '';
      const corners = [...holes].sort((a, b) => a - b);
      return writeVarints([low, ...corners.map((hole, at) => (corners[at + 1] ?? top) - hole)]);
    },
  };
}

function writeVarints(values: readonly number[]): string {
  const bytes: number[] = [];
  for (let value of values) {
    while (value >= 0x80) {
      bytes.push((value % 0x80) + 0x80);
      value = Math.floor(value / 0x80);
    }
    bytes.push(value);
  }
  return btoa(String.fromCharCode(...bytes));
}

function readVarints(text: string): number[] {
  const bytes = bytesOf(text);
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes.charCodeAt(at);
    value += (byte % 0x80) * scale;
    scale *= 0x80;
    if (!Number.isSafeInteger(value)) throw notOrdinals(text);
    if (byte >= 0x80) continue;
    values.push(value);
    value = 0;
    scale = 1;
  }
  if (scale !== 1) throw notOrdinals(text);
  return values;
}

function bytesOf(text: string): string {
  try {
    return atob(text);
  } catch {
    throw notOrdinals(text);
  }
}

function notOrdinals(text: string): Error {
  return new Error(`"${text}" is not a set of ordinals.`);
}
