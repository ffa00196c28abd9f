// What a reader gets is what was committed, whatever lies in the partition beside it. The named
// cases are those in which kafkajs's own decoder delivers what was aborted, fails, or stands still.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Aborted,
  DamagedBatch,
  decodeBatches,
  decodeFetch,
} from '../../../services/adapters/log/kafka/decode-fetch.ts';
import {
  type Batch,
  type BatchRecord,
  batchBytes,
  controlFlag,
  markerBytes,
  sealed,
  withAttributes,
} from '../../support/record-batches.ts';

interface Encoder {
  readonly buffer: Buffer;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeInt64(value: string): Encoder;
  writeString(value: string): Encoder;
  writeBytes(value: Buffer): Encoder;
}
const KafkaEncoder: new () => Encoder = createRequire(import.meta.url)(
  'kafkajs/src/protocol/encoder.js',
);

const recordOf = (offset: bigint, text = `v${offset}`): BatchRecord => ({
  offset,
  key: 'key',
  value: text,
});

function data(producerId: bigint, offsets: readonly bigint[], changes: Partial<Batch> = {}): Batch {
  return {
    first: offsets[0] ?? 0n,
    last: offsets.at(-1) ?? 0n,
    records: offsets.map((offset) => recordOf(offset)),
    producerId,
    transactional: true,
    compression: 'none',
    ...changes,
  };
}

function read(batches: readonly Buffer[], from: bigint, aborted: readonly Aborted[]) {
  const { records, next } = decodeBatches(Buffer.concat(batches), from, aborted);
  return { offsets: records.map(({ offset }) => offset), next };
}

describe('aborted records are never read', () => {
  test('though the broker lists the aborts in the order of their markers', async () => {
    const batches = [
      await batchBytes(data(1n, [0n])),
      await batchBytes(data(2n, [1n])),
      await markerBytes(2n, 2n, 'abort'),
      await batchBytes(data(1n, [3n])),
      await markerBytes(1n, 4n, 'abort'),
      await batchBytes(data(3n, [5n], { transactional: false })),
    ];
    const aborted = [
      { producerId: 2n, firstOffset: 1n },
      { producerId: 1n, firstOffset: 0n },
    ];
    expect(read(batches, 0n, aborted)).toEqual({ offsets: [5n], next: 6n });
  });

  test('though two of their transactions began before the offset that is asked for', async () => {
    const batches = [
      await batchBytes(data(1n, [10n])),
      await batchBytes(data(2n, [11n])),
      await markerBytes(1n, 12n, 'abort'),
      await markerBytes(2n, 13n, 'abort'),
    ];
    const aborted = [
      { producerId: 1n, firstOffset: 2n },
      { producerId: 2n, firstOffset: 3n },
    ];
    expect(read(batches, 10n, aborted)).toEqual({ offsets: [], next: 14n });
  });

  test('though one of them has the bytes of an abort marker as its key', async () => {
    const key = Buffer.from([0, 0, 0, 0]);
    const alike = data(1n, [0n], { records: [{ offset: 0n, key, value: 'x' }] });
    const batches = [
      await batchBytes(alike),
      await batchBytes(data(1n, [1n])),
      await markerBytes(1n, 2n, 'abort'),
      await batchBytes(data(1n, [3n])),
      await markerBytes(1n, 4n, 'commit'),
    ];
    const aborted = [{ producerId: 1n, firstOffset: 0n }];
    expect(read(batches, 0n, aborted)).toEqual({ offsets: [3n], next: 5n });
  });
});

describe('the position moves on', () => {
  test('over a batch that compaction has left empty', async () => {
    const empty = data(1n, [], { first: 7n, last: 9n, transactional: false });
    expect(read([await batchBytes(empty)], 7n, [])).toEqual({ offsets: [], next: 10n });
  });

  test('over a marker that compaction has left empty', async () => {
    const batches = [await markerBytes(1n, 7n, 'compacted')];
    expect(read(batches, 7n, [])).toEqual({ offsets: [], next: 8n });
  });

  test('over a control record of a kind that is not known', async () => {
    const odd = data(1n, [7n], { records: [{ offset: 7n, key: 'odd', value: null }] });
    const batches = [withAttributes(await batchBytes(odd), controlFlag)];
    expect(read(batches, 7n, [])).toEqual({ offsets: [], next: 8n });
  });

  test('to the end of a batch whose last records were compacted away, in one step', async () => {
    const batch = data(1n, [0n, 1n], { last: 500n, transactional: false });
    expect(read([await batchBytes(batch)], 0n, [])).toEqual({ offsets: [0n, 1n], next: 501n });
    expect(read([await batchBytes(batch)], 2n, [])).toEqual({ offsets: [], next: 501n });
  });

  test('not at all where the only batch is cut, or nothing came', async () => {
    const bytes = await batchBytes(data(1n, [0n, 1n]));
    for (const length of [0, 1, 60, 61, bytes.length - 1]) {
      const cut = bytes.subarray(0, length);
      expect(read([cut], 0n, [])).toEqual({ offsets: [], next: 0n });
    }
  });

  test('never back, where a batch before the offset comes along', async () => {
    const batch = await batchBytes(data(1n, [0n, 1n], { transactional: false }));
    expect(read([batch], 2n, [])).toEqual({ offsets: [], next: 2n });
  });
});

