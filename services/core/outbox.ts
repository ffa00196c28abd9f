// The outbox: follows one lane and hands each record to its destinations, at least once, in the
// log's order per destination, each at its own pace; a dead destination blocks no other. Modes: a
// reader admits records to the ledger, one server per destination with work attempts its first item
// until that is finished, a committer keeps the lane's position behind what is finished. Invariant:
// a position is committed only when everything below it is finished or noted in it.
import { aborted } from './bell.ts';
import type { Clock } from './clock.ts';
import type { Lane, Position, StoredRecord } from './log.ts';
import { openOutboxLedger } from './outbox-ledger.ts';
import { openWake } from './wake.ts';

export interface OutboxPlan<Item> {
  /** At most outboxDestinationsMax, each once. */
  readonly destinations: readonly string[];
  readonly item: Item;
}

/** finished: delivered or given up. later: attempt it again after so long. */
export type OutboxVerdict =
  | { readonly kind: 'finished' }
  | { readonly kind: 'later'; readonly afterMs: number };

export interface OutboxWork<Item> {
  readonly clock: Clock;
  /** Awaited after each read, before its records are planned: catch up with what plan looks at. */
  prepare(signal: AbortSignal): Promise<void>;
  /** null: nobody wants this record. */
  plan(record: StoredRecord): OutboxPlan<Item> | null;
  /** attempt counts from 1 and starts anew with the process. */
  attempt(
    destination: string,
    item: Item,
    attempt: number,
    signal: AbortSignal,
  ): Promise<OutboxVerdict>;
  /** outboxNameLength digits of base 36 that tell destinations apart, the same at each start. */
  name(destination: string): string;
}

const readBytesMax = 256 * 1024;

/** Ends when the signal is aborted or the lane revoked; rejects as the lane's methods do. */
export async function runOutbox<Item>(
  lane: Lane,
  work: OutboxWork<Item>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, lane.revoked, stop.signal]);
  const ledger = openOutboxLedger<Item>(lane.position, (destination) => work.name(destination));
  const progress = openWake();
  const servers = new Map<string, Promise<void>>();
  const failures: unknown[] = [];

  function watch(task: Promise<void>): Promise<void> {
    return task.catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    });
  }

  async function serve(destination: string): Promise<void> {
    let attempt = 0;
    for (;;) {
      const first = ledger.first(destination);
      if (first === undefined || ended.aborted) break;
      attempt += 1;
      const verdict = await work.attempt(destination, first.item, attempt, ended);
      if (verdict.kind === 'later') {
        await work.clock.sleep(verdict.afterMs, ended);
        continue;
      }
      attempt = 0;
      ledger.finish(destination);
      progress.ring();
    }
    servers.delete(destination);
  }

  function admit(records: readonly StoredRecord[]): boolean {
    for (const record of records) {
      const plan = work.plan(record);
      const isIn =
        plan === null
          ? ledger.pass(record.offset)
          : ledger.admit(record.offset, plan.destinations, plan.item);
      if (!isIn) return false;
    }
    return true;
  }

  async function read(): Promise<void> {
    let laneAt = lane.position.next;
    while (!ended.aborted) {
      const wake = AbortSignal.any([ended, progress.next]);
      ledger.aim();
      if (ledger.at !== laneAt) lane.seek(ledger.at);
      const records = await lane.read(readBytesMax, wake);
      if (records.length > 0) await work.prepare(ended);
      if (ended.aborted) break;
      const isRoom = admit(records);
      laneAt = endOf(records) ?? ledger.at;
      for (const destination of ledger.waiting()) {
        if (!servers.has(destination)) servers.set(destination, watch(serve(destination)));
      }
      if (records.length > 0) progress.ring();
      if (!isRoom) await aborted(AbortSignal.any([ended, progress.next]));
    }
  }

  let committed = lane.position;
  async function commit(): Promise<void> {
    const position = ledger.position();
    if (isSame(position, committed)) return;
    await lane.commit([], position);
    committed = position;
  }

  async function keepPosition(): Promise<void> {
    while (!ended.aborted) {
      const wake = AbortSignal.any([ended, progress.next]);
      await commit();
      await aborted(wake);
    }
  }

  await Promise.all([watch(read()), watch(keepPosition())]);
  await Promise.all(servers.values());
  if (failures.length > 0) throw failures[0];
  if (!lane.revoked.aborted) await commit();
}

function isSame(one: Position, other: Position): boolean {
  return one.next === other.next && one.note === other.note;
}

function endOf(records: readonly StoredRecord[]): bigint | undefined {
  const last = records.at(-1);
  return last === undefined ? undefined : last.offset + 1n;
}
