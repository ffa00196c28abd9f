// What strangers may hold of this process at once: a request is let in before anyone knows who sent
// it. Bodies count by what they announce; requests count per connection, since one that is sent
// behind another waits in memory, and a single connection could send hundreds of thousands.
// Invariant: everything that was let in is given back, however its connection ends.
import { limits } from './limits.ts';

/** in: go on. crowded: answer that it may come again. cut: the connection is gone. */
export type Entry = 'in' | 'crowded' | 'cut';

interface Closing {
  once(event: 'close', listener: () => void): unknown;
}
interface Connection extends Closing {
  readonly destroyed: boolean;
  destroy(): unknown;
}
interface Held {
  requests: number;
  bytes: number;
}

/** bytes: the body's, as announced. response: closes when it was sent or cannot be any more. */
export type Gate = (connection: Connection, response: Closing, bytes: number) => Entry;

export function openGate(): Gate {
  const connections = new WeakMap<Connection, Held>();
  let bytesHeld = 0;

  function heldBy(connection: Connection): Held {
    const known = connections.get(connection);
    if (known !== undefined) return known;
    const held = { requests: 0, bytes: 0 };
    connections.set(connection, held);
    // Answers that wait behind another one are not told that the connection has ended.
    connection.once('close', () => {
      bytesHeld -= held.bytes;
      connections.delete(connection);
    });
    return held;
  }

  return (connection, response, bytes) => {
    if (connection.destroyed) return 'cut';
    const held = heldBy(connection);
    if (held.requests >= limits.requestsPerConnectionMax) {
      connection.destroy();
      return 'cut';
    }
    if (bytesHeld + bytes > limits.bodiesBytesMax) return 'crowded';
    held.requests += 1;
    held.bytes += bytes;
    bytesHeld += bytes;
    response.once('close', () => {
      if (connections.get(connection) !== held) return;
      held.requests -= 1;
      held.bytes -= bytes;
      bytesHeld -= bytes;
    });
    return 'in';
  };
}
