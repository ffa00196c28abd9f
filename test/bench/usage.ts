// What a process or a folder takes: Linux's own figures.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ticksPerSecond = 100;
const kibibytesPerMebibyte = 1024;
const bytesPerMebibyte = 1024 * 1024;

export interface Usage {
  /** User and system time so far. */
  readonly cpuSeconds: number;
  /** The peak of the resident set so far. */
  readonly peakMiB: number;
}

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / kibibytesPerMebibyte,
  };
}

export function folderMiB(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { encoding: 'utf8', recursive: true })) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    // A broker makes its indexes 10 MiB long, most of it a hole.
    if (stat?.isFile() === true && !name.endsWith('index')) bytes += stat.size;
  }
  return bytes / bytesPerMebibyte;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}
