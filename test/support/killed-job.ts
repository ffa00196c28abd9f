// What the kill harnesses ask of a job whose services come and go: questions put again until they
// are answered, phases waited for, and the verdict of the independent script.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobView } from '../../services/standalone/demo/ask-control.ts';

const triesMax = 1_200;
const againMs = 50;
/** A process that is frozen takes the question and does not answer. */
const answerMsMax = 3_000;
const lookMs = 2;
const phases = ['New', 'Preparing', 'Ready', 'Active', 'Completing', 'Complete'];
const terminal = new Set(['Complete', 'Failed', 'Cancelled']);

export function isOver(status: string): boolean {
  return terminal.has(status);
}

/** The service may be starting; the same question again gets the same answer. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const patience = new AbortController();
    try {
      const late = pause(answerMsMax, null, { signal: patience.signal }).then(() => {
        throw new Error(`no answer in ${answerMsMax} ms`);
      });
      return await Promise.race([ask(), late]);
    } catch (error) {
      if (attempt === triesMax) throw error;
    } finally {
      patience.abort();
    }
    await pause(againMs);
  }
}

/** The wanted phase with so many tasks done, or one after it if it has passed. */
export async function untilPhase(
  describe: () => Promise<JobView>,
  wanted: string,
  done: number,
): Promise<JobView> {
  for (;;) {
    const job = await describe();
    const passed = phases.indexOf(job.status) - phases.indexOf(wanted);
    if (terminal.has(job.status) || passed > 0) return job;
    if (passed === 0 && job.succeeded + job.failed >= done) return job;
    await pause(lookMs);
  }
}

/** false: it ended otherwise, or not in time. */
export async function untilOver(
  describe: () => Promise<JobView>,
  msMax: number,
): Promise<{ readonly isComplete: boolean; readonly job: JobView }> {
  const startMs = performance.now();
  for (;;) {
    const job = await describe();
    if (terminal.has(job.status) || performance.now() - startMs > msMax) {
      return { isComplete: job.status === 'Complete', job };
    }
    await pause(againMs);
  }
}

/** Not synchronously: the sandbox that the script asks lives in this very process. */
export async function runCheck(
  python: string,
  factsFile: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<{ readonly isGood: boolean; readonly text: string }> {
  writeFileSync(factsFile, JSON.stringify(facts));
  const script = new URL('../system/check_job.py', import.meta.url).pathname;
  const child = spawn(python, [script, factsFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { isGood: code === 0, text: text.trim() };
}
