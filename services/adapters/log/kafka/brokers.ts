// What every part of the Kafka log is given: the settings, the shared link for requests that are
// answered at once, and links of one's own for those that park.
import type { KafkaSettings } from '../../../core/settings.ts';
import { type Link, openLink } from './link.ts';
import type { NoticeLog } from './notice.ts';
import { type Outage, openOutage } from './outage.ts';

/** Told of each request; tests fail and cut there. */
export type Tap = (moment: 'before' | 'after', api: string) => Promise<void>;

export interface Timing {
  /** A member that is not heard of for so long is taken for dead. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** A rebalance waits so long for members to join again. */
  readonly rebalanceMs: number;
  /** A transaction that nobody ends is aborted by the broker. */
  readonly transactionMs: number;
  /** Brokers that are away for longer lose the log. */
  readonly awayMsMax: number;
}

export const timingDefaults: Timing = {
  sessionMs: 6_000,
  heartbeatMs: 1_000,
  rebalanceMs: 10_000,
  transactionMs: 15_000,
  awayMsMax: 120_000,
};

/** Whether something else than s3batch must have written it. topic: as the brokers call it. */
export type IsForeign = (topic: string, value: Uint8Array | null) => boolean;

export interface BrokersOptions {
  readonly settings: KafkaSettings;
  /** s3batch-<service>. */
  readonly clientId: string;
  readonly notice: NoticeLog;
  readonly timing: Timing;
  readonly isForeign?: IsForeign | undefined;
  readonly tap?: Tap | undefined;
}

export interface Brokers {
  readonly settings: KafkaSettings;
  readonly prefix: string;
  readonly timing: Timing;
  readonly notice: NoticeLog;
  readonly isForeign: IsForeign;
  /** Whether any broker answers any link. */
  readonly outage: Outage;
  /** Shared: never park a request here. */
  readonly link: Link;
  /** One of a few links for commits, the same for the same name, so that they do not queue. */
  commitLink(name: string): Link;
  /** A link of one's own; its owner closes it. purpose is shown in the client's name. */
  openLink(purpose: string): Link;
  /** Aborted by end(). */
  readonly ended: AbortSignal;
  /** Nothing new is begun; links stay for what has still to be said. */
  end(): void;
  close(): void;
}

/** Each broker answers one connection's requests one by one: so many commits run side by side. */
const commitLinksMax = 6;

export function openBrokers(options: BrokersOptions): Brokers {
  const { settings, clientId, notice, timing, tap } = options;
  const links = new Set<Link>();
  const ended = new AbortController();
  const { awayMsMax } = timing;
  const outage = openOutage({ awayMsMax, notice, nowMs: () => performance.now() });
  const open = (purpose: string): Link => {
    const name = `${clientId}-${purpose}`;
    const link = openLink({ settings, clientId: name, awayMsMax, outage, tap });
    const tracked: Link = {
      ...link,
      close: () => {
        links.delete(tracked);
        link.close();
      },
    };
    links.add(tracked);
    return tracked;
  };
  const commitLinks = Array.from({ length: commitLinksMax }, (_, index) => open(`commit-${index}`));
  const link = open('ask');
  return {
    settings,
    prefix: settings.prefix,
    timing,
    notice,
    isForeign: options.isForeign ?? (() => false),
    outage,
    link,
    commitLink: (name) => commitLinks[hashOf(name) % commitLinksMax] ?? link,
    openLink: open,
    ended: ended.signal,
    end: () => ended.abort(),
    close: () => {
      ended.abort();
      for (const kept of links) kept.close();
    },
  };
}

function hashOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at += 1) hash = (hash * 31 + name.charCodeAt(at)) >>> 0;
  return hash;
}
