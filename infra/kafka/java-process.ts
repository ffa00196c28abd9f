// A Java process that a test or a command starts, and what becomes of it when that ends. A guarded
// one dies with its parent, even if the parent is killed with -9: a shell of its own session reads
// a pipe that only the parent holds open, and kills the Java process at the pipe's end.
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

const guardScript = 'trap "" INT TERM HUP; read -r word; [ "$word" = ended ] || kill -9 "$0"';

/** outputFile: both its outputs are appended there. */
export function startJava(
  command: string,
  words: readonly string[],
  outputFile: string,
  isGuarded: boolean,
): JavaProcess {
  const output = openSync(outputFile, 'a');
  const child = spawn(command, words, {
    stdio: ['ignore', output, output],
    detached: !isGuarded,
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.once('error', () => {});
    throw kafkaProblem(`${command} could not be started.`);
  }
  const guard = isGuarded ? startGuard(pid) : null;
  let how: string | null = null;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      how = signal === null ? `exit code ${code}` : signal;
      guard?.stdin?.end('ended\n');
      resolve(how);
    });
  });
  if (!isGuarded) child.unref();
  return {
    pid,
    ended,
    hasEnded: () => how !== null,
    send: (signal) => {
      child.kill(signal);
    },
  };
}

function startGuard(pid: number): ChildProcess {
  const guard = spawn('sh', ['-c', guardScript, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.stdin?.on('error', () => {});
  guard.unref();
  return guard;
}
