// The jars of a broker (pom.xml), brought once by Maven into a folder and used by every start after
// that. The folder appears by a rename, whole or not at all; of two processes that want it at once
// one works and the other waits, by a lock that ends with its holder.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { kafkaProblem } from './kafka-problem.ts';

const lockLookMs = 100;
const outputBytesMax = 10 * 1024 * 1024;
const lastLinesShown = 5;

/** Where the jars are unless somebody says otherwise: beside the project's sources. */
export const defaultJarsFolder = join(import.meta.dirname, '..', '..', '.kafka', 'libs-4.1.1');

export function jarsAreHere(folder: string): boolean {
  return existsSync(folder);
}

/** The paths of all jars, in one order, since a class archive remembers it. */
export async function bringJars(folder: string, onSlow: (what: string) => void): Promise<string[]> {
  if (!jarsAreHere(folder)) await bringOnce(resolve(folder), onSlow);
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  if (jars.length === 0) {
    throw kafkaProblem(`${folder} holds no jars. Remove it; the next start brings them.`);
  }
  return jars.toSorted().map((name) => join(folder, name));
}

async function bringOnce(folder: string, onSlow: (what: string) => void): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const unlock = await lockFile(`${folder}.lock`);
  try {
    if (jarsAreHere(folder)) return;
    onSlow('bringing the jars of Kafka with Maven, once');
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    await copyDependencies(partial);
    renameSync(partial, folder);
  } finally {
    unlock();
  }
}

function copyDependencies(folder: string): Promise<void> {
  const words = [
    '--batch-mode',
    '--quiet',
    '--no-transfer-progress',
    '--strict-checksums',
    '--file',
    join(import.meta.dirname, 'pom.xml'),
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${folder}`,
  ];
  return new Promise((done, reject) => {
    execFile('mvn', words, { maxBuffer: outputBytesMax }, (error, stdout) => {
      if (error === null) done();
      else if ('code' in error && error.code === 'ENOENT') {
        reject(
          kafkaProblem(
            'The jars of Kafka are not here yet, and Maven (mvn), which brings them, is not ' +
              'installed. Install it (Debian: apt-get install maven; macOS: brew install maven), ' +
              `or copy the folder ${folder.replace(/\.partial$/, '')} from another machine.`,
          ),
        );
      } else {
        const last = stdout.trim().split('\n').slice(0, lastLinesShown).join('\n');
        reject(
          kafkaProblem(
            `Maven could not bring the jars of Kafka:\n${last}\nCheck the network, and the ` +
              'mirror in ~/.m2/settings.xml if there is one; then try again.',
          ),
        );
      }
    });
  });
}

/** An exclusive transaction holds the lock, so that it ends with the process, however that ends. */
async function lockFile(path: string): Promise<() => void> {
  for (;;) {
    const lock = new DatabaseSync(path, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return () => lock.close();
    } catch (error) {
      lock.close();
      if (!(error instanceof Error) || !error.message.includes('locked')) throw error;
    }
    await pause(lockLookMs);
  }
}
