// The seeded faults of the Kafka world: what is broken, in which phase of a job, and for how long.
// A fault is under way until its promise resolves: then everything is whole again, and whoever was
// killed is being started.
import { setTimeout as pause } from 'node:timers/promises';
import type { Broker } from '../../../infra/kafka/broker.ts';
import { apiKeys, once, type Verdict } from '../../support/kafka-proxy.ts';
import type { Dice } from '../simulation/instance.ts';
import type { Fleet, Slot } from './fleet.ts';

export const faultKinds = ['kill', 'stop', 'broker', 'cut'] as const;
export type FaultKind = (typeof faultKinds)[number];
export const phases = ['Preparing', 'Active', 'Completing'] as const;

/**
 * reset: connections are reset. hole: nothing passes, nothing is refused, then what waited passes.
 * lose, drop: of a commit one request's answer, or the request itself, is lost with its connection.
 * storm: for a while that happens to every few of them, by turns.
 */
const cutForms = ['reset', 'hole', 'lose', 'drop', 'storm'] as const;
const stormEvery = 7;

export interface Fault {
  readonly kind: FaultKind;
  readonly phase: (typeof phases)[number];
  /** Tasks done when it strikes, if the job is Active. */
  readonly done: number;
  /** Who is struck; of a cut null: all. */
  readonly slot: Slot | null;
  readonly form: (typeof cutForms)[number];
  readonly apiKey: number;
  readonly durationMs: number;
}

/** Longer than a session of 6 s, often than a transaction of 15 s: whoever wakes has been replaced. */
const frozenMsMin = 8_000;
const frozenMsSpread = 11_000;
/** A service that has nothing to commit for so long is frozen as it is. */
const commitMsMax = 3_000;
const awayMsMin = 300;
const awayMsSpread = 4_000;
const holeMsMin = 1_000;
const holeMsSpread = 12_000;
/** A start gives up on its brokers so late. */
const awayAfterMs = 12_000;
/** Counters come every half second: whoever waits for the last tasks strikes when all is done. */
const doneShareMax = 0.6;
/** Phases, in the order of a job; most of a job is Active. */
const phaseWeights = [0, 1, 1, 1, 2] as const;
/** Workers are struck as often as all others. */
const workerPerMille = 500;

export function planFault(
  dice: Dice,
  kinds: readonly FaultKind[],
  slots: readonly Slot[],
  objects: number,
): Fault {
  const kind = kinds[dice.below(kinds.length)] ?? 'kill';
  const workers = slots.filter(({ service }) => service === 'worker');
  const pool = dice.perMille(workerPerMille) ? workers : slots;
  const slot = pool[dice.below(pool.length)] ?? null;
  const form = cutForms[dice.below(cutForms.length)] ?? 'reset';
  const commitRequests = Object.values(apiKeys);
  return {
    kind,
    phase: phases[phaseWeights[dice.below(phaseWeights.length)] ?? 1] ?? 'Active',
    done: dice.below(Math.floor(objects * doneShareMax)),
    slot: kind === 'cut' && dice.perMille(300) ? null : slot,
    form,
    apiKey: commitRequests[dice.below(commitRequests.length)] ?? apiKeys.produce,
    durationMs: lengthOf(kind, dice),
  };
}

function lengthOf(kind: FaultKind, dice: Dice): number {
  switch (kind) {
    case 'kill':
      return 0;
    case 'stop':
      return frozenMsMin + dice.below(frozenMsSpread);
    case 'broker':
      return awayMsMin + dice.below(awayMsSpread);
    case 'cut':
      return holeMsMin + dice.below(holeMsSpread);
  }
}

export function faultText(fault: Fault): string {
  const { kind, slot, form, durationMs, apiKey } = fault;
  const who = slot?.name ?? 'all';
  switch (kind) {
    case 'kill':
      return `kill -9 ${who}`;
    case 'stop': {
      const where = isWithinCommit(fault) ? ' in a commit' : '';
      return `SIGSTOP ${who}${where} for ${durationMs} ms`;
    }
    case 'broker':
      return `kill -9 of the broker for ${durationMs} ms`;
    case 'cut': {
      const name = Object.entries(apiKeys).find(([, number]) => number === apiKey)?.[0];
      if (form === 'hole') return `black hole for ${who} for ${durationMs} ms`;
      if (form === 'storm') return `commits of ${who} cut again and again for ${durationMs} ms`;
      return form === 'reset' ? `connections of ${who} reset` : `${form} ${name} of ${who}`;
    }
  }
}

export interface Stage {
  readonly broker: Broker;
  readonly fleet: Fleet;
  readonly slots: readonly Slot[];
  /** While a broker is down or cut off, starts may be refused. */
  readonly away: { count: number };
}

export async function strike(stage: Stage, fault: Fault): Promise<void> {
  const { broker, fleet, away } = stage;
  const { kind, slot, durationMs } = fault;
  switch (kind) {
    case 'kill':
      if (slot !== null) await fleet.kill(slot);
      return;
    case 'stop':
      if (slot === null) return;
      if (isWithinCommit(fault)) await nextCommit(slot);
      await fleet.freeze(slot, durationMs);
      return;
    case 'broker':
      away.count += 1;
      await broker.kill();
      await pause(durationMs);
      await broker.restart();
      leave(away);
      return;
    case 'cut':
      await cut(stage, fault);
  }
}

async function cut({ slots, away }: Stage, fault: Fault): Promise<void> {
  const { slot, form, apiKey, durationMs } = fault;
  const struck = slot === null ? slots : [slot];
  switch (form) {
    case 'reset':
      for (const { proxy } of struck) proxy.cut();
      return;
    case 'hole':
      away.count += 1;
      for (const { proxy } of struck) proxy.blackHole();
      await pause(durationMs);
      for (const { proxy } of struck) proxy.heal();
      leave(away);
      return;
    case 'storm':
      for (const { proxy } of struck) proxy.judge(storm());
      await pause(durationMs);
      for (const { proxy } of struck) proxy.judge();
      return;
    case 'lose':
    case 'drop':
      for (const { proxy } of struck) proxy.judge(once(apiKey, form));
  }
}

function isWithinCommit({ kind, form }: Fault): boolean {
  return kind === 'stop' && (form === 'lose' || form === 'drop' || form === 'storm');
}

/** Resolves when the service has sent a part of a transaction, and not yet its end. */
async function nextCommit({ proxy }: Slot): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, commitMsMax);
  proxy.judge((apiKey) => {
    if (apiKey === apiKeys.txnOffsetCommit) resolve();
    return 'pass';
  });
  await promise;
  clearTimeout(late);
  proxy.judge();
}

function storm(): (apiKey: number) => Verdict {
  const commitRequests = new Set<number>(Object.values(apiKeys));
  let asked = 0;
  return (apiKey) => {
    if (!commitRequests.has(apiKey)) return 'pass';
    asked += 1;
    if (asked % stormEvery !== 0) return 'pass';
    return asked % (2 * stormEvery) === 0 ? 'lose' : 'drop';
  };
}

/** A process that was being started meanwhile may be refused a moment later. */
function leave(away: { count: number }): void {
  setTimeout(() => {
    away.count -= 1;
  }, awayAfterMs).unref();
}
