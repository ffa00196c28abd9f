// What the Kafka log tells whoever watches it: plain values, so that metrics and tests need nothing
// of the client library.
import type { Space } from '../../../core/log.ts';

/** How every failure begins that comes of an outage; whoever ends by it finds it there. */
export const noAnswerText = 'no broker answered for';

export type LogNotice =
  /** A commit became durable so long after it was asked for. */
  | { readonly kind: 'committed'; readonly space: Space; readonly tookMs: number }
  | { readonly kind: 'aborted'; readonly space: Space; readonly identity: string }
  /** Another holder took the identity over. */
  | { readonly kind: 'fenced'; readonly space: Space; readonly identity: string }
  | { readonly kind: 'rebalanced'; readonly space: Space; readonly group: string }
  /** A record that is not ours lies in a topic of ours; it was passed over. */
  | {
      readonly kind: 'foreign';
      /** As the brokers call it. */
      readonly topic: string;
      readonly partition: number;
      readonly offset: bigint;
      readonly broker: string;
      readonly reason: string;
    }
  /** No broker has answered for a while; the log is lost if none does for awayMsMax. */
  | {
      readonly kind: 'away';
      /** The one asked last, and what came of it. */
      readonly broker: string;
      readonly cause: string;
      readonly awayMsMax: number;
    }
  | { readonly kind: 'back'; readonly awayMs: number }
  /** The log was ended while no broker answered: so many sends and commits were given up. */
  | { readonly kind: 'abandoned'; readonly commits: number }
  /** Records of a lane behind its committed position; 0 when the lane ends here. */
  | {
      readonly kind: 'lag';
      readonly space: Space;
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly records: bigint;
    };

export type NoticeLog = (notice: LogNotice) => void;
