// The topics that outside producers write to, as KAFKA_EVENTS_TOPICS names them:
// events,events.team-a:111122223333. Pure: settings.ts reads the environment.
// Invariant: no name leaves the space 'events', and none is the topic of what was rejected.
import { eventsRejectedTopic } from './names.ts';

export interface EventsTopic {
  /** Without the prefix that all topics of the installation have. */
  readonly topic: string;
  /** Job requests of this topic act for it; null: each needs a key of its own. */
  readonly accountId: string | null;
}

export type EventsTopicsAnswer =
  | { readonly kind: 'topics'; readonly topics: readonly EventsTopic[] }
  | { readonly kind: 'problem'; readonly rule: string };

const eventsTopicsMax = 50;
const nameCharactersMax = 150;

export function readEventsTopics(text: string): EventsTopicsAnswer {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) return problem('the name of at least one topic');
  if (entries.length > eventsTopicsMax) return problem(`at most ${eventsTopicsMax} topics`);
  const topics: EventsTopic[] = [];
  for (const entry of entries) {
    const match = /^(events(?:\.[A-Za-z0-9_-]+)*)(?::(\d{12}))?$/.exec(entry);
    const topic = match?.[1] ?? '';
    if (topic === '' || topic.length > nameCharactersMax) {
      return problem(
        'names separated by commas, each events or events.<name>, with :<account of 12 digits> ' +
          'where its job requests act for that account',
      );
    }
    if (topic === eventsRejectedTopic) {
      return problem(`without ${eventsRejectedTopic}, where s3batch itself writes`);
    }
    if (topics.some((other) => other.topic === topic)) return problem(`without ${topic} twice`);
    topics.push({ topic, accountId: match?.[2] ?? null });
  }
  return { kind: 'topics', topics };
}

function problem(rule: string): EventsTopicsAnswer {
  return { kind: 'problem', rule };
}
