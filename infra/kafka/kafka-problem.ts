// A broker could not be brought or started for a reason that its user can mend: the message names
// what is wrong and the remedy, so that a command prints it alone, without a stack.

export interface KafkaProblem extends Error {
  readonly name: 'KafkaProblem';
}

export function kafkaProblem(message: string): KafkaProblem {
  return Object.assign(new Error(message), { name: 'KafkaProblem' as const });
}

export function isKafkaProblem(error: unknown): error is KafkaProblem {
  return error instanceof Error && error.name === 'KafkaProblem';
}
