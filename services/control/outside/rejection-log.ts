// One line of the log per rejected record, but not for a flood of them: after so many in one
// stretch of time they are only counted, and the next line says how many were left out.
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import type { Refusal } from '../../core/errors.ts';

export interface RejectionLog {
  tell(
    where: { readonly topic: string; readonly partition: number; readonly offset: string },
    refusal: Refusal,
  ): void;
}

export const rejectionLinesMax = 20;
const stretchMs = 60_000;

export function openRejectionLog(ports: {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}): RejectionLog {
  const { clock, logger } = ports;
  let stretchEndMs = 0;
  let lines = 0;
  let untold = 0;
  return {
    tell(where, { code, message }) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= stretchEndMs) {
        stretchEndMs = nowMs + stretchMs;
        lines = 0;
      }
      if (lines >= rejectionLinesMax) {
        untold += 1;
        return;
      }
      lines += 1;
      const before = untold === 0 ? {} : { untoldBefore: untold };
      untold = 0;
      logger.warn({ ...where, code, reason: message, ...before }, 'record of a producer rejected');
    },
  };
}
