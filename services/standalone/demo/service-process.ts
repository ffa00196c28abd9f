// The service as its own process, started as `npm start` would start it (or, for one of the four
// alone, as `npm run worker` would), and stopped politely.
import { type ChildProcess, fork } from 'node:child_process';
import type { ServiceName } from '../thread-data.ts';

export interface ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export type ParentEnvironment = Readonly<Record<string, string | undefined>>;

const stopMsMax = 15_000;

export async function startService(
  environment: Readonly<Record<string, string>>,
  parent: ParentEnvironment,
  onLog: (line: string) => void,
  alone: ServiceName | null = null,
): Promise<ServiceProcess> {
  const program = new URL(alone === null ? '../main.ts' : '../service.ts', import.meta.url);
  const child = fork(program, alone === null ? [] : [alone], {
    env: { ...inherited(parent), ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== '')) {
        lines.push(line);
        onLog(line);
      }
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message) => {
      const said: { readonly url?: unknown } = typeof message === 'object' ? { ...message } : {};
      if (typeof said.url === 'string') resolve(said.url);
    });
    void ended.then(() => reject(new Error(`the service did not start:\n${lines.join('\n')}`)));
  });
  return {
    url,
    process: child,
    stop: async () => {
      const force = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(force);
    },
  };
}

/**
 * The settings of the person who runs the demo are for their own installation, not for this one:
 * only what any process needs is handed down.
 */
function inherited(parent: ParentEnvironment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_OPTIONS']) {
    const value = parent[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