test('a batch of 130,000 records is read', async () => {
  const count = 130_000;
  const offsets = Array.from({ length: count }, (_, index) => BigInt(index));
  const bytes = await batchBytes(data(1n, offsets, { transactional: false, compression: 'gzip' }));
  expect(decodeBatches(bytes, 0n, []).records).toHaveLength(count);
});

test('keys, values, tombstones and headers arrive as they were sent', async () => {
  const records = [
    { offset: 0n, key: null, value: null },
    { offset: 1n, key: 'ключ', value: 'текст', headers: { a: '1', b: 'ß' } },
    { offset: 2n, key: '', value: '' },
  ];
  const bytes = await batchBytes(data(1n, [0n, 2n], { records }));
  const read = decodeBatches(bytes, 0n, []).records;
  expect(read).toEqual([
    { offset: 0n, key: '', value: null },
    {
      offset: 1n,
      key: 'ключ',
      value: new TextEncoder().encode('текст'),
      headers: { a: '1', b: 'ß' },
    },
    { offset: 2n, key: '', value: new Uint8Array(0) },
  ]);
});

describe('what cannot be read is passed over, with its reason', () => {
  test.each([
    [2, 'snappy'],
    [3, 'lz4'],
  ])('compression %i', async (bits, name) => {
    const bytes = withAttributes(await batchBytes(data(1n, [0n])), bits);
    expect(reasonOf(bytes)).toContain(`${name}, which is not read here; set`);
  });

  test('an old format', async () => {
    const bytes = await batchBytes(data(1n, [0n]));
    bytes.writeInt8(1, 16);
    expect(() => decodeBatches(bytes, 0n, [])).toThrow('a record batch of format 1');
  });

  test('a record that reaches beyond its batch', async () => {
    const bytes = await batchBytes(data(1n, [0n]));
    const short = Buffer.from(bytes.subarray(0, bytes.length - 3));
    short.writeInt32BE(short.length - 12, 8);
    expect(reasonOf(sealed(short))).toContain('beyond its batch');
  });

  test('a batch that inflates beyond what one may hold, and a record of too many headers', async () => {
    const large = { offset: 0n, key: null, value: Buffer.alloc(33 * 1024 * 1024) };
    const bomb = { ...data(1n, []), last: 0n, records: [large], compression: 'zstd' as const };
    expect(reasonOf(await batchBytes(bomb))).toMatch(/larger than|too large/i);
    const headers = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`h${n}`, '']));
    const record = { offset: 0n, key: null, value: null, headers };
    const crowded = { ...data(1n, []), last: 0n, records: [record] };
    expect(reasonOf(await batchBytes(crowded))).toContain('1001 headers');
  });

  test('a batch whose checksum is wrong is damage, never passed over', async () => {
    const bytes = await batchBytes(data(1n, [0n]));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    expect(() => decodeBatches(bytes, 0n, [])).toThrow(DamagedBatch);
  });

  test('an answer that inflates to much is read in parts', async () => {
    const value = Buffer.alloc(20 * 1024 * 1024);
    const batches: Buffer[] = [];
    for (const offset of [0n, 1n, 2n]) {
      const record = { offset, key: null, value };
      const batch = { ...data(1n, []), first: offset, last: offset, records: [record] };
      batches.push(await batchBytes({ ...batch, compression: 'zstd' }));
    }
    const { records, next } = decodeBatches(Buffer.concat(batches), 0n, []);
    expect([records.length, next]).toEqual([2, 2n]);
  });
});

describe('the answer to a Fetch', () => {
  const answerOf = (errorCode: number, partitionCode: number, batches: Buffer): Buffer => {
    const encoder = new KafkaEncoder().writeInt32(0).writeInt16(errorCode).writeInt32(0);
    encoder.writeInt32(1).writeString('topic').writeInt32(2);
    encoder.writeInt32(0).writeInt16(partitionCode);
    encoder.writeInt64('9').writeInt64('8').writeInt64('7').writeInt32(1);
    encoder.writeInt64('5').writeInt64('6').writeInt32(-1).writeBytes(batches);
    encoder.writeInt32(1).writeInt16(0);
    encoder.writeInt64('0').writeInt64('0').writeInt64('0').writeInt32(-1).writeInt32(-1);
    return encoder.writeInt32(-1).buffer;
  };
  const batches = Buffer.from('bytes');
  const second = { highWatermark: 0n, logStart: 0n, aborted: [], batches: Buffer.alloc(0) };

  test('is taken apart by partition', () => {
    expect(decodeFetch(answerOf(0, 3, batches))).toEqual([
      {
        topic: 'topic',
        partition: 0,
        errorCode: 3,
        highWatermark: 9n,
        logStart: 7n,
        aborted: [{ producerId: 5n, firstOffset: 6n }],
        batches,
      },
      { topic: 'topic', partition: 1, errorCode: 0, ...second },
    ]);
  });

  test('an error of the whole is one of each partition', () => {
    const codes = decodeFetch(answerOf(70, 0, batches)).map(({ errorCode }) => errorCode);
    expect(codes).toEqual([70, 70]);
  });
});

