// The bookkeeping of the outbox, against a plain model: any mix of live and dead destinations.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type OutboxLedger,
  openOutboxLedger,
  outboxDestinationsMax,
  outboxItemsMax,
  outboxName,
} from '../../../services/core/outbox-ledger.ts';

const name = (destination: string) =>
  outboxName(createHash('sha256').update(destination).digest('hex'));
const fresh = { next: 0n, note: '' };

/** Reads so many records of the log from where the ledger aims. */
function readSome(
  ledger: OutboxLedger<string>,
  log: readonly (readonly string[])[],
  count: number,
): void {
  for (let read = 0; read < count; read += 1) {
    ledger.aim();
    if (ledger.at >= BigInt(log.length)) return;
    const at = Number(ledger.at);
    const destinations = log[at] ?? [];
    const isIn =
      destinations.length === 0
        ? ledger.pass(ledger.at)
        : ledger.admit(ledger.at, destinations, `item ${at}`);
    if (!isIn) return;
  }
}

describe('the outbox ledger', () => {
  test('serves every destination in order, each record once, whatever finishes when', () => {
    const record = fc.subarray(['a', 'b', 'c']);
    const act = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c') },
      { weight: 1, arbitrary: fc.constant('restart') },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) },
    );
    const acts = fc.array(act, { maxLength: 400 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 150 }), acts, (log, steps) => {
        const served = new Map<string, string[]>();
        let ledger = openOutboxLedger<string>(fresh, name);
        const serve = (destination: string) => {
          const first = ledger.first(destination);
          if (first === undefined) return;
          served.set(destination, [...(served.get(destination) ?? []), first.item]);
          ledger.finish(destination);
        };
        let next = 0n;
        for (const step of steps) {
          if (typeof step === 'number') readSome(ledger, log, step);
          else if (step === 'restart') ledger = openOutboxLedger<string>(ledger.position(), name);
          else serve(step);
          expect(ledger.position().next).toBeGreaterThanOrEqual(next);
          next = ledger.position().next;
        }
        readSome(ledger, log, 10_000);
        while (ledger.waiting().length > 0) {
          for (const destination of ledger.waiting()) serve(destination);
          readSome(ledger, log, 10_000);
        }
        expect(ledger.position()).toEqual({ next: BigInt(log.length), note: '' });
        for (const destination of ['a', 'b', 'c']) {
          const wanted = log.flatMap((all, at) =>
            all.includes(destination) ? [`item ${at}`] : [],
          );
          expect(served.get(destination) ?? []).toEqual(wanted);
        }
      }),
    );
  });

  test('goes back to the lowest of several that were left out, and stays until it has caught up', () => {
    const log = Array.from({ length: 200 }, (_, at) => [at % 2 === 0 ? 'even' : 'odd']);
    const served: string[] = [];
    const ledger = openOutboxLedger<string>(fresh, name);
    readSome(ledger, log, 10_000);
    for (let round = 0; served.length < log.length; round += 1) {
      for (const destination of round % 3 === 0 ? ['odd', 'even'] : ['even', 'odd']) {
        for (let first = ledger.first(destination); first; first = ledger.first(destination)) {
          served.push(first.item);
          ledger.finish(destination);
        }
      }
      readSome(ledger, log, 7);
    }
    expect(served.toSorted()).toEqual(log.map((_, at) => `item ${at}`).toSorted());
    readSome(ledger, log, 10_000);
    expect(ledger.position()).toEqual({ next: 200n, note: '' });
  });

  test('keeps the place of what it left out in its position until reading has passed it', () => {
    const log = [...Array.from({ length: outboxItemsMax + 1 }, () => ['a']), ['b'], ['b']];
    const ledger = openOutboxLedger<string>(fresh, name);
    readSome(ledger, log, 10_000);
    for (let index = 0; index < outboxItemsMax; index += 1) ledger.finish('a');
    expect(ledger.position().next).toBe(BigInt(outboxItemsMax));
    readSome(ledger, log, 1);
    expect(ledger.first('a')?.offset).toBe(BigInt(outboxItemsMax));
    ledger.finish('a');
    ledger.finish('b');
    ledger.finish('b');
    expect(ledger.position().next).toBe(BigInt(outboxItemsMax + 1));
    readSome(ledger, log, 10_000);
    expect(ledger.position()).toEqual({ next: BigInt(log.length), note: '' });
  });

  test('keeps a bounded number of items of a dead destination and reads the rest again', () => {
    const log = Array.from({ length: 1_000 }, (_, at) => [at % 2 === 0 ? 'dead' : 'live']);
    const ledger = openOutboxLedger<string>(fresh, name);
    let live = 0;
    for (let round = 0; round < log.length; round += 1) {
      readSome(ledger, log, 10_000);
      while (ledger.first('live') !== undefined) {
        ledger.finish('live');
        live += 1;
      }
    }
    expect(live).toBe(500);
    let held = 0;
    const position = ledger.position();
    expect(position.next).toBe(0n);
    while (ledger.first('dead') !== undefined) {
      ledger.finish('dead');
      held += 1;
    }
    expect(held).toBe(outboxItemsMax);
  });

  test('takes no more destinations than its note can hold, and the note of all of them fits', () => {
    const ledger = openOutboxLedger<string>(fresh, name);
    for (let index = 0; index < outboxDestinationsMax; index += 1) {
      expect(ledger.admit(BigInt(index) * 10n ** 9n, [`d${index}`], 'item')).toBe(true);
    }
    expect(ledger.admit(10n ** 15n, ['one more'], 'item')).toBe(false);
    expect(ledger.position().note.length).toBeLessThan(2_048);
    ledger.finish('d0');
    expect(ledger.admit(10n ** 15n, ['one more'], 'item')).toBe(true);
    const all = Array.from({ length: outboxDestinationsMax + 1 }, (_, index) => `x${index}`);
    expect(() => ledger.admit(10n ** 15n + 1n, all, 'item')).toThrow('121 destinations');
  });

  test('refuses a note that it cannot read, and finishing what it does not hold changes nothing', () => {
    expect(() => openOutboxLedger({ next: 0n, note: '2,0' }, name)).toThrow('unknown version');
    expect(() => openOutboxLedger({ next: 0n, note: '1' }, name)).toThrow('unknown version');
    expect(() => openOutboxLedger({ next: 0n, note: '1,4,abcdef-' }, name)).toThrow("holds '-'");
    const ledger = openOutboxLedger<string>(fresh, name);
    ledger.finish('nobody');
    expect(ledger.position()).toEqual(fresh);
  });

  test('a position whose note would not fit is a bug and throws', () => {
    const ledger = openOutboxLedger<string>(fresh, (destination) => destination.padEnd(40, '_'));
    for (let index = 0; index < 60; index += 1) ledger.admit(BigInt(index), [`d${index}`], 'item');
    expect(() => ledger.position()).toThrow('too long');
  });
});
