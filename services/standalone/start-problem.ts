// A start that cannot succeed as configured: the text names the setting and the remedy. Whoever
// starts a process prints it and ends, since another try would say the same.

export interface StartProblem extends Error {
  readonly name: 'StartProblem';
}

export function isStartProblem(error: unknown): error is StartProblem {
  return error instanceof Error && error.name === 'StartProblem';
}

/** One sentence per problem. */
export function startProblem(...problems: readonly string[]): StartProblem {
  const message = problems.join('\ns3batch: ');
  return Object.assign(new Error(message), { name: 'StartProblem' as const });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
