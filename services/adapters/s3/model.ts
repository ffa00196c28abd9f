// The SDK is the model of every request, not the engine: its own protocol object serialises its own
// schemas, its own rule set picks host and path style; what its middleware adds (checksum, length)
// is added here in a few lines. docs/decisions/sdk-as-model.md says why, and
// test/contract/s3/model.test.ts proves for each call that nothing differs from client.send.
import { crc32 } from 'node:zlib';
import {
  CopyObject$,
  DeleteObject$,
  DeleteObjectTagging$,
  GetObject$,
  HeadObject$,
  ListObjectsV2$,
  PutObject$,
  PutObjectTagging$,
  S3Client,
} from '@aws-sdk/client-s3';
import { encodeRfc3986 } from '../../core/sigv4.ts';
import type { RoleProfile, StaticCredentials } from './profile.ts';
import type { S3Request } from './request.ts';

const operations = {
  CopyObject: operationOf(CopyObject$),
  DeleteObject: operationOf(DeleteObject$),
  DeleteObjectTagging: operationOf(DeleteObjectTagging$),
  GetObject: operationOf(GetObject$),
  HeadObject: operationOf(HeadObject$),
  ListObjectsV2: operationOf(ListObjectsV2$),
  PutObject: operationOf(PutObject$),
  PutObjectTagging: operationOf(PutObjectTagging$),
};
export type ModelCommand = keyof typeof operations;

/** The SDK keeps an operation's schema as a tuple; its protocol takes it by names. */
function operationOf(schema: typeof PutObject$): object {
  const [, namespace, name, traits, input, output] = schema;
  return { namespace, name, traits, input, output };
}

interface Serialised {
  readonly method: S3Request['method'];
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

interface Serializer {
  serializeRequest(operation: object, input: object, context: object): Promise<Serialised>;
}

function isSerializer(protocol: unknown): protocol is Serializer {
  return (
    typeof protocol === 'object' &&
    protocol !== null &&
    'serializeRequest' in protocol &&
    typeof protocol.serializeRequest === 'function'
  );
}

export interface ModelInput {
  readonly Bucket: string;
  readonly [member: string]: unknown;
}

export type Modelled =
  | { readonly kind: 'request'; readonly request: S3Request }
  /** The SDK itself refuses such an input, e.g. a bucket name that cannot be addressed. */
  | { readonly kind: 'unsendable'; readonly message: string };

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Model {
  serialise(command: ModelCommand, input: ModelInput): Promise<Modelled>;
  /** The profile's own, or those of the SDK's default provider chain. Rejects if it finds none. */
  credentials(forceRefresh: boolean): Promise<Credentials>;
}

interface Place {
  readonly origin: string;
  readonly host: string;
  readonly region: string;
  /** What the protocol asks of its surroundings; made once, since copying it costs 10 µs. */
  readonly context: object;
}

const placesMax = 1000;

export function openModel(profile: RoleProfile): Model {
  const client = openClient(profile);
  // The SDK's types allow a constructor here; its resolved configuration holds an instance.
  const protocol: unknown = client.config.protocol;
  if (!isSerializer(protocol)) throw new Error('this version of the SDK has no serializer');
  const places = new Map<string, Promise<Place>>();

  function place(bucket: string): Promise<Place> {
    const known = places.get(bucket);
    if (known !== undefined) return known;
    const resolved = resolvePlace(client, profile, bucket);
    if (places.size >= placesMax) places.clear();
    places.set(bucket, resolved);
    return resolved;
  }

  return {
    serialise: async (command, input) => {
      try {
        const where = await place(input.Bucket);
        const made = await protocol.serializeRequest(operations[command], input, where.context);
        return { kind: 'request', request: complete(command, where, made) };
      } catch (error) {
        return { kind: 'unsendable', message: error instanceof Error ? error.message : 'unknown' };
      }
    },
    credentials: (forceRefresh) => client.config.credentials({ forceRefresh }),
  };
}

function openClient(profile: RoleProfile): S3Client {
  const { credentials, endpoint } = profile;
  return new S3Client({
    region: profile.region,
    forcePathStyle: profile.forcePathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === null ? {} : { credentials: sdkCredentials(credentials) }),
  });
}

function sdkCredentials(credentials: StaticCredentials) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) };
}

/** Host, path style and region by the SDK's own rule set. */
async function resolvePlace(
  client: S3Client,
  profile: RoleProfile,
  bucket: string,
): Promise<Place> {
  const { config } = client;
  const resolved = config.endpointProvider(
    {
      Bucket: bucket,
      Region: profile.region,
      Endpoint: profile.endpoint ?? undefined,
      ForcePathStyle: profile.forcePathStyle,
      UseFIPS: await config.useFipsEndpoint(),
      UseDualStack: await config.useDualstackEndpoint(),
      UseArnRegion: false,
      Accelerate: false,
      UseGlobalEndpoint: false,
      DisableMultiRegionAccessPoints: true,
    },
    {},
  );
  const { url } = resolved;
  const scheme = resolved.properties?.['authSchemes']?.[0];
  if (scheme !== undefined && scheme.name !== 'sigv4') {
    throw new Error(`bucket ${bucket} needs ${scheme.name}, which is not supported`);
  }
  const region = scheme?.['signingRegion'];
  const endpoint = {
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
  };
  return {
    origin: url.origin,
    host: url.host,
    region: typeof region === 'string' ? region : profile.region,
    context: { ...config, endpoint: () => Promise.resolve(endpoint) },
  };
}

/** What client.send's middleware would add to what the protocol made. */
function complete(command: ModelCommand, place: Place, made: Serialised): S3Request {
  const body = made.body === undefined ? null : bodyBytes(made.body);
  const headers: Record<string, string> = { ...made.headers };
  if (command === 'GetObject') headers['x-amz-checksum-mode'] = 'ENABLED';
  if (body !== null) {
    headers['content-length'] = String(body.length);
    headers['x-amz-sdk-checksum-algorithm'] = 'CRC32';
    headers['x-amz-checksum-crc32'] = crc32Base64(body);
  }
  return {
    method: made.method,
    origin: place.origin,
    host: place.host,
    path: made.path,
    query: queryText(made.query),
    headers,
    body,
    region: place.region,
  };
}

function bodyBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

const crcBytes = 4;

function crc32Base64(body: Uint8Array): string {
  const bytes = Buffer.alloc(crcBytes);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

function queryText(query: Serialised['query']): string {
  return Object.keys(query)
    .sort()
    .flatMap((name) => {
      const value = query[name] ?? null;
      const values = typeof value === 'string' || value === null ? [value] : value;
      return values.map((one) =>
        one === null ? encodeRfc3986(name) : `${encodeRfc3986(name)}=${encodeRfc3986(one)}`,
      );
    })
    .join('&');
}
