// The programs that a document shows, made into files and run as a reader would: each code block
// whose first line names a file. They find npm's packages and the schemas where the project does.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from './clients.ts';

const project = new URL('../..', import.meta.url).pathname;
const programMsMax = 60_000;
const block = /^```(?:js|python)\n(?:\/\/|#) (?<name>[a-z_-]+\.(?:mjs|py))[^\n]*\n[^]*?^```$/gm;

export interface DocPrograms extends Disposable {
  readonly names: readonly string[];
  /** Where they stand; a file for one of them may be put beside them. */
  readonly folder: string;
  /** Resolves with what it printed when it has ended well; rejects with its errors. */
  run(name: string, words: readonly string[], environment: Environment): Promise<string>;
  /** For one that goes on: resolves with its lines as soon as they are as wanted, and ends it. */
  until(name: string, environment: Environment, wanted: Wanted): Promise<readonly string[]>;
}

type Environment = Readonly<Record<string, string>>;
type Wanted = (lines: readonly string[]) => boolean;

export function openDocPrograms(document: string): DocPrograms {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-doc-'));
  const names: string[] = [];
  const text = readFileSync(join(project, document), 'utf8');
  for (const { 0: whole, groups } of text.matchAll(block)) {
    const name = groups?.name ?? '';
    names.push(name);
    writeFileSync(join(folder, name), whole.split('\n').slice(1, -1).join('\n'));
  }
  for (const name of ['node_modules', 'schemas'])
    symlinkSync(join(project, name), join(folder, name));

  function start(name: string, words: readonly string[], environment: Environment): ChildProcess {
    const command = name.endsWith('.py') ? python : process.execPath;
    const { PATH = '' } = process.env;
    const env = { PATH, KAFKAJS_NO_PARTITIONER_WARNING: '1', ...environment };
    return spawn(command, [name, ...words], { cwd: folder, env });
  }

  return {
    names,
    folder,
    run: (name, words, environment) => watched(start(name, words, environment), null),
    until: async (name, environment, wanted) => {
      const printed = await watched(start(name, [], environment), wanted);
      return linesOf(printed);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** wanted null: until it has ended by itself. */
function watched(child: ChildProcess, wanted: Wanted | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let errors = '';
    let isEnough = false;
    const timer = setTimeout(() => child.kill('SIGKILL'), programMsMax);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      isEnough ||= wanted?.(linesOf(printed)) === true;
      if (isEnough) child.kill('SIGKILL');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (isEnough || (wanted === null && code === 0)) resolve(printed);
      else {
        const name = child.spawnargs.join(' ');
        reject(new Error(`${name} ended with ${code ?? signal}: ${printed}${errors}`));
      }
    });
  });
}
