// The Java that a broker runs on. Kafka 4 needs 17 or newer; anything else is refused by name
// before it fails with a stack of its own.
import { execFile } from 'node:child_process';
import { kafkaProblem } from './kafka-problem.ts';

export interface Java {
  readonly command: string;
  /** Such as 17.0.15. */
  readonly version: string;
}

const majorMin = 17;
const remedy =
  'Install one (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) ' +
  'and put it on the PATH, or set JAVA_HOME.';

export function findJava(command = 'java'): Promise<Java> {
  return new Promise((resolve, reject) => {
    execFile(command, ['-version'], (error, stdout, stderr) => {
      const said = `${stderr}${stdout}`;
      const version = /version "([^"]+)"/.exec(said)?.[1];
      if (version === undefined) {
        const why = error === null ? said.trim() : error.message.trim();
        reject(kafkaProblem(`A Kafka broker needs Java ${majorMin} or newer: ${why}. ${remedy}`));
      } else if (majorOf(version) < majorMin) {
        reject(
          kafkaProblem(
            `A Kafka broker needs Java ${majorMin} or newer; ${command} is ${version}. ${remedy}`,
          ),
        );
      } else resolve({ command, version });
    });
  });
}

/** 17 of 17.0.15, 8 of 1.8.0_392. */
function majorOf(version: string): number {
  return Number(/^(?:1\.)?(\d+)/.exec(version)?.[1] ?? 0);
}
