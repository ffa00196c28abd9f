// From request line and Host to bucket, key and query. Keys are decoded once and never normalised:
// `../x` and `a//b` are names like any other.
import { type Answer, ok, refuse } from './refusal.ts';

export interface Target {
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

const noQuery: ReadonlyMap<string, string> = new Map();
const baseHost = 'localhost';

/** path and query raw; host: the Host header, port included. */
export function parseTarget(path: string, query: string, host: string): Answer<Target> {
  try {
    const names = query === '' ? noQuery : parseQuery(query);
    const hostBucket = bucketOfHost(host);
    const rest = path.slice(1);
    if (hostBucket !== null) {
      return ok({ bucket: hostBucket, key: decodeURIComponent(rest), query: names });
    }
    const slash = rest.indexOf('/');
    const bucket = decodeURIComponent(slash < 0 ? rest : rest.slice(0, slash));
    const key = slash < 0 ? '' : decodeURIComponent(rest.slice(slash + 1));
    return ok({ bucket, key, query: names });
  } catch {
    return refuse('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** bucket.localhost:port names a bucket; localhost and addresses do not. */
function bucketOfHost(host: string): string | null {
  const colon = host.lastIndexOf(':');
  const name = host.endsWith(']') || colon < 0 ? host : host.slice(0, colon);
  return name.endsWith(`.${baseHost}`) ? name.slice(0, -(baseHost.length + 1)) : null;
}

function parseQuery(query: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
    if (at < 0) names.set(decode(pair), '');
    else names.set(decode(pair.slice(0, at)), decode(pair.slice(at + 1)));
  }
  return names;
}
