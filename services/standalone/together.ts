// Runs parts of one service side by side: when one ends or fails, the others are stopped, and the
// first failure is the failure of all.

export async function together(
  signal: AbortSignal,
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const stopping = new AbortController();
  const until = AbortSignal.any([signal, stopping.signal]);
  let failure: { readonly error: unknown } | null = null;
  await Promise.all(
    parts.map((part) =>
      part(until)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => stopping.abort()),
    ),
  );
  throwFailure(failure);
}

function throwFailure(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}
