// A claimed identity in the service's thread: commits go to the owner, which alone decides whether
// the claim still holds.
import { type LogFailure, logError, type Position, type Writer } from '../../../core/log.ts';
import type { Connection } from './connection.ts';
import { encodeBatches } from './frame.ts';
import type { Granted } from './protocol.ts';

export function writerOf(connection: Connection, identity: string, granted: Granted): Writer {
  const { writer } = granted;
  let position: Position = { next: granted.next, note: granted.note };
  let released = false;
  return {
    get position() {
      return position;
    },
    commit: async (records, to) => {
      if (released) throw new Error(`${identity} commits after its release`);
      const { next, note } = to;
      const batches = encodeBatches(records);
      const sent = connection.ask({ op: 'commit', writer, batches, next, note });
      await connection.settling(sent, 'offset');
      position = { next, note };
    },
    release: async () => {
      if (released) return;
      released = true;
      connection.removeWriter(writer);
      await connection.expect({ op: 'release', writer }, 'done').catch(ignoreEnd);
    },
  };
}

/** Whatever has ended has released everything. */
export function ignoreEnd(error: unknown): void {
  if (error instanceof Error && 'failure' in error && error.failure === 'gone') return;
  throw error;
}

export function movedError(identity: string, failure: LogFailure): Error {
  return logError(failure, `${identity} ${failure === 'fenced' ? 'has moved' : 'has ended'}`);
}
