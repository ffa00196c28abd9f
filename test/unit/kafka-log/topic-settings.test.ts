// What topics are made with, and what a topic that exists must agree in.
import { describe, expect, test } from 'vitest';
import {
  replicationFactors,
  settingsThatMatter,
  topicProblems,
  topicSettings,
} from '../../../services/adapters/log/kafka/topic-settings.ts';

type Settings = ReturnType<typeof topicSettings>;

const mapOf = (settings: Settings) => new Map(settings.map(({ name, value }) => [name, value]));
const consumed = topicSettings('job.1', 'consumed', 1);

function problemsWith(changes: Readonly<Record<string, string>>, settings = consumed) {
  const found = new Map([...mapOf(settings), ...Object.entries(changes)]);
  const wanted = { topic: 'p.job.1.tasks', partitions: 4, settings };
  return topicProblems(wanted, {
    topic: wanted.topic,
    partitions: 4,
    replicas: 1,
    settings: found,
  });
}

describe('the settings of topics', () => {
  test('brokers delete nothing by themselves from what is consumed or kept by time', () => {
    for (const keep of ['consumed', { ms: 1 }] as const) {
      const settings = mapOf(topicSettings('control', keep, 1));
      expect(settings.get('cleanup.policy')).toBe('delete');
      expect(settings.get('retention.ms')).toBe('-1');
      expect(settings.get('retention.bytes')).toBe('-1');
    }
  });

  test('compacted topics are compacted soon, and never deleted by age', () => {
    const settings = mapOf(topicSettings('control', 'compacted', 1));
    expect(settings.get('cleanup.policy')).toBe('compact');
    expect(settings.get('segment.ms')).toBe('600000');
    expect(settings.has('retention.ms')).toBe(false);
  });

  test('a record may be as large as a whole commit', () => {
    expect(mapOf(consumed).get('max.message.bytes')).toBe(String(17 * 1024 * 1024));
  });

  test('what outside producers write is stored in a compression that is read here', () => {
    expect(mapOf(topicSettings('events', { ms: 1 }, 1)).get('compression.type')).toBe('zstd');
    expect(mapOf(consumed).get('compression.type')).toBe('producer');
  });

  test('from three copies on two must have what is acknowledged', () => {
    const inSync = (replicas: number) =>
      mapOf(topicSettings('control', 'consumed', replicas)).get('min.insync.replicas');
    expect([1, 2, 3, 5].map(inSync)).toEqual(['1', '1', '2', '2']);
  });

  test('as many copies as asked for, else three, else one per broker', () => {
    expect(replicationFactors(2, 9)).toEqual([2]);
    expect([0, 1, 2, 3, 9].map((running) => replicationFactors(null, running))).toEqual([
      [3, 1],
      [3, 1],
      [3, 2],
      [3],
      [3],
    ]);
  });
});

describe('a topic that exists', () => {
  test('is used if it agrees in what matters', () => {
    expect(problemsWith({})).toEqual([]);
    expect(problemsWith({ 'segment.bytes': '1', 'message.timestamp.type': 'x' })).toEqual([]);
    expect(problemsWith({ 'max.message.bytes': '99999999', 'min.insync.replicas': '3' })).toEqual(
      [],
    );
  });

  test.each([
    ['cleanup.policy', 'compact'],
    ['retention.ms', '604800000'],
    ['retention.bytes', '1'],
    ['unclean.leader.election.enable', 'true'],
    ['max.message.bytes', '1048588'],
    ['min.insync.replicas', '0'],
    ['compression.type', 'lz4'],
  ])('is refused with %s=%s, with place and remedy', (name, value) => {
    expect(settingsThatMatter).toContain(name);
    const [problem, ...others] = problemsWith({ [name]: value });
    expect(others).toEqual([]);
    expect(problem).toContain('p.job.1.tasks');
    expect(problem).toContain(`${name}=${value}`);
    expect(problem).toContain(`${mapOf(consumed).get(name)} is needed`);
    expect(problem).toContain('kafka-configs.sh');
  });

  test('is refused with another number of partitions', () => {
    const wanted = { topic: 'p.x', partitions: 4, settings: consumed };
    const found = { topic: 'p.x', partitions: 3, replicas: 1, settings: mapOf(consumed) };
    expect(topicProblems(wanted, found)).toEqual([
      'the topic p.x exists with 3 partitions, where 4 are needed; delete it, or make it anew with 4',
    ]);
  });

  test('is refused if the brokers do not tell a setting that matters', () => {
    const wanted = { topic: 'p.x', partitions: 1, settings: consumed };
    const found = { topic: 'p.x', partitions: 1, replicas: 1, settings: new Map<string, string>() };
    expect(topicProblems(wanted, found)[0]).toContain('(not told)');
  });

  test('may store events in any compression that is read, and not as producers like', () => {
    const events = topicSettings('events', { ms: 1 }, 1);
    for (const fine of ['zstd', 'gzip', 'uncompressed']) {
      expect(problemsWith({ 'compression.type': fine }, events)).toEqual([]);
    }
    for (const bad of ['producer', 'snappy', 'lz4']) {
      expect(problemsWith({ 'compression.type': bad }, events)).toHaveLength(1);
    }
  });
});
