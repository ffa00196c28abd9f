// One record of an outside producer, brought to its end: acted on, or refused for good. What may
// work later (a rules door that is busy, a coordinator that does not answer) is tried again with
// growing pauses; after recordMsMax it is refused too, so that no record holds up its partition
// for ever.
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { type Refusal, refusalTable } from '../../core/errors.ts';
import type { EventsTopic } from '../../core/events-topics.ts';
import type { StoredRecord } from '../../core/log.ts';
import type { EventDoor } from '../../core/notify.ts';
import type { Keys } from '../auth/keys.ts';
import { type StartPorts, startJob } from '../calls/start-job.ts';
import { type OutsideRecord, readOutsideRecord } from './read-outside-record.ts';

export interface SettlePorts extends StartPorts {
  readonly door: EventDoor;
  readonly keys: Keys;
  readonly logger: Pick<Logger, 'warn'>;
}

export type Settled =
  | { readonly kind: 'done' }
  | { readonly kind: 'rejected'; readonly refusal: Refusal }
  /** The signal came first; the next holder of the lane settles the record. */
  | { readonly kind: 'interrupted' };

export const recordMsMax = 300_000;
const askMsMax = 30_000;
const pauseMsMin = 100;
const pauseMsMax = 5_000;

/** beforeWait: so that what stands before a record that has to wait is not repeated. */
export async function settleRecord(
  ports: SettlePorts,
  topic: EventsTopic,
  record: StoredRecord,
  beforeWait: () => Promise<void>,
  signal: AbortSignal,
): Promise<Settled> {
  const { clock } = ports;
  const meant = readOutsideRecord(record, topic, ports.keys);
  const startMs = clock.monotonicMs();
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    if (signal.aborted) return { kind: 'interrupted' };
    const refusal = await act(ports, meant, signal);
    if (refusal === null) return { kind: 'done' };
    const isLast = clock.monotonicMs() - startMs >= recordMsMax;
    // An answer that the signal cut short says nothing about the record.
    if (signal.aborted) return { kind: 'interrupted' };
    if (isLast || !refusalTable[refusal.code].retryable) return { kind: 'rejected', refusal };
    if (pauseMs === pauseMsMin) await beforeWait();
    await clock.sleep(pauseMs, signal);
  }
}

async function act(
  ports: SettlePorts,
  meant: OutsideRecord,
  signal: AbortSignal,
): Promise<Refusal | null> {
  switch (meant.kind) {
    case 'rejected':
      return meant.refusal;
    case 'events':
      return showEvents(ports.door, meant.document);
    case 'job': {
      const { wire, caller, ignored } = meant;
      if (ignored.length > 0) {
        ports.logger.warn({ members: ignored }, 'job request: members ignored, not known here');
      }
      const answer = await withinTime(ports.clock, signal, (until) =>
        startJob(wire, caller, ports, until),
      );
      return answer.kind === 'refused' ? answer.refusal : null;
    }
  }
}

function showEvents(door: EventDoor, document: string): Refusal | null {
  const said = door.accept(document);
  switch (said.kind) {
    case 'accepted':
      return null;
    case 'busy':
      return { code: 'SlowDown', message: said.message };
    case 'refused':
      return { code: 'BadRequestException', message: said.message };
  }
}

async function withinTime<T>(
  clock: Clock,
  signal: AbortSignal,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const finished = new AbortController();
  const waiting = clock
    .sleep(askMsMax, AbortSignal.any([signal, finished.signal]))
    .then(() => late.abort());
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    finished.abort();
    await waiting;
  }
}
