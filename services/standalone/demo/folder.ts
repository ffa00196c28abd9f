// The demo's own folder: data and files of this run (removed at the end) and the copy of its report
// (kept).
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../adapters/process/make-folder.ts';
import type { Report } from './proof.ts';

export interface DemoFolder {
  readonly path: string;
  readonly data: string;
  write(name: string, text: string): string;
  /** Copies the report; returns the folder it lies in. */
  keepReport(report: Report): string;
  /** All but the report goes; returns the folder that holds the report, null: nothing is left. */
  clean(): string | null;
}

const reportName = 'report';

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
      const folder = join(path, reportName);
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
      if (!hasReport) {
        rmSync(path, { recursive: true, force: true });
        return null;
      }
      for (const name of readdirSync(path)) {
        if (name !== reportName) rmSync(join(path, name), { recursive: true, force: true });
      }
      return join(path, reportName);
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
