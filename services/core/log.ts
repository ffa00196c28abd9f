// The log port: the only thing services share. Two adapters and a memory twin implement it, and one
// contract suite (test/contract/log) holds them together.
// Invariant: a service cannot commit its position apart from its outputs.

/** What is created, closed and dropped as one. A commit or a deletion never spans two spaces. */
export type Space = 'control' | 'events' | `job.${string}`;

export interface TopicShape {
  readonly topic: string;
  readonly partitions: number;
  /** 'consumed': trimmed behind every group's position; 'compacted': the last value per key. */
  readonly keep: 'consumed' | 'compacted' | { readonly ms: number };
}

export interface NewRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** null is a tombstone. */
  readonly value: Uint8Array | null;
}

export interface StoredRecord {
  /** Grows within a partition; there may be gaps. */
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array | null;
  /** What an outside producer wrote beside the value; absent where there is none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** note: the service's own, at most 2,048 bytes of UTF-8; a new identity starts at {0n, ''}. */
export interface Position {
  readonly next: bigint;
  readonly note: string;
}

export const positionNoteBytesMax = 2048;

/** Keys and values of one send or commit; more is a misuse. Aim at 4 MiB or less. */
export const commitBytesMax = 16 * 1024 * 1024;

/**
 * Every rejection of a log method is one of these (a misuse, such as a commit across spaces, is a
 * bug and throws a plain Error):
 * fenced: another holder; nothing of this call stands. gone: the space is closed or dropped; end
 * quietly. lost: disk full or brokers away; the outcome is unknown, so the process exits and the
 * next claim settles it. broken: what the log kept of this identity is gone (its position, or
 * records that it has not read); nothing goes on from there, and everything else does.
 */
export type LogFailure = 'fenced' | 'gone' | 'lost' | 'broken';

/** The coordinator's port. */
export interface Spaces {
  /**
   * Idempotent; refuses other shapes for a space that exists. On brokers `events` may gain topics.
   */
  create(space: Space, topics: readonly TopicShape[]): Promise<void>;
  /** Every lane, writer and view of the space ends with 'gone'. Idempotent. */
  close(space: Space): Promise<void>;
  /** Topics, positions and groups go; idempotent; only after close. */
  drop(space: Space): Promise<void>;
  list(): Promise<readonly { readonly space: Space; readonly bytes: number }[]>;
}

/**
 * A wait that its signal aborts never throws for it: read resolves to [], the others just resolve.
 */
export interface Log {
  /**
   * Unfenced, at least once. Resolves to the offset of the last record, in its partition, when it
   * is durable.
   */
  send(space: Space, records: readonly NewRecord[]): Promise<bigint>;
  /** One lane per partition given to us, for as long as the signal is not aborted. */
  join(space: Space, topic: string, group: string, signal: AbortSignal): AsyncIterable<Lane>;
  /** Fences the former holder, settles what it had under way, then resolves. */
  claim(space: Space, identity: string, signal: AbortSignal): Promise<Writer>;
  /** Folds every record of all partitions from the start, and goes on until release or abort. */
  follow(
    space: Space,
    topic: string,
    fold: (record: StoredRecord) => void,
    signal: AbortSignal,
  ): Promise<View>;
  end(): Promise<void>;
}

export interface Writer {
  /** Read after fencing; advances with each commit. */
  readonly position: Position;
  /** All or nothing. */
  commit(records: readonly NewRecord[], position: Position): Promise<void>;
  release(): Promise<void>;
}

/** A writer whose identity is laneIdentity(group, topic, partition). */
export interface Lane extends Writer {
  readonly partition: number;
  /** Start no effect after it is aborted. */
  readonly revoked: AbortSignal;
  /**
   * Parks until there is a record; independent of commit; at least one record, else up to bytesMax.
   */
  read(bytesMax: number, signal: AbortSignal): Promise<readonly StoredRecord[]>;
  seek(next: bigint): void;
}

export interface View {
  /**
   * 'now': until every send and commit that resolved before this call is folded. An offset, for a
   * topic of one partition: until the record there is.
   */
  caughtUp(target: bigint | 'now', signal: AbortSignal): Promise<void>;
  /** Resolves after the next fold. */
  changed(signal: AbortSignal): Promise<void>;
  release(): Promise<void>;
}

/**
 * The identity under which a lane commits, so that the coordinator can claim it over a dead worker.
 */
export function laneIdentity(group: string, topic: string, partition: number): string {
  return `${group}/${topic}/${partition}`;
}

export interface LogError extends Error {
  readonly failure: LogFailure;
}

export function logError(failure: LogFailure, message: string): LogError {
  return Object.assign(new Error(`log ${failure}: ${message}`), { name: 'LogError', failure });
}

export function isLogError(error: unknown): error is LogError {
  return error instanceof Error && error.name === 'LogError' && 'failure' in error;
}

/** For those who end quietly with their space. */
export function ignoreGone(error: unknown): void {
  if (!isLogError(error) || error.failure !== 'gone') throw error;
}
