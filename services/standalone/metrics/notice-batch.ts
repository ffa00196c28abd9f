// Collects what a Kafka log says of itself and hands it on a few times a minute at the least cost:
// a message between threads for a thousand notices rather than for each.
// Invariant: nothing is lost but what a later notice replaces (the lag of a lane), and no timer
// keeps a thread alive.
import type { LogNotice, NoticeLog } from '../../adapters/log/kafka/notice.ts';
import type { ServiceName, ServiceNotices } from '../thread-data.ts';

export const noticeDelayMsMax = 1_000;
export const noticesWaitingMax = 2_000;

export function openNoticeBatch(
  service: ServiceName,
  pass: (said: ServiceNotices) => void,
): NoticeLog {
  const events: LogNotice[] = [];
  const lags = new Map<string, LogNotice>();
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    pass({ kind: 'notices', service, isFirst: false, notices: [...events, ...lags.values()] });
    events.length = 0;
    lags.clear();
  };
  pass({ kind: 'notices', service, isFirst: true, notices: [] });
  return (notice) => {
    if (notice.kind === 'lag') lags.set(laneOf(notice), notice);
    else events.push(notice);
    if (events.length + lags.size >= noticesWaitingMax) return flush();
    timer ??= setTimeout(flush, noticeDelayMsMax).unref();
  };
}

type LagNotice = Extract<LogNotice, { readonly kind: 'lag' }>;

export function laneOf({ space, group, topic, partition }: LagNotice): string {
  return [space, group, topic, partition].join('/');
}
