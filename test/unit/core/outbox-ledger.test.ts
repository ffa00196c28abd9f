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

/** Reads the log from where the ledger aims to its end. */
function readAll(ledger: OutboxLedger<string>, log: readonly (readonly string[])[]): void {
  for (;;) {
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
    const finishes = fc.array(fc.constantFrom('a', 'b', 'c', 'restart'), { maxLength: 300 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 150 }), finishes, (log, steps) => {
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
          readAll(ledger, log);
          if (step === 'restart') ledger = openOutboxLedger<string>(ledger.position(), name);
          else serve(step);
          expect(ledger.position().next).toBeGreaterThanOrEqual(next);
          next = ledger.position().next;
        }
        readAll(ledger, log);
        while (ledger.waiting().length > 0) {
          for (const destination of ledger.waiting()) serve(destination);
          readAll(ledger, log);
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

  test('keeps a bounded number of items of a dead destination and reads the rest again', () => {
    const log = Array.from({ length: 1_000 }, (_, at) => [at % 2 === 0 ? 'dead' : 'live']);
    const ledger = openOutboxLedger<string>(fresh, name);
    let live = 0;
    for (let round = 0; round < log.length; round += 1) {
      readAll(ledger, log);
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
