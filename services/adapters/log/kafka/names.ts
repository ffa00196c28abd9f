// How spaces, topics and identities are called on the brokers. Everything begins with the
// installation's prefix, so that access rules and clean-up can name it all by one.
// Topics of a space stand behind its name (s3batch.control.inbox, s3batch.job.<id>.tasks); those of
// the space `events` without it (s3batch.events), since outside producers write there.
import type { Space } from '../../../core/log.ts';

/** The compacted topic that says which spaces there are. */
export function spacesTopicOf(prefix: string): string {
  return `${prefix}spaces`;
}

/** Which identities of a space have ever committed; compacted, one partition, one per space. */
export const marksTopic = 'marks';

export function topicName(prefix: string, space: Space, topic: string): string {
  return space === 'events' ? `${prefix}${topic}` : `${spaceName(prefix, space)}.${topic}`;
}

/** A consumer group: one per space, topic and group. */
export function groupName(prefix: string, space: Space, group: string, topic: string): string {
  return `${spaceName(prefix, space)}.${escape(group)}.${topic}`;
}

/** The group that holds the position of an identity which reads no topic. */
export function claimGroupName(prefix: string, space: Space, identity: string): string {
  return `${spaceName(prefix, space)}.claim.${escape(identity)}`;
}

/** rest: a group's name behind groupsPrefix. null: it is no claim's. */
export function identityOfClaimGroup(rest: string): string | null {
  return rest.startsWith('claim.') ? unescape(rest.slice('claim.'.length)) : null;
}

/** The group's own name, if it reads this topic of its space; else null. */
export function laneGroupOf(rest: string, topic: string): string | null {
  const end = `.${topic}`;
  if (!rest.endsWith(end)) return null;
  const name = rest.slice(0, -end.length);
  return name === '' || name.includes('.') ? null : unescape(name);
}

/** What every group of a space begins with. */
export function groupsPrefix(prefix: string, space: Space): string {
  return `${spaceName(prefix, space)}.`;
}

export function transactionalIdOf(prefix: string, space: Space, identity: string): string {
  return `${spaceName(prefix, space)}/${identity}`;
}

function spaceName(prefix: string, space: Space): string {
  if (!space.startsWith('job.')) return `${prefix}${space}`;
  return `${prefix}job.${escape(space.slice('job.'.length))}`;
}

/** Topics may hold letters, digits, '.', '_' and '-'; the rest, and '_' and '.', become _hex. */
function escape(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/gu, (character) => {
    const bytes = new TextEncoder().encode(character);
    return Array.from(bytes, (byte) => `_${byte.toString(16).padStart(2, '0')}`).join('');
  });
}

function unescape(text: string): string {
  return text.replace(/(?:_[0-9a-f]{2})+/g, (codes) =>
    Buffer.from(codes.replaceAll('_', ''), 'hex').toString('utf8'),
  );
}
