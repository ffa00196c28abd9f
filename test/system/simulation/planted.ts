// Bugs planted on purpose, to show that the invariants see them. Each is a classic of its trade, and
// each sits in the log port of one service, so that the product itself has no switch for it.
import { resultRecordCodec } from '../../../schemas/codec.ts';
import type { Lane, Log, NewRecord } from '../../../services/core/log.ts';
import { partsTopic, resultsTopic } from '../../../services/core/names.ts';
import type { Dice } from './instance.ts';

export const plantedBugs = ['position-without-results', 'parts-cut-per-status'] as const;
/**
 * position-without-results: the consumed position is committed and its results are not, now and then.
 * parts-cut-per-status: each status is cut and committed for itself, the position with the first one;
 * a reporter that dies in between never comes back to the other.
 */
export type Planted = (typeof plantedBugs)[number];

const lossPerMille = 100;

export function plant(
  planted: Planted | null,
  service: 'worker' | 'reporter',
  log: Log,
  dice: Dice,
): Log {
  if (planted === 'position-without-results' && service === 'worker') {
    return withCommit(log, (lane) => (records, position) => {
      const loses =
        records.some(({ topic }) => topic === resultsTopic) && dice.perMille(lossPerMille);
      return lane.commit(loses ? records.filter(isEnd) : records, position);
    });
  }
  if (planted === 'parts-cut-per-status' && service === 'reporter') {
    return withCommit(log, (lane) => async (records, position) => {
      const parts = records.filter(({ topic }) => topic === partsTopic);
      const [first, ...rest] = parts;
      if (first === undefined || rest.length === 0) return lane.commit(records, position);
      await lane.commit([first], position);
      return lane.commit(rest, position);
    });
  }
  return log;
}

/** The End stays, so that the loss is found by counting and not by waiting. */
function isEnd({ value }: NewRecord): boolean {
  return value !== null && resultRecordCodec.decode(value).kind === 'end';
}

function withCommit(log: Log, change: (lane: Lane) => Lane['commit']): Log {
  return {
    send: (space, records) => log.send(space, records),
    claim: (space, identity, signal) => log.claim(space, identity, signal),
    follow: (space, topic, fold, signal) => log.follow(space, topic, fold, signal),
    end: () => log.end(),
    join: async function* (space, topic, group, signal) {
      for await (const lane of log.join(space, topic, group, signal)) {
        yield {
          get position() {
            return lane.position;
          },
          partition: lane.partition,
          revoked: lane.revoked,
          read: (bytesMax, stop) => lane.read(bytesMax, stop),
          seek: (next) => lane.seek(next),
          commit: change(lane),
          release: () => lane.release(),
        };
      }
    },
  };
}