const producer = fc.integer({ min: 0, max: 2 });

/** One thing that happens to a partition. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      producer,
      transactional: fc.boolean(),
      /** false: compacted away. */
      kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      compression: fc.constantFrom('none' as const, 'gzip' as const, 'zstd' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      producer,
      outcome: fc.constantFrom('commit' as const, 'abort' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gap' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

interface Stored {
  readonly first: bigint;
  readonly last: bigint;
  readonly bytes: Buffer;
}
interface Aborts extends Aborted {
  readonly marker: bigint;
}

/** The partition that these steps leave, with what a reader of committed records must get. */
async function partitionOf(steps: readonly Step[]) {
  const stored: Stored[] = [];
  const aborts: Aborts[] = [];
  const committed: bigint[] = [];
  const open = new Map<number, { readonly first: bigint; readonly offsets: bigint[] }>();
  let end = 0n;
  const finish = async (producer: number, outcome: 'commit' | 'abort') => {
    const transaction = open.get(producer);
    if (transaction === undefined) return;
    open.delete(producer);
    const bytes = await markerBytes(BigInt(producer), end, outcome);
    stored.push({ first: end, last: end, bytes });
    if (outcome === 'commit') committed.push(...transaction.offsets);
    else aborts.push({ producerId: BigInt(producer), firstOffset: transaction.first, marker: end });
    end += 1n;
  };
  for (const one of steps) {
    if (one.kind === 'gap') end += 3n;
    else if (one.kind === 'end') await finish(one.producer, one.outcome);
    else {
      const { producer, kept, compression } = one;
      // A producer is transactional or not for as long as one of its transactions is open.
      const transactional = one.transactional || open.has(producer);
      const offsets = kept.flatMap((isKept, index) => (isKept ? [end + BigInt(index)] : []));
      const last = end + BigInt(kept.length - 1);
      const records = offsets.map((offset) => recordOf(offset));
      const changes = { first: end, last, records, transactional, compression };
      stored.push({
        first: end,
        last,
        bytes: await batchBytes(data(BigInt(producer), [], changes)),
      });
      if (transactional) {
        const transaction = open.get(producer) ?? { first: end, offsets: [] };
        open.set(producer, transaction);
        transaction.offsets.push(...offsets);
      } else committed.push(...offsets);
      end = last + 1n;
    }
  }
  for (const producer of open.keys()) await finish(producer, 'abort');
  return { stored, aborts, committed: committed.toSorted((a, b) => Number(a - b)), end };
}

type Partition = Awaited<ReturnType<typeof partitionOf>>;

/** As a broker answers: whole from the batch that holds the offset, then cut anywhere. */
function fetched({ stored, aborts }: Partition, from: bigint, extraBytes: number) {
  const [first, ...others] = stored.filter(({ last }) => last >= from);
  if (first === undefined) return null;
  const rest = Buffer.concat(others.map(({ bytes }) => bytes)).subarray(0, extraBytes);
  // In the order of the markers, as they come.
  const aborted = aborts.filter(({ marker }) => marker >= from);
  return { batches: Buffer.concat([first.bytes, rest]), aborted };
}

test('exactly the committed records are read, from any offset on and however answers are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.nat({ max: 30 }),
      fc.array(fc.nat({ max: 4_000 }), { minLength: 1, maxLength: 5 }),
      async (steps, start, cuts) => {
        const partition = await partitionOf(steps);
        const from = BigInt(start);
        const got: bigint[] = [];
        let next = from;
        for (let round = 0; ; round += 1) {
          const answer = fetched(partition, next, cuts[round % cuts.length] ?? 0);
          if (answer === null) break;
          const decoded = decodeBatches(answer.batches, next, answer.aborted);
          expect(decoded.next).toBeGreaterThan(next);
          got.push(...decoded.records.map(({ offset }) => offset));
          ({ next } = decoded);
        }
        expect(got).toEqual(partition.committed.filter((offset) => offset >= from));
      },
    ),
    { numRuns: 200 },
  );
});

function reasonOf(batches: Buffer): string {
  const { records, unreadable } = decodeBatches(batches, 0n, []);
  expect(records).toEqual([]);
  expect(unreadable.map(({ offset }) => offset)).toEqual([0n]);
  return unreadable[0]?.reason ?? '';
}
