// Several things at once, their results in order: the window of ranged GETs, HEADs, open files.
// Invariant: at most `atOnce` are under way or wait to be taken, and the first failure by index is
// the one that is thrown, whichever came first in time.

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown };

export async function* inOrder<T>(
  count: number,
  atOnce: number,
  start: (index: number) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const underWay: Promise<Settled<T>>[] = [];
  let started = 0;
  for (let taken = 0; taken < count; taken += 1) {
    while (started < count && started < taken + atOnce) {
      underWay.push(settle(start(started)));
      started += 1;
    }
    const settled = await underWay.shift();
    if (settled === undefined) throw new Error('inOrder: nothing under way');
    if (settled.kind === 'error') throw settled.error;
    yield settled.value;
  }
}

/** A promise that is not awaited yet must not reject. */
async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'value', value: await promise };
  } catch (error) {
    return { kind: 'error', error };
  }
}
