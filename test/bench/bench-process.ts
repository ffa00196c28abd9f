// The processes that a bench forks: each says one thing when it is ready, and answers when asked.
import { type ChildProcess, fork } from 'node:child_process';
import type { NullS3Counts } from './null-s3.ts';

type Said = Readonly<Record<string, unknown>>;

export interface NullS3 {
  readonly pid: number;
  readonly url: string;
  readonly etag: string;
  counts(): Promise<NullS3Counts>;
  stop(): void;
}

/** rows: of the manifest that it serves. */
export async function openNullS3(rows: number): Promise<NullS3> {
  const child = fork(new URL('./null-s3.ts', import.meta.url), [String(rows)]);
  const said = await heard(child);
  return {
    pid: child.pid ?? 0,
    url: String(said['url']),
    etag: String(said['etag']),
    counts: async () => {
      const answer = heard(child);
      child.send('counts');
      const { counts } = await answer;
      // The null S3 is ours: this is the shape it sends.
      return counts as NullS3Counts;
    },
    stop: () => child.disconnect(),
  };
}

export interface LoopFigures {
  readonly perSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakMiB: number;
}

/** Runs client-loop.ts to its end. */
export async function runLoop(
  kind: 'undici' | 'sdk',
  url: string,
  requests: number,
): Promise<LoopFigures> {
  const file = new URL('./client-loop.ts', import.meta.url);
  const said = await heard(fork(file, [kind, url, String(requests)]));
  return {
    perSecond: Number(said['perSecond']),
    cpuSecondsPerMillion: Number(said['cpuSecondsPerMillion']),
    peakMiB: Number(said['peakMiB']),
  };
}

function heard(child: ChildProcess): Promise<Said> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve({ ...(typeof message === 'object' ? message : {}) });
    });
  });
}
