// A start that does not succeed: the text names what is wrong and the remedy. Whoever starts a
// process prints it and ends. Settings do not mend themselves; brokers may, so that whoever
// restarts processes should try again.

export interface StartProblem extends Error {
  readonly name: 'StartProblem';
  readonly lies: 'in settings' | 'at brokers';
}

export function isStartProblem(error: unknown): error is StartProblem {
  return error instanceof Error && error.name === 'StartProblem';
}

/** One sentence per problem. */
export function startProblem(...problems: readonly string[]): StartProblem {
  return problemOf(problems.join('\ns3batch: '), 'in settings');
}

export function brokerProblem(problem: string): StartProblem {
  return problemOf(problem, 'at brokers');
}

function problemOf(message: string, lies: StartProblem['lies']): StartProblem {
  return Object.assign(new Error(message), { name: 'StartProblem' as const, lies });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
