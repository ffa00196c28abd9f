// What members of a consumer group tell each other: which partitions each holds, and who gets which
// next. The frame is Kafka's own consumer protocol, so that its tools can show our groups.
// Invariant: whoever is the leader deals alike, since members are taken in the order of their ids
// and a claim to a partition by two of them counts for the first.
import { createRequire } from 'node:module';
import { dealPartitions } from '../deal.ts';

const require = createRequire(import.meta.url);

interface Encoded<Value> {
  encode(value: Value): Buffer;
  decode(bytes: Buffer): Value | null;
}

const {
  MemberMetadata,
  MemberAssignment,
}: {
  readonly MemberMetadata: Encoded<{
    readonly version: number;
    readonly topics: readonly string[];
    readonly userData: Buffer;
  }>;
  readonly MemberAssignment: Encoded<{
    readonly version: number;
    readonly assignment: Readonly<Record<string, readonly number[]>>;
    readonly userData: Buffer;
  }>;
} = require('kafkajs/src/consumer/assignerProtocol.js');

export const assignmentProtocol = 's3batch-sticky';
const version = 1;

export function encodeOwned(topic: string, owned: readonly number[]): Buffer {
  const userData = Buffer.from(owned.join(','), 'utf8');
  return MemberMetadata.encode({ version, topics: [topic], userData });
}

export interface JoinedMember {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** Partitions per member id, for the leader to hand out. */
export function dealAmong(
  members: readonly JoinedMember[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const current: (string | null)[] = Array.from({ length: partitions }, () => null);
  for (const { memberId, memberMetadata } of sorted) {
    for (const partition of decodeOwned(memberMetadata)) {
      if (partition < partitions) current[partition] ??= memberId;
    }
  }
  const ids = sorted.map(({ memberId }) => memberId);
  const dealt = new Map<string, number[]>(ids.map((id) => [id, []]));
  for (const [partition, owner] of dealPartitions(current, ids).entries()) {
    if (owner !== null) dealt.get(owner)?.push(partition);
  }
  return dealt;
}

export function encodeAssignment(topic: string, partitions: readonly number[]): Buffer {
  const assignment = { [topic]: partitions };
  return MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) });
}

export function decodeAssignment(bytes: Buffer, topic: string): readonly number[] {
  if (bytes.length === 0) return [];
  return MemberAssignment.decode(bytes)?.assignment[topic] ?? [];
}

function decodeOwned(metadata: Buffer): readonly number[] {
  const text = MemberMetadata.decode(metadata)?.userData.toString('utf8') ?? '';
  if (!/^\d+(,\d+)*$/.test(text)) return [];
  return text.split(',').map(Number);
}
