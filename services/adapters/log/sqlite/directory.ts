// The data directory: who may use it, what its files are called, how one is dropped. Database files
// are only ever renamed, unlinked and stat-ed here: opening one by fs would drop SQLite's locks.
// Invariant: one owner at a time, proved by the exclusive transaction held on owner.lock for life.
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Space } from '../../../core/log.ts';
import { makeFolder } from '../../process/make-folder.ts';
import { Database, sqliteBusy, sqliteCode } from './database.ts';

const lockName = 'owner.lock';
const fileSuffix = '.sqlite';
const droppedSuffix = '.dropped';
const nameBytesMax = 200;

/** f_type of Linux's network file systems, whose locks and syncs cannot be relied on. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);

/** Refuses, with the remedy in the message, what must not hold the log. */
export function prepareDirectory(directory: string): void {
  if (existsSync(directory)) {
    if (!statSync(directory).isDirectory()) throw new Error(`${directory} is not a directory`);
    const names = readdirSync(directory);
    if (names.length > 0 && !names.includes(lockName)) {
      const remedy = 'Set S3BATCH_DATA to an empty or new one';
      throw new Error(`${directory} holds files that are not this log's. ${remedy}`);
    }
  } else {
    try {
      makeFolder(resolve(directory), 0o700);
    } catch (error) {
      throw new Error(`${directory} cannot be made: ${messageOf(error)}`, { cause: error });
    }
  }
  refuseNetwork(directory, statfsSync(directory).type);
  if ((statSync(directory).mode & 0o077) === 0) return;
  try {
    chmodSync(directory, 0o700);
  } catch (error) {
    const why = `${directory} is open to other users, and its mode cannot be set to 0700`;
    throw new Error(`${why}: ${messageOf(error)}`, { cause: error });
  }
}

export function refuseNetwork(directory: string, type: number): void {
  const name = networkFileSystems.get(type);
  if (name === undefined) return;
  const remedy = 'Set S3BATCH_DATA to a directory on a local disk';
  throw new Error(`${directory} lies on a network file system (${name}). ${remedy}`);
}

/** Held until the process ends or the returned function is called. */
export function lockDirectory(directory: string, beforeStatement: () => void): () => void {
  const path = join(directory, lockName);
  let lock: Database | null = null;
  try {
    lock = new Database(path, beforeStatement, 0);
    lock.exec('BEGIN EXCLUSIVE');
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) === sqliteBusy) {
      const remedy = 'Stop that one, or set S3BATCH_DATA to another directory';
      throw new Error(`${directory} is in use by another process. ${remedy}`, { cause: error });
    }
    const remedy = 'Check that the directory can be written, or set S3BATCH_DATA to another';
    throw new Error(`${path} cannot be locked: ${messageOf(error)}. ${remedy}`, { cause: error });
  }
}

/** Lower-case letters, digits, - and . stand for themselves, all else is _ and hex per byte. */
export function fileOf(directory: string, space: Space): string {
  const plain = /[a-z0-9.-]/;
  const bytes = [...new TextEncoder().encode(space)];
  const name = bytes
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return plain.test(letter) ? letter : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  if (name.length > nameBytesMax) throw new Error(`the space name ${space} is too long`);
  return join(directory, `${name}${fileSuffix}`);
}

/** The space a file name stands for, or null if it is none of ours. */
export function spaceOf(name: string): Space | null {
  const stem = name.slice(0, -fileSuffix.length);
  const hex = stem.replace(/[^_]|_[0-9a-f]{2}/g, (part) =>
    part.length === 3 ? part.slice(1) : part.charCodeAt(0).toString(16).padStart(2, '0'),
  );
  const text = new TextDecoder().decode(
    Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
  );
  if (text === 'control' || text === 'events') return text;
  return text.startsWith('job.') && text.length > 4 ? `job.${text.slice(4)}` : null;
}

/** Clears what a crash left of drops and creations, then names the files there are. */
export function filesOf(directory: string): readonly string[] {
  const names = readdirSync(directory);
  const files = names.filter((name) => name.endsWith(fileSuffix));
  const whole = new Set(files);
  for (const name of names) {
    const owner = name.replace(/-(wal|shm|journal)$/, '');
    const orphan = owner !== name && owner.endsWith(fileSuffix) && !whole.has(owner);
    const unfinished = /\.sqlite\.(creating|dropped)(-wal|-shm|-journal)?$/.test(name);
    if (orphan || unfinished) rmSync(join(directory, name), { force: true });
  }
  return files;
}

/**
 * Gone for good when it resolves; the unlink of a large file takes a second, so it has a thread.
 */
export async function dropFile(directory: string, path: string): Promise<void> {
  renameSync(path, `${path}${droppedSuffix}`);
  for (const left of ['-wal', '-shm']) rmSync(`${path}${left}`, { force: true });
  syncDirectory(directory);
  await rm(`${path}${droppedSuffix}`, { force: true });
}

export function bytesOnDisk(path: string): number {
  const sizes = [path, `${path}-wal`].map(
    (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
