// HTTP by undici: keep-alive connections in a pool per origin, bounded in number, time and bytes.
// The path goes out byte for byte (a URL object would fold `../x` and `a//b`), and no redirect is
// followed. A failure to get an answer is data, in one sentence.
import { type Dispatcher, Pool } from 'undici';
import type { S3Request, S3Response } from './request.ts';

export type Exchange =
  | { readonly kind: 'answer'; readonly response: S3Response }
  | { readonly kind: 'unreachable'; readonly message: string };

export interface TransportLimits {
  readonly connectionsMax: number;
  readonly connectMsMax: number;
  readonly keepAliveMs: number;
}

export const transportLimitsDefault: TransportLimits = {
  connectionsMax: 256,
  connectMsMax: 5_000,
  keepAliveMs: 15_000,
};

export interface ExchangeLimits {
  /** Until the answer's headers, and between two pieces of its body. */
  readonly silenceMsMax: number;
  readonly bodyBytesMax: number;
}

export interface Transport {
  exchange(
    request: S3Request,
    headers: string[],
    limits: ExchangeLimits,
    signal: AbortSignal,
  ): Promise<Exchange>;
  close(): Promise<void>;
}

const originsMax = 1000;

export function openTransport(limits: TransportLimits): Transport {
  const pools = new Map<string, Pool>();

  function poolOf(origin: string): Pool {
    const open = pools.get(origin);
    if (open !== undefined) return open;
    // With host-style addressing each bucket has an origin of its own; the oldest makes room.
    const oldest = pools.size >= originsMax ? pools.entries().next().value : undefined;
    if (oldest !== undefined) {
      pools.delete(oldest[0]);
      void oldest[1].close();
    }
    const pool = new Pool(origin, {
      connections: limits.connectionsMax,
      pipelining: 1,
      connect: { timeout: limits.connectMsMax },
      keepAliveTimeout: limits.keepAliveMs,
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    exchange: (request, headers, exchangeLimits, signal) =>
      exchange(poolOf(request.origin), request, headers, exchangeLimits, signal),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

function exchange(
  pool: Pool,
  request: S3Request,
  headers: string[],
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ kind: 'unreachable', message: 'aborted' });
    let controller: Dispatcher.DispatchController | null = null;
    let response: Omit<S3Response, 'body'> = { status: 0, headers: {} };
    const pieces: Buffer[] = [];
    let bytes = 0;
    const abort = () => {
      controller?.abort(new Error('aborted'));
      finish({ kind: 'unreachable', message: 'aborted' });
    };
    const finish = (result: Exchange) => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    };
    signal.addEventListener('abort', abort, { once: true });
    const options: Dispatcher.DispatchOptions = {
      path: request.query === '' ? request.path : `${request.path}?${request.query}`,
      method: request.method,
      headers,
      body: request.body,
      headersTimeout: limits.silenceMsMax,
      bodyTimeout: limits.silenceMsMax,
    };
    pool.dispatch(options, {
      onRequestStart: (started) => {
        controller = started;
        if (signal.aborted) started.abort(new Error('aborted'));
      },
      onResponseStart: (_, status, responseHeaders) => {
        response = { status, headers: responseHeaders };
      },
      onResponseData: (running, chunk) => {
        bytes += chunk.length;
        if (bytes > limits.bodyBytesMax) {
          running.abort(new Error(`the answer is longer than ${limits.bodyBytesMax} bytes`));
          return;
        }
        pieces.push(chunk);
      },
      onResponseEnd: () => {
        const body = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
        finish({ kind: 'answer', response: { ...response, body } });
      },
      onResponseError: (_, error) => {
        finish({ kind: 'unreachable', message: describe(error, request.origin) });
      },
    });
  });
}

function describe(error: Error, origin: string): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  // A connection tried over several addresses fails with an empty message and a list of causes.
  const causes = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return `${origin}: ${code}${error.message === '' ? causes : error.message}`;
}
