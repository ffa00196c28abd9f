// The file of one space: schema, prepared statements, and what may be done inside a transaction.
// A record's place is lane * 2^40 + offset, so a lane is one range of the primary key. Topics kept
// by consumption or time store whole batches, keyed by their last offset; compacted topics store
// one row per key. Invariant: head, epochs, positions and records change in the same transaction.
import { Buffer } from 'node:buffer';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { logError, type Position, type Space, type TopicShape } from '../../../core/log.ts';
import {
  bigintOf,
  bytesOf,
  Database,
  numberOf,
  type Statement,
  sqliteBusy,
  sqliteCode,
  textOf,
} from './database.ts';
import { encodeFrame, framesOf } from './frame.ts';
import type { Batch, Records } from './protocol.ts';

/** 'S3BT'. */
const applicationId = 0x5333_4254;
const schemaVersion = 1;
const laneStride = 2 ** 40;
/** Rows per read of a compacted topic or of small batches. */
const rowsMax = 1_024;
const walBytesMax = 64 * 1024 * 1024;
export const trimStepBytes = 2 * 1024 * 1024;

export interface LaneInFile {
  readonly lane: number;
  readonly topic: string;
  readonly partition: number;
  readonly keep: TopicShape['keep'];
}

export interface Trimmed {
  readonly bytes: number;
  readonly more: boolean;
}

const schema = `
  PRAGMA page_size = 4096;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
  CREATE TABLE space (
    name TEXT NOT NULL, topics TEXT NOT NULL, closed INTEGER NOT NULL, head INTEGER NOT NULL
  );
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL,
    keptMs INTEGER NOT NULL, bytes BLOB NOT NULL
  );
  CREATE TABLE latest (
    id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, key BLOB NOT NULL, frame BLOB NOT NULL,
    UNIQUE (lane, key)
  );
  CREATE TABLE identities (
    identity TEXT PRIMARY KEY, epoch INTEGER NOT NULL, wrote INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE positions (
    identity TEXT PRIMARY KEY, next INTEGER NOT NULL, note BLOB NOT NULL
  ) WITHOUT ROWID;
`;

export interface FileLimits {
  readonly pagesMax: number;
  readonly beforeStatement: () => void;
}

