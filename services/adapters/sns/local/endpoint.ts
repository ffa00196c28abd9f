// The address of a subscriber: parsed at Subscribe, resolved and checked there and again before
// each delivery. The address that was checked is the one connected to, so that a name which
// resolves differently a moment later gains nothing.
import { isIP } from 'node:net';
import type { AddressRules } from './address.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a host name; rejects as node:dns does. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export type EndpointAnswer =
  | { readonly kind: 'target'; readonly url: URL; readonly address: ResolvedAddress }
  /** What is wrong with it, for the person who subscribes. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unresolved'; readonly message: string };

const endpointCharactersMax = 2048;

export async function findTarget(
  endpoint: string,
  rules: AddressRules,
  resolve: Resolve,
): Promise<EndpointAnswer> {
  const url = parseEndpoint(endpoint);
  if (typeof url === 'string') return { kind: 'refused', message: url };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = await addressesOf(host, resolve);
  if (typeof addresses === 'string') return { kind: 'unresolved', message: addresses };
  for (const { address } of addresses) {
    const why = rules.refusal(host, address);
    if (why === null) continue;
    return {
      kind: 'refused',
      message:
        `${host} is at ${address} (${why}), where this server does not deliver; its operator ` +
        'can allow it with S3BATCH_SNS_ALLOW',
    };
  }
  const [first] = addresses;
  if (first === undefined) return { kind: 'unresolved', message: `${host} has no address` };
  return { kind: 'target', url, address: first };
}

function parseEndpoint(endpoint: string): URL | string {
  if (endpoint.length > endpointCharactersMax) return 'the endpoint is too long';
  // The URL parser would drop some of it, and what is kept and shown would be another address.
  if (/[\s\p{Cc}]/u.test(endpoint)) return 'the endpoint must not hold white space';
  if (!URL.canParse(endpoint)) return 'the endpoint must be a URL';
  const url = new URL(endpoint);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return 'the endpoint must begin with http:// or https://';
  }
  if (url.username !== '' || url.password !== '') {
    return 'the endpoint must not hold a user name or password';
  }
  if (url.hash !== '') return 'the endpoint must not hold a fragment';
  return url;
}

async function addressesOf(
  host: string,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[] | string> {
  const family = isIP(host);
  if (family === 4 || family === 6) return [{ address: host, family }];
  try {
    return await resolve(host);
  } catch (error) {
    return `${host} cannot be resolved: ${error instanceof Error ? error.message : String(error)}`;
  }
}
