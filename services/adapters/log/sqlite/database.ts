// One SQLite file, opened with the settings that make a commit durable. Every statement goes
// through beforeStatement, where the kill test counts.
// Invariant: a transaction never spans an await, and no cursor stays open between two calls.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';

export type Row = Record<string, SQLOutputValue>;

export interface Statement {
  run(...values: readonly SQLInputValue[]): void;
  get(...values: readonly SQLInputValue[]): Row | undefined;
  all(...values: readonly SQLInputValue[]): readonly Row[];
}

/** How long a lock held by someone else (an operator's shell) is waited for. */
const lockWaitMsMax = 5_000;

export class Database {
  readonly #database: DatabaseSync;
  readonly #beforeStatement: () => void;

  constructor(path: string, beforeStatement: () => void, lockWaitMs: number = lockWaitMsMax) {
    this.#beforeStatement = beforeStatement;
    this.#database = new DatabaseSync(path, { timeout: lockWaitMs });
  }

  exec(sql: string): void {
    this.#beforeStatement();
    this.#database.exec(sql);
  }

  prepare(sql: string, integers: 'number' | 'bigint' = 'number'): Statement {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(integers === 'bigint');
    const before = this.#beforeStatement;
    return {
      run: (...values) => {
        before();
        statement.run(...values);
      },
      get: (...values) => {
        before();
        return statement.get(...values);
      },
      all: (...values) => {
        before();
        return statement.all(...values);
      },
    };
  }

  /** All or nothing; what act throws is thrown again after the rollback. */
  transaction<T>(act: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite rolls back by itself after some failures.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

export function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw new Error(`a number was expected in the database, not ${typeof value}`);
}

export function bigintOf(value: SQLOutputValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  throw new Error(`a number was expected in the database, not ${typeof value}`);
}

export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new Error(`text was expected in the database, not ${typeof value}`);
}

export function bytesOf(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error(`bytes were expected in the database, not ${typeof value}`);
}

/** SQLite's primary result code, or null for another error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

export const sqliteBusy = 5;
export const sqliteFull = 13;
