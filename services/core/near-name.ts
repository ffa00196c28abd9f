// The known name that somebody may have meant who wrote another: the nearest one, if it is no more
// than two letters away (put in, left out or written wrong).
const lettersMax = 2;

export function nearName(name: string, known: readonly string[]): string | null {
  let nearest: { readonly name: string; readonly letters: number } | null = null;
  for (const candidate of known) {
    const letters = lettersBetween(name, candidate);
    if (letters < (nearest?.letters ?? lettersMax + 1)) nearest = { name: candidate, letters };
  }
  return nearest === null ? null : nearest.name;
}

/** Levenshtein's distance, a row per letter of a. */
function lettersBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of a.split('').entries()) {
    let left = at + 1;
    const next = [left];
    for (const [index, other] of b.split('').entries()) {
      const replaced = Math.min(...row.slice(index, index + 1)) + (letter === other ? 0 : 1);
      const removed = Math.min(...row.slice(index + 1, index + 2)) + 1;
      left = Math.min(left + 1, removed, replaced);
      next.push(left);
    }
    row = next;
  }
  return Math.min(...row.slice(-1));
}