/** Complete or absent: the file gets its name when it is whole and durable. */
export function createSpaceFile(
  path: string,
  space: Space,
  topics: readonly TopicShape[],
  limits: FileLimits,
  syncDirectory: () => void,
): void {
  const unfinished = `${path}.creating`;
  for (const left of [unfinished, `${unfinished}-journal`, `${path}-wal`, `${path}-shm`]) {
    rmSync(left, { force: true });
  }
  const database = new Database(unfinished, limits.beforeStatement);
  try {
    database.exec(schema);
    database.prepare('INSERT INTO space VALUES (?, ?, 0, 0)').run(space, JSON.stringify(topics));
  } finally {
    database.close();
  }
  if (existsSync(path)) throw new Error(`${path} exists`);
  limits.beforeStatement();
  renameSync(unfinished, path);
  syncDirectory();
}

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    saveHead: prepare('UPDATE space SET head = ?'),
    close: prepare('UPDATE space SET closed = 1'),
    addBatch: prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?)'),
    keepLatest: prepare('INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?)'),
    batchesFrom: prepare(
      `SELECT id, first, count, length(bytes) AS size FROM batches
       WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    ),
    batch: prepare('SELECT bytes FROM batches WHERE id = ?'),
    latestFrom: prepare(
      'SELECT id, frame FROM latest WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
    ),
    oldest: prepare('SELECT id, keptMs FROM batches WHERE id >= ? AND id < ? ORDER BY id LIMIT 64'),
    remove: prepare('DELETE FROM batches WHERE id >= ? AND id <= ?'),
    identity: prepare('SELECT epoch, wrote FROM identities WHERE identity = ?'),
    saveIdentity: prepare('INSERT OR REPLACE INTO identities VALUES (?, ?, ?)'),
    position: database.prepare('SELECT next, note FROM positions WHERE identity = ?', 'bigint'),
    savePosition: prepare('INSERT OR REPLACE INTO positions VALUES (?, ?, ?)'),
    readersOf: prepare(
      `SELECT coalesce(min(coalesce(p.next, 0)), -1) AS next
       FROM identities AS i LEFT JOIN positions AS p ON p.identity = i.identity
       WHERE substr(i.identity, -length(?1)) = ?1`,
    ),
  };
}

export class SpaceFile {
  readonly path: string;
  readonly space: Space;
  readonly topics: readonly TopicShape[];
  readonly lanes: readonly LaneInFile[];
  closed: boolean;
  /** The next offset; only transaction() moves it. */
  head: number;
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepareAll>;

  constructor(path: string, space: Space, limits: FileLimits) {
    this.path = path;
    // SQLite would make an empty one.
    if (!existsSync(path)) throw new Error(`${path} has vanished`);
    this.#database = openVerified(path, limits);
    try {
      const row = this.#database.prepare('SELECT name, topics, closed, head FROM space').get();
      if (row?.name !== space) throw foreign(path, `it holds the space ${String(row?.name)}`);
      this.space = space;
      this.topics = parseTopics(textOf(row.topics));
      this.closed = numberOf(row.closed) === 1;
      this.head = numberOf(row.head);
      this.lanes = lanesOf(this.topics);
      this.#sql = prepareAll(this.#database);
    } catch (error) {
      this.#database.close();
      throw named(path, error);
    }
  }

  end(): void {
    this.#database.close();
  }

  lane(topic: string, partition: number): LaneInFile {
    const found = this.lanes.find((lane) => lane.topic === topic && lane.partition === partition);
    if (found !== undefined) return found;
    throw misuse(`the space ${this.space} has no partition ${partition} of ${topic}`);
  }

  /** Moves the head only if the transaction commits. */
  transaction(act: () => void): void {
    const { head, closed } = this;
    try {
      this.#database.transaction(() => {
        act();
        if (this.head !== head) this.#sql.saveHead.run(this.head);
      });
    } catch (error) {
      this.head = head;
      this.closed = closed;
      throw error;
    }
  }

  /** Moves what has been committed from the write-ahead log into the file. */
  checkpoint(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    const walBytes = statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (walBytes > walBytesMax) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Inside a transaction. */
  markClosed(): void {
    this.#sql.close.run();
    this.closed = true;
  }

  /** Inside a transaction; the caller has checked the lane. */
  append({ lane, keep }: LaneInFile, batch: Batch, nowMs: number): void {
    const base = lane * laneStride;
    if (keep === 'compacted') {
      for (const frame of framesOf(batch.bytes)) {
        this.#sql.keepLatest.run(base + this.head, lane, frame.key, encodeFrame(frame));
        this.head += 1;
      }
      return;
    }
    const last = this.head + batch.count - 1;
    this.#sql.addBatch.run(base + last, this.head, batch.count, nowMs, batch.bytes);
    this.head = last + 1;
  }

  /** Inside a transaction: a position alone takes an offset too. */
  skipOffset(): void {
    this.head += 1;
  }

  epochOf(identity: string): number {
    return numberOf(this.#sql.identity.get(identity)?.epoch ?? 0);
  }

  /** Inside a transaction: bumps the epoch. */
  claim(identity: string): { readonly epoch: number; readonly position: Position } {
    const known = this.#sql.identity.get(identity);
    const wrote = numberOf(known?.wrote ?? 0);
    const row = this.#sql.position.get(identity);
    if (row === undefined && wrote === 1) {
      const what = `${this.path}: ${identity} wrote records here, but its position is missing`;
      throw logError(
        'broken',
        `${what}; starting it from 0 would repeat its work. Restore the file`,
      );
    }
    const epoch = numberOf(known?.epoch ?? 0) + 1;
    this.#sql.saveIdentity.run(identity, epoch, wrote);
    if (row === undefined) return { epoch, position: { next: 0n, note: '' } };
    const note = Buffer.from(bytesOf(row.note)).toString();
    return { epoch, position: { next: bigintOf(row.next), note } };
  }

  /** Inside a transaction. */
  savePosition(identity: string, epoch: number, position: Position, writes: boolean): void {
    this.#sql.savePosition.run(identity, position.next, Buffer.from(position.note));
    if (!writes) return;
    const wrote = numberOf(this.#sql.identity.get(identity)?.wrote ?? 0);
    if (wrote === 0) this.#sql.saveIdentity.run(identity, epoch, 1);
  }

  /** Whole batches until bytesMax is reached, at least one; bytes stand in offset order. */
  read({ lane, keep }: LaneInFile, from: number, bytesMax: number): Records {
    const base = lane * laneStride;
    const start = base + from;
    const end = base + laneStride;
    const rows =
      keep === 'compacted'
        ? this.#sql.latestFrom.all(start, end, rowsMax)
        : this.#sql.batchesFrom.all(start, end, rowsMax);
    const runs: number[] = [];
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let next = rows.length < rowsMax ? this.head : 0;
    for (const row of rows) {
      if (bytes >= bytesMax) {
        next = 0;
        break;
      }
      const id = numberOf(row.id);
      const part = bytesOf(row.frame ?? this.#sql.batch.get(id)?.bytes);
      const last = id - base;
      const count = row.count === undefined ? 1 : numberOf(row.count);
      runs.push(last - count + 1, count, part.length);
      parts.push(part);
      bytes += part.length;
    }
    // Cut short: the next read goes on behind the last record of this one.
    if (next === 0) next = (runs.at(-3) ?? 0) + (runs.at(-2) ?? 0);
    const [only] = parts;
    return { runs, bytes: parts.length === 1 && only ? only : Buffer.concat(parts), next };
  }

  /** Inside a transaction: drops at most one step of what every group has consumed. */
  trimConsumed(lane: LaneInFile): Trimmed {
    const next = this.#readTo(lane);
    return next > 0 ? this.#trim(lane.lane, next) : { bytes: 0, more: false };
  }

  /** The lowest position of all groups that read the lane; -1 if none does. */
  #readTo({ topic, partition }: LaneInFile): number {
    return numberOf(this.#sql.readersOf.get(`/${topic}/${partition}`)?.next);
  }

  /**
   * Inside a transaction: drops at most one step of what is older than the topic keeps. What a
   * group has still to read stays: a clock that was wrong for a while must not cost a command.
   */
  trimOld(file: LaneInFile, nowMs: number): Trimmed {
    const { lane, keep } = file;
    if (typeof keep === 'string') return { bytes: 0, more: false };
    const base = lane * laneStride;
    const readTo = this.#readTo(file);
    const end = readTo < 0 ? base + laneStride : base + readTo;
    const rows = this.#sql.oldest.all(base, base + laneStride);
    const old = rows.filter(
      (row) => numberOf(row.keptMs) < nowMs - keep.ms && numberOf(row.id) < end,
    );
    const last = old.at(-1);
    if (last === undefined) return { bytes: 0, more: false };
    const trimmed = this.#trim(lane, numberOf(last.id) - base + 1);
    return { bytes: trimmed.bytes, more: trimmed.more || old.length === rows.length };
  }

  #trim(lane: number, next: number): Trimmed {
    const base = lane * laneStride;
    const rows = this.#sql.batchesFrom.all(base, base + next, rowsMax);
    let bytes = 0;
    let count = 0;
    for (const row of rows) {
      if (bytes >= trimStepBytes) break;
      bytes += numberOf(row.size);
      count += 1;
    }
    const last = rows[count - 1];
    if (last === undefined) return { bytes: 0, more: false };
    this.#sql.remove.run(base, numberOf(last.id));
    return { bytes, more: count < rows.length || rows.length === rowsMax };
  }
}

/** A bug of the caller, found before anything was written. */
export function misuse(message: string): Error {
  return Object.assign(new Error(message), { name: 'MisuseError' });
}

function openVerified(path: string, limits: FileLimits): Database {
  const database = new Database(path, limits.beforeStatement);
  try {
    const id = numberOf(database.prepare('PRAGMA application_id').get()?.application_id);
    const version = numberOf(database.prepare('PRAGMA user_version').get()?.user_version);
    if (id !== applicationId) throw foreign(path, 'it is a database of another program');
    if (version !== schemaVersion) {
      throw foreign(path, `its version is ${version}, this build reads ${schemaVersion}`);
    }
    database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
    `);
    if (limits.pagesMax > 0) database.exec(`PRAGMA max_page_count = ${limits.pagesMax}`);
    return database;
  } catch (error) {
    database.close();
    throw named(path, error);
  }
}

/** What SQLite finds wrong with a file at its opening, with the file's name and the remedy. */
function named(path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  if (code === null || !(error instanceof Error)) return error;
  if (code === sqliteBusy) return new Error(`${path} is locked by another program; close that`);
  return foreign(path, error.message);
}

function foreign(path: string, why: string): Error {
  const remedy = 'Move it away, or set S3BATCH_DATA to another directory; nothing was changed';
  return new Error(`${path} is not a file of this log: ${why}. ${remedy}`);
}

function lanesOf(topics: readonly TopicShape[]): readonly LaneInFile[] {
  const lanes = topics.flatMap(({ topic, partitions, keep }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, keep })),
  );
  return lanes.map((lane, index) => ({ lane: index, ...lane }));
}

function parseTopics(text: string): readonly TopicShape[] {
  const topics: TopicShape[] = JSON.parse(text);
  return topics;
}
