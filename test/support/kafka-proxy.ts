// A TCP proxy in front of a Kafka listener that advertises it, for tests: it sees each request's API
// key and does with the connection what a bad network does.
// Modes: open ↔ black hole (bytes and new connections are taken, nothing is passed on, nothing is
// refused; what was held passes when it is open again, as TCP's repetitions would bring it).
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Kafka's numbers of the requests that a commit is made of. */
export const apiKeys = {
  produce: 0,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const;

/**
 * drop: the connection is cut before the request arrives. lose: it arrives, and the connection is cut
 * before the answer. lateRequest: the client is cut off, and the request arrives at release().
 * lateAnswer: the connection stays, and its answers come at release().
 */
export type Verdict = 'pass' | 'drop' | 'lose' | 'lateRequest' | 'lateAnswer';

export interface KafkaProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** host:port of the listener; connections from then on go there. */
  leadTo(address: string): void;
  /** Asked for each request until it is replaced; absent: everything passes. */
  judge(verdictOf?: (apiKey: number) => Verdict): void;
  /** Lets everything through that lateRequest and lateAnswer hold. */
  release(): void;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  blackHole(): void;
  heal(): void;
}

interface Room {
  readonly from: string;
  verdictOf: (apiKey: number) => Verdict;
  target: { readonly host: string; readonly port: number };
  isHole: boolean;
  readonly pairs: Set<Pair>;
  readonly held: Set<() => void>;
}

interface Pair {
  cut(): void;
  pause(): void;
  resume(): void;
}

const host = '127.0.0.1';
const lengthBytes = 4;
const pass = (): Verdict => 'pass';

/**
 * from: the loopback address that the broker shall see, so that it can tell clients apart; Linux
 * takes any of 127.0.0.0/8.
 */
export async function openKafkaProxy(from = host): Promise<KafkaProxy> {
  const room: Room = {
    from,
    verdictOf: pass,
    target: { host, port: 0 },
    isHole: false,
    pairs: new Set(),
    held: new Set(),
  };
  const server = createServer({ noDelay: true }, (near) => join(room, near));
  const port = await listen(server);
  const cut = () => {
    for (const pair of room.pairs) pair.cut();
  };
  return {
    host,
    port,
    leadTo: (address) => {
      const [name = host, number = '0'] = address.split(':');
      room.target = { host: name, port: Number(number) };
    },
    judge: (verdictOf = pass) => {
      room.verdictOf = verdictOf;
    },
    release: () => {
      for (const release of room.held) release();
      room.held.clear();
    },
    cut,
    blackHole: () => {
      room.isHole = true;
      for (const pair of room.pairs) pair.pause();
    },
    heal: () => {
      room.isHole = false;
      for (const pair of room.pairs) pair.resume();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

/** Judges the first request that shall not simply pass, once; whatever comes later passes. */
export function once(apiKey: number, verdict: Verdict): (asked: number) => Verdict {
  let isDone = false;
  return (asked) => {
    if (isDone || asked !== apiKey) return 'pass';
    isDone = true;
    return verdict;
  };
}

function join(room: Room, near: Socket): void {
  const far = connect({ ...room.target, localAddress: room.from, noDelay: true });
  const requests = openFrames();
  let isAnswerHeld = false;
  let isLost = false;
  const answers: Buffer[] = [];
  const pair: Pair = {
    cut: () => {
      near.resetAndDestroy();
      far.destroy();
    },
    pause: () => {
      near.pause();
      far.pause();
    },
    resume: () => {
      near.resume();
      far.resume();
    },
  };

  /** false: nothing more of this connection is passed on. */
  const judge = (frame: Buffer): boolean => {
    switch (room.verdictOf(frame.readInt16BE(lengthBytes))) {
      case 'pass':
        far.write(frame);
        return true;
      case 'drop':
        pair.cut();
        return false;
      case 'lose':
        // The far end stays until it has answered, so that the request has surely taken effect.
        isLost = true;
        far.write(frame);
        near.resetAndDestroy();
        return false;
      case 'lateRequest':
        isLost = true;
        room.held.add(() => far.write(frame));
        near.resetAndDestroy();
        return false;
      case 'lateAnswer':
        isAnswerHeld = true;
        far.write(frame);
        room.held.add(() => {
          isAnswerHeld = false;
          for (const answer of answers.splice(0)) near.write(answer);
        });
        return true;
    }
  };

  near.on('data', (bytes: Buffer) => {
    for (const frame of requests(bytes)) if (!judge(frame)) return;
  });
  far.on('data', (bytes: Buffer) => {
    if (isLost) far.destroy();
    else if (isAnswerHeld) answers.push(bytes);
    else near.write(bytes);
  });
  near.on('close', () => {
    if (!isLost) far.destroy();
  });
  far.on('close', () => {
    room.pairs.delete(pair);
    near.destroy();
  });
  near.on('error', () => {});
  far.on('error', () => {});
  room.pairs.add(pair);
  if (room.isHole) pair.pause();
}

/** Cuts a stream of bytes into whole requests, each with its length in front. */
function openFrames(): (bytes: Buffer) => readonly Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const frames: Buffer[] = [];
    while (rest.length >= lengthBytes) {
      const end = lengthBytes + rest.readInt32BE(0);
      if (rest.length < end) break;
      frames.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return frames;
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no TCP address'));
      else resolve(address.port);
    });
  });
}
