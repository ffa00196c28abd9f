// What the killed child writes and its examiner expects.
import type { NewRecord, Space, TopicShape } from '../../services/core/log.ts';

const space: Space = 'job.killed';
const topics: readonly TopicShape[] = [
  { topic: 'tasks', partitions: 2, keep: { ms: Number.MAX_SAFE_INTEGER } },
  { topic: 'jobs', partitions: 1, keep: 'compacted' },
];

function records(round: number): readonly NewRecord[] {
  const value = new TextEncoder().encode(`${round}`);
  return [
    { topic: 'tasks', partition: 0, key: 'first', value },
    { topic: 'jobs', partition: 0, key: 'latest', value },
    { topic: 'tasks', partition: 1, key: 'second', value },
  ];
}

export const killed = { space, topics, records, identity: 'committer', rounds: 3 };
