// One life of a simulated service: its ports delay every call by chance, fail some, and after a kill
// never answer again, as a process that is gone. Nothing tells the service that it is dead. One that
// stalls is replaced as well, but wakes up again and goes on beside the one in its place.

import type { MemoryWorld } from '../../../services/adapters/log/memory.ts';
import { aborted } from '../../../services/core/bell.ts';
import type { Clock, Random } from '../../../services/core/clock.ts';
import type { Log, Spaces } from '../../../services/core/log.ts';
import type { CallAnswer, RoleStorage, Roles } from '../../../services/core/storage.ts';

export interface Dice {
  /** True so many times in a thousand. */
  perMille(chances: number): boolean;
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  readonly random: Random;
}

/** mulberry32: small, seeded, good enough to pick delays. */
export function openDice(seed: number): Dice {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    random,
    perMille: (chances) => random() * 1000 < chances,
    below: (limit) => Math.floor(random() * limit),
  };
}

export interface Chances {
  readonly killPerMille: number;
  readonly s3FaultPerMille: number;
  /** A service stands still for a while, as a suspended process does, and then goes on. */
  readonly stallPerMille: number;
  /** A request that S3 never answers. */
  readonly s3HangPerMille: number;
  /** While it lasts nobody listens at the S3, or nobody's credentials count. */
  readonly outage: {
    readonly kind: 'refused' | 'expired';
    readonly fromMs: number;
    readonly untilMs: number;
  } | null;
}

export interface InstancePorts {
  readonly log: Log;
  readonly spaces: Spaces;
  readonly clock: Clock;
  readonly random: Random;
  readonly roles: Roles;
}

export interface Instance {
  readonly ports: InstancePorts;
  readonly isAlive: boolean;
  kill(): void;
}

const never = new Promise<never>(() => {});
const shortDelayMsMax = 8;
const longDelayMsMax = 3_000;
const longDelayPerMille = 6;
const stallMsMax = 90_000;

export function openInstance(
  world: MemoryWorld,
  clock: Clock,
  roles: Roles,
  dice: Dice,
  chances: Chances,
  onGone: () => void,
): Instance {
  const forever = new AbortController().signal;
  let isAlive = true;
  let isReplaced = false;
  let stalledUntilMs = 0;
  /** Another one is started in its place, once. */
  const replace = () => {
    if (isReplaced) return;
    isReplaced = true;
    onGone();
  };
  const kill = () => {
    if (!isAlive) return;
    isAlive = false;
    handle.kill();
    replace();
  };
  /** Whoever supervises it takes it for dead; it does not know, and goes on when it wakes. */
  const stall = () => {
    stalledUntilMs = clock.monotonicMs() + dice.below(stallMsMax);
    replace();
  };
  const awake = async () => {
    const restMs = stalledUntilMs - clock.monotonicMs();
    if (restMs > 0) await clock.sleep(restMs, forever);
    if (!isAlive) await never;
  };
  /** Every await of a service on its ports comes through here. */
  const step = async () => {
    await awake();
    const longestMs = dice.perMille(longDelayPerMille) ? longDelayMsMax : shortDelayMsMax;
    await clock.sleep(dice.below(longestMs), forever);
    if (isAlive && dice.perMille(chances.killPerMille)) kill();
    if (isAlive && !isReplaced && dice.perMille(chances.stallPerMille)) stall();
    await awake();
  };
  const handle = world.connect({ step, alive: () => isAlive });
  const mortalClock: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: async (durationMs, signal) => {
      await clock.sleep(durationMs, signal);
      await awake();
    },
  };
  return {
    ports: {
      log: handle.log,
      spaces: handle.spaces,
      clock: mortalClock,
      random: dice.random,
      roles: mortalRoles(roles, step, clock, dice, chances),
    },
    get isAlive() {
      return isAlive;
    },
    kill,
  };
}

function mortalRoles(
  roles: Roles,
  step: () => Promise<void>,
  clock: Clock,
  dice: Dice,
  chances: Chances,
): Roles {
  const isOut = (kind: 'refused' | 'expired') => {
    const { outage } = chances;
    const nowMs = clock.monotonicMs();
    return outage?.kind === kind && nowMs >= outage.fromMs && nowMs < outage.untilMs;
  };
  const nobody = { kind: 'unreachable', message: 'ECONNREFUSED: nobody listens' } as const;
  const expired: CallAnswer = {
    kind: 'answered',
    status: 400,
    code: 'ExpiredToken',
    message: 'The provided token has expired.',
    requestId: 'EXPIRED',
  };
  const hung = async (signal: AbortSignal): Promise<typeof lost> => {
    await aborted(signal);
    return lost;
  };
  const lost = { kind: 'unreachable', message: 'connection reset' } as const;
  /** Before the effect, after it (the answer is lost), or not at all. */
  const around = async <T extends { readonly kind: string }>(
    work: () => Promise<T>,
  ): Promise<T | typeof lost | typeof nobody> => {
    await step();
    if (isOut('refused')) return nobody;
    if (dice.perMille(chances.s3FaultPerMille)) return lost;
    const answer = await work();
    await step();
    return dice.perMille(chances.s3FaultPerMille) ? lost : answer;
  };
  const busy: CallAnswer = {
    kind: 'answered',
    status: 503,
    code: 'SlowDown',
    message: 'Please reduce your request rate.',
    requestId: 'BUSY',
  };
  const wrap = (storage: RoleStorage): RoleStorage => ({
    ...storage,
    objects: {
      head: (at, signal) => around(() => storage.objects.head(at, signal)),
      read: (at, range, ifMatch, signal) =>
        around(() => storage.objects.read(at, range, ifMatch, signal)),
      write: (at, bytes, settings, signal) =>
        around(() => storage.objects.write(at, bytes, settings, signal)),
      list: (bucket, page, signal) => around(() => storage.objects.list(bucket, page, signal)),
      remove: (at, signal) => around(() => storage.objects.remove(at, signal)),
    },
    calls: {
      call: (call, signal) =>
        around<CallAnswer>(async () => {
          if (isOut('expired')) return expired;
          if (dice.perMille(chances.s3FaultPerMille)) return busy;
          const isLate = dice.perMille(chances.s3HangPerMille);
          if (isLate && dice.perMille(500)) return hung(signal);
          const answer = await storage.calls.call(call, signal);
          return isLate ? hung(signal) : answer;
        }),
    },
  });
  const wrapped = new Map<RoleStorage, RoleStorage>();
  return {
    resolve: (arn) => {
      const storage = roles.resolve(arn);
      if (storage === undefined) return undefined;
      const known = wrapped.get(storage) ?? wrap(storage);
      wrapped.set(storage, known);
      return known;
    },
  };
}
