// Deals the partitions of one (space, topic, group) among its members: pure, so that every adapter
// without a broker of its own deals alike.
// Invariant: each partition has exactly one owner, shares differ by at most one, and a partition
// moves only where the even shares demand it (a move costs repeated work).

/** current[partition] is the owner so far, or null; members stand in the order they joined. */
export function dealPartitions<Member>(
  current: readonly (Member | null)[],
  members: readonly Member[],
): readonly (Member | null)[] {
  if (members.length === 0) return current.map(() => null);
  const shares = new Map(members.map((member) => [member, 0]));
  const shareMin = Math.floor(current.length / members.length);
  let shareExtras = current.length % members.length;
  const keep = (owner: Member | null): boolean => {
    const share = owner === null ? undefined : shares.get(owner);
    if (owner === null || share === undefined || share > shareMin) return false;
    if (share === shareMin && shareExtras === 0) return false;
    if (share === shareMin) shareExtras -= 1;
    shares.set(owner, share + 1);
    return true;
  };
  const kept = current.map((owner) => (keep(owner) ? owner : null));
  return kept.map((owner) => owner ?? members.find(keep) ?? null);
}
