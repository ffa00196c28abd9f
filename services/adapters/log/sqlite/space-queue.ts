// What waits to be committed in one space, small operations apart from bulk, so that a
// coordinator's record never waits behind megabytes.
// Invariant: operations of one session keep their order; a transaction takes all small ones, or
// bulk up to transactionBytesMax (at least one).

/** Runs inside a transaction and says what to do once that is durable. Throws before it writes. */
export interface Operation {
  readonly session: object;
  readonly bytes: number;
  readonly run: () => () => void;
  readonly fail: (error: unknown) => void;
}

const smallBytesMax = 64 * 1024;
const transactionBytesMax = 4 * 1024 * 1024;

export class SpaceQueue {
  #small: Operation[] = [];
  readonly #bulk: Operation[] = [];

  push(operation: Operation): void {
    const behindBulk = this.#bulk.some(({ session }) => session === operation.session);
    if (operation.bytes > smallBytesMax || behindBulk) this.#bulk.push(operation);
    else this.#small.push(operation);
  }

  get isEmpty(): boolean {
    return this.#small.length === 0 && this.#bulk.length === 0;
  }

  takeSmall(): readonly Operation[] {
    const taken = this.#small;
    this.#small = [];
    return taken;
  }

  takeBulk(): readonly Operation[] {
    let bytes = 0;
    let count = 0;
    for (const operation of this.#bulk) {
      bytes += operation.bytes;
      if (count > 0 && bytes > transactionBytesMax) break;
      count += 1;
    }
    return this.#bulk.splice(0, count);
  }
}
