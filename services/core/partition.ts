// Which partition a key's tasks go to: murmur2 (Kafka's, 32 bit) over the UTF-8 of bucket, NUL,
// key.
// Frozen: another value would let two workers work on one key at the same time.
// Source: Kafka's DefaultPartitioner (toPositive(murmur2(bytes)) % partitions).

const encoder = new TextEncoder();
/** A bucket of 255 characters, NUL and a key of 1,024 bytes fit; what is longer gets its own. */
const scratch = new Uint8Array(4096);

export function partitionOf(bucket: string, key: string, partitions: number): number {
  if (partitions === 1) return 0;
  const text = `${bucket}\0${key}`;
  if (text.length * 3 > scratch.length) {
    const bytes = encoder.encode(text);
    return (murmur2(bytes, bytes.length) & 0x7fffffff) % partitions;
  }
  const { written } = encoder.encodeInto(text, scratch);
  return (murmur2(scratch, written) & 0x7fffffff) % partitions;
}

/** A signed 32-bit number, as in Kafka's Utils.murmur2. */
export function murmur2(bytes: Uint8Array, length: number): number {
  const m = 0x5bd1e995;
  let hash = 0x9747b28c ^ length;
  const words = length - (length % 4);
  for (let at = 0; at < words; at += 4) {
    let k = byte(bytes, at) | (byte(bytes, at + 1) << 8);
    k |= (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    hash = Math.imul(hash, m) ^ k;
  }
  const rest = length % 4;
  if (rest === 3) hash ^= byte(bytes, words + 2) << 16;
  if (rest >= 2) hash ^= byte(bytes, words + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ byte(bytes, words), m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}

function byte(bytes: Uint8Array, at: number): number {
  // Inside the length that the caller gave, so never absent; | 0 keeps it an integer for the JIT.
  return Number(bytes[at]) | 0;
}

/** How many partitions a job gets, from an estimate of its tasks; at most partitionsMax. */
export function planPartitions(tasksEstimated: number, partitionsMax: number): number {
  return Math.max(1, Math.min(wanted(tasksEstimated), partitionsMax));
}

function wanted(tasksEstimated: number): number {
  if (tasksEstimated <= 100_000) return 1;
  if (tasksEstimated <= 2_000_000) return 4;
  if (tasksEstimated <= 100_000_000) return 16;
  return 32;
}
