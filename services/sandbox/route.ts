// Which route a request takes. A query name that is neither a parameter we know nor a sub-resource
// we serve is answered 501: a sub-resource must never be mistaken for a write of the object.
import {
  createBucketRoute,
  deleteBucketRoute,
  deleteObjectsRoute,
  getLocationRoute,
  getVersioningRoute,
  headBucketRoute,
  listBucketsRoute,
  listRoute,
  listVersionsRoute,
  putVersioningRoute,
} from './bucket-routes.ts';
import type { SandboxAnswer, SandboxRequest } from './message.ts';
import {
  copyRoute,
  deleteRoute,
  deleteTaggingRoute,
  getRoute,
  getTaggingRoute,
  putRoute,
  putTaggingRoute,
} from './object-routes.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Store } from './store.ts';

type Route = (store: Store, request: SandboxRequest) => SandboxAnswer | Refusal;

/** Query names that do not change which call it is. */
const parameters = new Set([
  'x-id',
  'versionId',
  'list-type',
  'prefix',
  'delimiter',
  'start-after',
  'continuation-token',
  'encoding-type',
  'max-keys',
  'fetch-owner',
  'marker',
  'key-marker',
  'version-id-marker',
  'max-buckets',
  'bucket-region',
]);

/** By sub-resource ('' for none), then by method. */
const bucketRoutes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '': {
    GET: listRoute,
    HEAD: headBucketRoute,
    PUT: createBucketRoute,
    DELETE: deleteBucketRoute,
  },
  location: { GET: getLocationRoute },
  versioning: { GET: getVersioningRoute, PUT: putVersioningRoute },
  versions: { GET: listVersionsRoute },
  delete: { POST: deleteObjectsRoute },
};

const objectRoutes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '': { GET: getRoute, HEAD: getRoute, PUT: putRoute, DELETE: deleteRoute },
  tagging: { GET: getTaggingRoute, PUT: putTaggingRoute, DELETE: deleteTaggingRoute },
};

export function findRoute(request: SandboxRequest): Route | Refusal {
  const subresources = [...request.query.keys()].filter((name) => !parameters.has(name));
  if (subresources.length > 1) return notImplemented(subresources.join('&'));
  const subresource = subresources[0] ?? '';
  if (request.bucket === '') {
    const isList = request.method === 'GET' && subresource === '';
    return isList ? listBucketsRoute : notImplemented(subresource);
  }
  const routes = request.key === '' ? bucketRoutes : objectRoutes;
  const route = Object.hasOwn(routes, subresource)
    ? routes[subresource]?.[request.method]
    : undefined;
  if (route === undefined) return notImplemented(`${request.method} ?${subresource}`);
  if (route === putRoute && request.headers['x-amz-copy-source'] !== undefined) return copyRoute;
  return route;
}

function notImplemented(what: string): Refusal {
  return refuse(
    'NotImplemented',
    `A header or query you provided implies functionality that is not implemented: ${what}`,
  );
}
