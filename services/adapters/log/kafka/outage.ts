// Whether any broker answers: one for all links of a log, so that an outage is told once. It begins
// with the first request that no broker answers, and ends with the next answer of any.
// Modes: answering → failing (not yet told) → away (told) → answering. Nothing is told of a broker
// that is away while another answers.
// Invariant: an 'away' is followed by a 'back' before there is another.
import { type KafkaFailure, unanswered } from './failure.ts';
import { type NoticeLog, noAnswerText } from './notice.ts';

/** A broker that restarts or hands over is not worth a line for so long. */
export const quietMsMax = 5_000;
/** Failures that lie further apart say nothing of what was between them. */
const gapMsMax = 30_000;

export interface Outage {
  readonly isAway: boolean;
  answered(): void;
  /** The failure to throw: while the brokers are away, it says since when. */
  failed(address: string, failure: KafkaFailure): KafkaFailure;
}

export interface OutageOptions {
  readonly awayMsMax: number;
  readonly notice: NoticeLog;
  readonly nowMs: () => number;
}

export function openOutage({ awayMsMax, notice, nowMs }: OutageOptions): Outage {
  let failing: { readonly sinceMs: number; readonly lastMs: number } | null = null;
  let isAway = false;
  return {
    get isAway() {
      return isAway;
    },
    answered: () => {
      if (isAway && failing !== null) {
        notice({ kind: 'back', awayMs: Math.round(nowMs() - failing.sinceMs) });
      }
      failing = null;
      isAway = false;
    },
    failed: (address, failure) => {
      const now = nowMs();
      const isFirst = failing === null || (!isAway && now - failing.lastMs > gapMsMax);
      const sinceMs = failing === null || isFirst ? now : failing.sinceMs;
      failing = { sinceMs, lastMs: now };
      if (now - sinceMs < quietMsMax) return failure;
      if (!isAway) {
        isAway = true;
        notice({ kind: 'away', broker: address, cause: failure.message, awayMsMax });
      }
      const seconds = Math.round((now - sinceMs) / 1000);
      return unanswered(`${noAnswerText} ${seconds} s`, failure.message);
    },
  };
}
