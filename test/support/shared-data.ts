// Where the recorded deliveries and requests are: the folder that SHARED_DIR names, else `shared`
// beside the project. Absent: tests that need it are skipped loudly, and fail when CI=true.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const sharedFolder = resolve(process.env.SHARED_DIR ?? join(process.cwd(), '..', 'shared'));

/** The path of a recorded file, or null if it is not on this machine. */
export function sharedFile(...parts: readonly string[]): string | null {
  const path = join(sharedFolder, ...parts);
  if (existsSync(path)) return path;
  if (process.env.CI === 'true') {
    throw new Error(`${path} is missing; set SHARED_DIR to the folder that holds it.`);
  }
  console.warn(`SKIPPED for want of ${path}: set SHARED_DIR to the folder that holds it.`);
  return null;
}
