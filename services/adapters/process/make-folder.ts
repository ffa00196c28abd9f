// Makes a folder and those above it that are missing.
// Not by mkdir's own `recursive`: it never returns where nothing can be made, as in /proc.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** mode is that of the folders that are made. Throws the system's error. */
export function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error;
  }
}
