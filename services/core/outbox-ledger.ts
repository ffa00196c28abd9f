// The bookkeeping of an outbox: one log partition, many destinations, each served in the order of
// the log and at its own pace. Pure. Since a destination is served in order, what is unfinished for
// it is everything from its lowest unfinished offset on: that one offset is all that a position
// must keep. What a full queue leaves out is read again later, so memory stays bounded however long
// a destination is dead, and a dead one blocks no other. Invariant: position.next is the lowest
// unfinished offset; the note holds the head (below which all else is finished) and, per unfinished
// destination, its lowest unfinished offset.
import { type Position, positionNoteBytesMax } from './log.ts';

/** Destinations with unfinished items; beyond it reading waits. They must fit into the note. */
export const outboxDestinationsMax = 120;
/** Items held in memory per destination; the rest stays in the log. */
export const outboxItemsMax = 32;
const refillBelow = outboxItemsMax / 2;
/** Base 36 digits of a destination's name in the note. */
export const outboxNameLength = 6;
const noteVersion = '1';
const radix = 36;

export interface OutboxItem<Item> {
  readonly offset: bigint;
  readonly item: Item;
}

interface Queue<Item> {
  readonly items: OutboxItem<Item>[];
  /** Everything below it is finished or held in items. */
  readTo: bigint;
  /** There may be records between readTo and the head that were left out. */
  isBehind: boolean;
  /** A record at readTo was left out: take no later one before reading has gone back to it. */
  isBlocked: boolean;
}

export interface OutboxLedger<Item> {
  /** false: too many unfinished destinations; offer the record again after one has finished. */
  admit(offset: bigint, destinations: readonly string[], item: Item): boolean;
  /** Nobody wants this record. Always true. */
  pass(offset: bigint): boolean;
  first(destination: string): OutboxItem<Item> | undefined;
  /** The first item of this destination is done with. */
  finish(destination: string): void;
  /** Where to read next: back to what a full queue left out, or on. */
  readonly at: bigint;
  /** Moves `at`; call before each read. */
  aim(): void;
  /** Destinations with at least one item. */
  waiting(): readonly string[];
  position(): Position;
}

/**
 * name: outboxNameLength digits of base 36 that tell destinations apart, the same at each start.
 */
export function openOutboxLedger<Item>(
  start: Position,
  name: (destination: string) => string,
): OutboxLedger<Item> {
  const queues = new Map<string, Queue<Item>>();
  const note = readNote(start);
  /** Unfinished destinations of a former owner, until reading meets them. */
  const noted = note.unfinished;
  let head = note.head;
  let at = start.next;

  function queueOf(destination: string): Queue<Item> {
    const known = queues.get(destination);
    if (known !== undefined) return known;
    const readTo = noted.get(name(destination)) ?? head;
    return { items: [], readTo, isBehind: readTo < head, isBlocked: false };
  }

  function offer(offset: bigint, destination: string, item: Item): void {
    const queue = queueOf(destination);
    if (queue.isBlocked || offset < queue.readTo) return;
    queues.set(destination, queue);
    noted.delete(name(destination));
    if (queue.items.length >= outboxItemsMax) {
      queue.readTo = offset;
      queue.isBehind = true;
      queue.isBlocked = true;
      return;
    }
    queue.items.push({ offset, item });
    queue.readTo = offset + 1n;
  }

  function arriveAtHead(): void {
    head = at;
    noted.clear();
    for (const [destination, queue] of queues) {
      if (!queue.isBlocked) queue.isBehind = false;
      if (queue.items.length === 0 && !queue.isBehind) queues.delete(destination);
    }
  }

  /** The lowest record that was left out of a queue which has room again. */
  function refillFrom(): bigint | null {
    let lowest: bigint | null = null;
    for (const { items, isBlocked, readTo } of queues.values()) {
      if (!isBlocked || items.length > refillBelow) continue;
      if (lowest === null || readTo < lowest) lowest = readTo;
    }
    return lowest;
  }

  function advance(offset: bigint): true {
    at = offset + 1n;
    if (at >= head) arriveAtHead();
    return true;
  }

  return {
    get at() {
      return at;
    },
    admit(offset, destinations, item) {
      if (destinations.length > outboxDestinationsMax) {
        throw new Error(`record ${offset} has ${destinations.length} destinations`);
      }
      const fresh = destinations.filter((destination) => !queues.has(destination)).length;
      if (fresh > 0 && queues.size + fresh > outboxDestinationsMax) return false;
      for (const destination of destinations) offer(offset, destination, item);
      return advance(offset);
    },
    pass: advance,
    first: (destination) => queues.get(destination)?.items[0],
    finish(destination) {
      const queue = queues.get(destination);
      if (queue === undefined) return;
      queue.items.shift();
      if (queue.items.length === 0 && !queue.isBehind) queues.delete(destination);
    },
    aim() {
      const back = refillFrom();
      if (back !== null) {
        at = back;
        for (const queue of queues.values()) if (queue.readTo >= at) queue.isBlocked = false;
        return;
      }
      const isOnPass = [...queues.values()].some((queue) => queue.isBehind && !queue.isBlocked);
      if (noted.size === 0 && !isOnPass) at = head;
    },
    waiting: () =>
      [...queues].filter(([, queue]) => queue.items.length > 0).map(([destination]) => destination),
    position() {
      const unfinished = new Map(noted);
      for (const [destination, queue] of queues) {
        unfinished.set(name(destination), queue.items[0]?.offset ?? queue.readTo);
      }
      return writeNote(head, unfinished);
    },
  };
}

/** Version, head and each destination's offset as distances from the lowest, in base 36. */
function writeNote(head: bigint, unfinished: ReadonlyMap<string, bigint>): Position {
  if (unfinished.size === 0) return { next: head, note: '' };
  let next = head;
  for (const offset of unfinished.values()) next = offset < next ? offset : next;
  const entries = [...unfinished].map(([name, offset]) => name + (offset - next).toString(radix));
  const note = [noteVersion, (head - next).toString(radix), ...entries].join(',');
  if (note.length > positionNoteBytesMax) throw new Error(`outbox note too long: ${note.length}`);
  return { next, note };
}

function readNote(position: Position): { head: bigint; unfinished: Map<string, bigint> } {
  const unfinished = new Map<string, bigint>();
  if (position.note === '') return { head: position.next, unfinished };
  const [version, ahead, ...entries] = position.note.split(',');
  if (version !== noteVersion || ahead === undefined) {
    throw new Error(`outbox note of an unknown version: ${position.note}`);
  }
  for (const entry of entries) {
    const distance = entry.slice(outboxNameLength);
    unfinished.set(entry.slice(0, outboxNameLength), position.next + parseDistance(distance));
  }
  return { head: position.next + parseDistance(ahead), unfinished };
}

function parseDistance(text: string): bigint {
  const distance = Number.parseInt(text, radix);
  if (!Number.isSafeInteger(distance)) throw new Error(`outbox note holds '${text}'`);
  return BigInt(distance);
}

const nameHexDigits = 13;

/** What stands for a destination in the note, from the hex digits of a hash of its whole name. */
export function outboxName(hashHex: string): string {
  const digits = Number.parseInt(hashHex.slice(0, nameHexDigits), 16).toString(radix);
  return digits.padStart(outboxNameLength, '0').slice(-outboxNameLength);
}
