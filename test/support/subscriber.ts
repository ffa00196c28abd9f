// A subscriber on a free loopback port: keeps what it gets, confirms by itself if asked to, and can
// answer badly. `until` waits on what has arrived.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Arrival {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Subscriber extends AsyncDisposable {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  until(enough: (arrivals: readonly Arrival[]) => boolean): Promise<void>;
}

export type AnswerArrival = (
  arrival: Arrival,
  count: number,
) => { readonly status: number; readonly location?: string };

const fine: AnswerArrival = () => ({ status: 200 });

export async function openSubscriber(answer: AnswerArrival = fine): Promise<Subscriber> {
  const arrivals: Arrival[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const arrival = { headers: request.headers, text: Buffer.concat(chunks).toString() };
      arrivals.push(arrival);
      const { status, location } = answer(arrival, arrivals.length);
      response.writeHead(status, location === undefined ? {} : { location });
      response.end();
      for (const look of waiting) look();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    arrivals,
    until: (enough) =>
      new Promise((resolve) => {
        const look = () => {
          if (!enough(arrivals)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
