// One POST to a subscriber, to an address that was checked before: the name is not resolved again,
// a redirect is not followed, time and the bytes read of the answer are bounded.
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Resolve, ResolvedAddress } from './endpoint.ts';

export interface Post {
  readonly url: URL;
  readonly address: ResolvedAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type PostAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'unreachable'; readonly message: string };

/** Never rejects. */
export type Sender = (post: Post, signal: AbortSignal) => Promise<PostAnswer>;

const postMsMax = 15_000;
const answerBytesMax = 64 * 1024;

export const sendOverHttp: Sender = (post, signal) =>
  new Promise((resolve) => {
    const { url, address, headers, body } = post;
    const bytes = new TextEncoder().encode(body);
    const pinned: LookupFunction = (_host, options, callback) => {
      if (options.all === true) callback(null, [address]);
      else callback(null, address.address, address.family);
    };
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, {
      method: 'POST',
      agent: false,
      lookup: pinned,
      headers: { ...headers, 'Content-Length': String(bytes.length), Connection: 'close' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(postMsMax)]),
    });
    request.on('error', (error) => resolve({ kind: 'unreachable', message: error.message }));
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      let received = 0;
      response.on('data', (chunk: Uint8Array) => {
        received += chunk.length;
        if (received > answerBytesMax) request.destroy();
      });
      response.on('error', () => resolve({ kind: 'answered', status }));
      response.on('close', () => resolve({ kind: 'answered', status }));
    });
    request.end(bytes);
  });

export const resolveByDns: Resolve = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};
