// What a service's thread and the owner's thread say to each other over one MessagePort. Numbers
// stand for offsets here (a space holds fewer than 2^40 records); positions stay bigint.
// Invariant: each request gets exactly one answer, unless it is cancelled or its port closes.
import type { LogFailure, Space, TopicShape } from '../../../core/log.ts';

/**
 * Consecutive records of one partition: offsets first, first + 1 … once the owner has given them.
 */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  /** frame.ts; its buffer is transferred. */
  readonly bytes: Uint8Array;
}

export type Request =
  | { readonly op: 'create'; readonly space: Space; readonly topics: readonly TopicShape[] }
  | { readonly op: 'close' | 'drop'; readonly space: Space }
  | { readonly op: 'list' }
  | { readonly op: 'send'; readonly space: Space; readonly batches: readonly Batch[] }
  | { readonly op: 'claim'; readonly space: Space; readonly identity: string }
  | {
      readonly op: 'commit';
      readonly writer: number;
      readonly batches: readonly Batch[];
      readonly next: bigint;
      readonly note: string;
    }
  | { readonly op: 'release'; readonly writer: number }
  | {
      readonly op: 'join';
      readonly space: Space;
      readonly topic: string;
      readonly group: string;
      /** Chosen by the client. */
      readonly member: number;
    }
  | { readonly op: 'leave'; readonly member: number }
  | {
      readonly op: 'read';
      readonly writer: number;
      readonly from: number;
      readonly bytesMax: number;
    }
  | { readonly op: 'follow'; readonly space: Space; readonly topic: string }
  /** Answered with records, or with none as soon as everything below `wanted` has been given. */
  | {
      readonly op: 'fold';
      readonly view: number;
      readonly wanted: number;
      readonly bytesMax: number;
    }
  | { readonly op: 'unfollow'; readonly view: number }
  | { readonly op: 'head'; readonly space: Space };

/** Never answered themselves: they make the owner answer, or forget, a parked request. */
export type Aside =
  | { readonly op: 'cancel'; readonly id: number }
  | { readonly op: 'nudge'; readonly id: number; readonly wanted: number };

export type ToOwner = (Request & { readonly id: number }) | Aside;

export interface Granted {
  readonly writer: number;
  readonly next: bigint;
  readonly note: string;
}

export interface Records {
  /** Three numbers per run of records: first offset, count, bytes of the run. */
  readonly runs: readonly number[];
  readonly bytes: Uint8Array;
  /** Everything below it in what was asked for is in here or was given before. */
  readonly next: number;
}

export type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'granted'; readonly granted: Granted }
  | { readonly kind: 'view'; readonly view: number }
  | { readonly kind: 'records'; readonly records: Records }
  | {
      readonly kind: 'spaces';
      readonly spaces: readonly { readonly space: Space; readonly bytes: number }[];
    }
  /** misuse: a bug of the caller, a plain Error there. */
  | { readonly kind: 'failed'; readonly failure: LogFailure | 'misuse'; readonly message: string };

export type FromOwner =
  | { readonly event: 'answer'; readonly id: number; readonly result: Result }
  | {
      readonly event: 'lane';
      readonly member: number;
      readonly partition: number;
      readonly granted: Granted;
    }
  | { readonly event: 'revoked'; readonly writer: number; readonly failure: 'fenced' | 'gone' }
  | {
      readonly event: 'removed';
      readonly member: number;
      readonly failure: LogFailure;
      readonly message: string;
    };

/** Between the main thread and the owner's thread. */
export interface OwnerOptions {
  readonly directory: string;
  /** Below it onLowDisk is told. */
  readonly lowDiskBytes: number;
  /** Below it only the control space may write. */
  readonly reserveBytes: number;
  /** PRAGMA max_page_count of every file; 0: no limit. For the test of a full disk. */
  readonly pagesMax: number;
  /** For the tests: what happens before the n-th statement; 0: never. */
  readonly fault: {
    readonly kind: 'kill' | 'fail';
    readonly atStatement: number;
  };
}

export type OwnerOrder = { readonly order: 'connect' | 'end' };

export type OwnerNews =
  | { readonly news: 'ready' }
  | { readonly news: 'refused'; readonly message: string }
  | { readonly news: 'disk'; readonly low: boolean; readonly freeBytes: number };
