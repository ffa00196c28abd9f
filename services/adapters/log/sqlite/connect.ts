// The service's side of the embedded log: a Log and a Spaces over the port that the owner gave out.
// Runs in any thread. Invariant: a read's cursor moves only when its records are handed over, so a
// wait that is aborted loses nothing.
import type { MessagePort } from 'node:worker_threads';
import type { Log, Spaces } from '../../../core/log.ts';
import { Connection } from './connection.ts';
import { encodeBatches } from './frame.ts';
import { joinLanes } from './lane.ts';
import { followTopic } from './view.ts';
import { writerOf } from './writer.ts';

export function connectLog(port: MessagePort): { readonly log: Log; readonly spaces: Spaces } {
  const connection = new Connection(port);
  return { log: logOver(connection), spaces: spacesOver(connection) };
}

function logOver(connection: Connection): Log {
  return {
    send: async (space, records) => {
      const batches = encodeBatches(records);
      const sent = connection.ask({ op: 'send', space, batches });
      return BigInt((await connection.settling(sent, 'offset')).offset);
    },
    join: (space, topic, group, signal) => joinLanes(connection, space, topic, group, signal),
    claim: async (space, identity) => {
      const { granted } = await connection.expect({ op: 'claim', space, identity }, 'granted');
      return writerOf(connection, identity, granted);
    },
    follow: (space, topic, fold, signal) => followTopic(connection, space, topic, fold, signal),
    end: () => connection.end(),
  };
}

function spacesOver(connection: Connection): Spaces {
  return {
    create: async (space, topics) => {
      await connection.expect({ op: 'create', space, topics }, 'done');
    },
    close: async (space) => {
      await connection.expect({ op: 'close', space }, 'done');
    },
    drop: async (space) => {
      await connection.expect({ op: 'drop', space }, 'done');
    },
    list: async () => (await connection.expect({ op: 'list' }, 'spaces')).spaces,
  };
}
