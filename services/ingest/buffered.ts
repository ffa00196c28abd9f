// Counts the bytes that ingest holds ahead of the rows, over all jobs: a figure for operators, and
// the proof that memory stays flat.

export interface Buffered {
  readonly bytes: number;
  /** The most there ever was. */
  readonly bytesMost: number;
  add(bytes: number): void;
}

export function countBuffered(): Buffered {
  let held = 0;
  let most = 0;
  return {
    get bytes() {
      return held;
    },
    get bytesMost() {
      return most;
    },
    add(bytes) {
      held += bytes;
      most = Math.max(most, held);
    },
  };
}
