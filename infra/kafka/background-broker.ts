// The broker of `npm run kafka`, which lives on when the command has ended. What is known of it
// stands in its data folder: the number of its process and its properties. A number alone proves
// nothing, since systems give it again: the process must also run on those very properties.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type BrokerFiles, brokerFilesIn } from './broker-files.ts';
import { kafkaProblem } from './kafka-problem.ts';

export interface BackgroundBroker {
  readonly pid: number;
  /** host:port */
  readonly address: string;
  readonly logFile: string;
}

const stopMsMax = 30_000;
const stopLookMs = 50;

export async function findBackgroundBroker(folder: string): Promise<BackgroundBroker | null> {
  const files = brokerFilesIn(resolve(folder));
  if (!existsSync(files.pidFile) || !existsSync(files.propertiesFile)) return null;
  const pid = Number(readFileSync(files.pidFile, 'utf8'));
  if (!(pid > 0) || !(await runsOn(pid, files.propertiesFile))) return null;
  return { pid, address: addressIn(files), logFile: files.logFile };
}

/** Resolves when its process is gone, with whether it went by itself. */
export async function stopBackgroundBroker(
  folder: string,
  { pid }: BackgroundBroker,
): Promise<'stopped' | 'killed'> {
  process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + stopMsMax;
  while ((await findBackgroundBroker(folder))?.pid === pid) {
    if (performance.now() > deadline) {
      process.kill(pid, 'SIGKILL');
      return 'killed';
    }
    await pause(stopLookMs);
  }
  return 'stopped';
}

function runsOn(pid: number, propertiesFile: string): Promise<boolean> {
  return new Promise((done, reject) => {
    execFile('ps', ['-ww', '-o', 'args=', '-p', String(pid)], (error, stdout) => {
      if (error !== null && 'code' in error && error.code === 'ENOENT') {
        reject(kafkaProblem('ps is not installed; Debian has it in the package procps.'));
      } else done(stdout.trim().endsWith(` ${propertiesFile}`));
    });
  });
}

function addressIn({ propertiesFile }: BrokerFiles): string {
  const text = readFileSync(propertiesFile, 'utf8');
  return /^advertised\.listeners=PLAINTEXT:\/\/([^,\n]+)/m.exec(text)?.[1] ?? 'unknown';
}
