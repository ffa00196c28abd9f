// A Java process that a test or a command starts, and what becomes of it when that ends. A guarded
// one dies with its parent, even if the parent is killed with -9: a shell of its own session reads
// a pipe that only the parent holds open, and kills the Java process at the pipe's end. A throwaway
// folder goes with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { kafkaProblem } from './kafka-problem.ts';

export interface JavaProcess {
  readonly pid: number;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  send(signal: NodeJS.Signals): void;
}

/** What becomes of the process, and of its folder, when we end. */
export type Guard = { readonly throwaway: string | null } | null;

const guardScript = [
  'trap "" INT TERM HUP',
  'read -r word',
  '[ "$word" = ended ] && exit',
  'kill -9 "$0"',
  'while kill -0 "$0"; do sleep 0.1; done',
  '[ -z "$1" ] || rm -rf "$1"',
].join('; ');

/** outputFile: both its outputs are appended there. */
export function startJava(
  command: string,
  words: readonly string[],
  outputFile: string,
  guardedBy: Guard,
): JavaProcess {
  const output = openSync(outputFile, 'a');
  const child = spawn(command, words, {
    stdio: ['ignore', output, output],
    detached: guardedBy === null,
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.once('error', () => {});
    throw kafkaProblem(`${command} could not be started.`);
  }
  const guard = guardedBy === null ? null : startGuard(pid, guardedBy.throwaway ?? '');
  let how: string | null = null;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      how = signal === null ? `exit code ${code}` : signal;
      guard?.stdin?.end('ended\n');
      resolve(how);
    });
  });
  if (guardedBy === null) child.unref();
  return {
    pid,
    ended,
    hasEnded: () => how !== null,
    send: (signal) => {
      child.kill(signal);
    },
  };
}

function startGuard(pid: number, throwaway: string): ChildProcess {
  const guard = spawn('sh', ['-c', guardScript, String(pid), throwaway], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.stdin?.on('error', () => {});
  guard.unref();
  return guard;
}
