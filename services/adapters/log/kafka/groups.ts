// The consumer groups of this installation, found at every broker, since each knows only those that
// it coordinates; and those of a space deleted, once they are empty.
// Invariant: a group that has a member is never taken from it.
import { setTimeout as pause } from 'node:timers/promises';
import type { Space } from '../../../core/log.ts';
import type { Brokers } from './brokers.ts';
import { ended } from './ensure-topics.ts';
import { answered, codes, hasCode } from './failure.ts';
import { groupsPrefix } from './names.ts';
import { deleteGroups, listGroups } from './wire.ts';

/** Members of a dead process are forgotten after their session. */
const emptyMsMax = 15_000;
const emptyPauseMs = 250;

export async function groupsBeginning(
  { link }: Brokers,
  start: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return ended(
    link.retry(async () => {
      const found = new Set<string>();
      for (const broker of await link.brokers()) {
        const { errorCode, groups } = await link.send(broker, listGroups, undefined);
        if (errorCode !== 0) throw answered(errorCode, `listing the groups at ${broker}`);
        for (const { groupId } of groups) if (groupId.startsWith(start)) found.add(groupId);
      }
      return [...found];
    }, signal),
  );
}

/**
 * A group that still has a member after emptyMsMax stays: its topics are gone, so that its
 * positions mean nothing, and it is only a name, which the brokers forget in time. A space of the
 * same name that is made meanwhile would find those positions, yet identities of jobs never return.
 */
export async function deleteGroupsOf(
  brokers: Brokers,
  space: Space,
  signal: AbortSignal,
): Promise<void> {
  const lastMs = performance.now() + emptyMsMax;
  const start = groupsPrefix(brokers.prefix, space);
  for (const group of await groupsBeginning(brokers, start, signal)) {
    while (!(await deleteGroup(brokers, group, signal))) {
      if (performance.now() > lastMs) break;
      await pause(emptyPauseMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** false: it has a member. */
async function deleteGroup(
  { link }: Brokers,
  group: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await ended(
      link.retry(async () => {
        const coordinator = await link.coordinatorOf('group', group);
        const { results } = await link.send(coordinator, deleteGroups, [group]);
        const code = results[0]?.errorCode ?? 0;
        if (code === 0 || code === codes.groupIdNotFound) return;
        throw answered(code, `deleting the group ${group}`);
      }, signal),
    );
    return true;
  } catch (error) {
    if (hasCode(error, codes.nonEmptyGroup)) return false;
    throw error;
  }
}
