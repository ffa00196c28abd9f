// CRC-32C (Castagnoli), with which Kafka seals its record batches; node:zlib has only CRC-32.

const polynomial = 0x82f63b78;
/** Eight bytes a step: table k says what a byte does that has k more behind it. */
const tables = makeTables();

/** An unsigned 32-bit number. */
export function crc32c(bytes: Buffer): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  const end = bytes.length - (bytes.length % 8);
  let crc = -1;
  let at = 0;
  for (; at < end; at += 8) {
    const low = bytes.readInt32LE(at) ^ crc;
    const high = bytes.readInt32LE(at + 4);
    crc =
      Number(t7[low & 0xff]) ^
      Number(t6[(low >>> 8) & 0xff]) ^
      Number(t5[(low >>> 16) & 0xff]) ^
      Number(t4[low >>> 24]) ^
      Number(t3[high & 0xff]) ^
      Number(t2[(high >>> 8) & 0xff]) ^
      Number(t1[(high >>> 16) & 0xff]) ^
      Number(t0[high >>> 24]);
  }
  for (; at < bytes.length; at += 1) {
    crc = Number(t0[(crc ^ bytes.readUInt8(at)) & 0xff]) ^ (crc >>> 8);
  }
  return (crc ^ -1) >>> 0;
}

type Table = Int32Array;

function makeTables(): readonly [Table, Table, Table, Table, Table, Table, Table, Table] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ polynomial;
    }
    return value;
  });
  const after = (table: Table): Table =>
    table.map((value) => Number(first[value & 0xff]) ^ (value >>> 8));
  const second = after(first);
  const third = after(second);
  const fourth = after(third);
  const fifth = after(fourth);
  const sixth = after(fifth);
  const seventh = after(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, after(seventh)];
}
