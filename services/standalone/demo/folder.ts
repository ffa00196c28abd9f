// The demo's own folder: data of this run (removed at the end) and the copy of its report (kept).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../adapters/process/make-folder.ts';
import type { Report } from './proof.ts';

export interface DemoFolder {
  readonly path: string;
  readonly data: string;
  write(name: string, text: string): string;
  /** Copies the report; returns the folder it lies in. */
  keepReport(report: Report): string;
  /** The data goes, and everything if there is no report to keep. */
  clean(): void;
}

/** Throws an Error that names the folder where it cannot be written. */
export function openFolder(parent: string): DemoFolder {
  const path = runFolder(resolve(parent));
  const data = join(path, 'data');
  let hasReport = false;
  return {
    path,
    data,
    write: (name, text) => {
      const file = join(path, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
    keepReport: (report) => {
      const folder = join(path, 'report');
      mkdirSync(join(folder, 'results'), { recursive: true });
      writeFileSync(join(folder, 'manifest.json'), report.manifestText);
      // The names of parts are hex digits that the service chose, never a user's key.
      report.parts.forEach(({ key, text }) => {
        writeFileSync(join(folder, 'results', key.replace(/^.*\//, '')), text);
      });
      hasReport = true;
      return folder;
    },
    clean: () => {
      rmSync(hasReport ? data : path, { recursive: true, force: true });
    },
  };
}

function runFolder(parent: string): string {
  try {
    makeFolder(parent);
    return mkdtempSync(join(parent, 'run-'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot write to ${parent}: ${reason}\nGive the demo a folder it may write to: npm run demo -- --directory FOLDER`,
      { cause: error },
    );
  }
}
