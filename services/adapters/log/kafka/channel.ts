// One TCP connection to one broker, by kafkajs's Connection: TLS, SASL, framing. What it lacks is
// added here: no delay on the socket, a deadline per request that ends the connection (a late
// answer must never be taken for that of another request), and quiet when nothing is pending.
// Modes: opening → open → closed, by close() or by the first error. A closed channel is never
// opened again; whoever needs one makes another.
import './guard.ts';
import { createRequire } from 'node:module';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { KafkaSettings } from '../../../core/settings.ts';
import { refused, unanswered } from './failure.ts';
import { type Api, apiVersions, type WireRequest } from './wire.ts';

const require = createRequire(import.meta.url);

interface Connection {
  connect(): Promise<true>;
  authenticate(): Promise<void>;
  setVersions(versions: unknown): void;
  setSupportAuthenticationProtocol(isSupported: boolean): void;
  send<Response>(exchange: {
    readonly request: WireRequest;
    readonly response: {
      readonly decode: (answer: Buffer) => Promise<Response>;
      readonly parse: (answer: Response) => Response;
    };
    readonly logResponseError: false;
  }): Promise<Response>;
}

const KafkaConnection: new (
  options: object,
) => Connection = require('kafkajs/src/network/connection.js');
const RequestQueue: {
  readonly prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void };
} = require('kafkajs/src/network/requestQueue/index.js');

// kafkajs re-arms a timer of one millisecond for ever once a first answer has come.
const scheduleCheck: (this: object) => void = Reflect.get(
  RequestQueue.prototype,
  'scheduleCheckPendingRequests',
);
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleWhilePending() {
  if (this.pending.length > 0) scheduleCheck.call(this);
};

const connectMsMax = 5_000;
/** A session that its broker limits (SASL re-authentication) is renewed so long before its end. */
const reauthenticateMsBefore = 10_000;

const silent = {
  namespace: () => silent,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

export interface ChannelOptions {
  readonly settings: KafkaSettings;
  readonly clientId: string;
  /** Told each request before it is sent and after its answer; tests fail and cut there. */
  readonly tap?: ((moment: 'before' | 'after', api: string) => Promise<void>) | undefined;
}

export interface Channel {
  readonly isOpen: boolean;
  send<Request, Response>(
    api: Api<Request, Response>,
    values: Request,
    msMax: number,
  ): Promise<Response>;
  close(): void;
}

/** address: host:port. Rejects with a KafkaFailure. */
export async function openChannel(address: string, options: ChannelOptions): Promise<Channel> {
  const { settings, clientId, tap } = options;
  const { host, port } = splitAddress(address);
  let socket: Socket | null = null;
  let closed = false;
  const connection = new KafkaConnection({
    host,
    port,
    clientId,
    logger: silent,
    connectionTimeout: connectMsMax,
    requestTimeout: connectMsMax,
    enforceRequestTimeout: false,
    reauthenticationThreshold: reauthenticateMsBefore,
    ssl: settings.tls === null ? null : tlsOptions(settings.tls, host),
    // A copy: kafkajs adds a function to it, with which settings could go to no other thread.
    sasl: settings.sasl === null ? null : { ...settings.sasl },
    socketFactory: ({ ssl, onConnect }: SocketOrder) => {
      socket =
        ssl === null
          ? connectTcp({ host, port }, onConnect)
          : connectTls({ ...ssl, host, port }, onConnect);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, connectMsMax);
      socket.on('close', () => {
        closed = true;
      });
      return socket;
    },
  });
  const close = () => {
    closed = true;
    socket?.destroy(new Error('closed'));
  };
  const send = async <Request, Response>(
    api: Api<Request, Response>,
    values: Request,
    msMax: number,
  ): Promise<Response> => {
    const what = `${api.name} to the broker ${address}`;
    await tap?.('before', api.name);
    if (closed) throw unanswered(what, 'the connection is closed');
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(unanswered(what, `no answer in ${msMax} ms`));
      close();
    }, msMax);
    try {
      const response = { decode: api.decode, parse: (answer: Response) => answer };
      const request = api.request(values);
      const asked = connection.send({ request, response, logResponseError: false });
      const answer = await Promise.race([asked, late.promise]);
      await tap?.('after', api.name);
      return answer;
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      close();
      throw unanswered(what, error.message);
    } finally {
      clearTimeout(timer);
    }
  };
  const channel: Channel = {
    get isOpen() {
      return !closed;
    },
    send,
    close,
  };
  try {
    await tap?.('before', 'connect');
    await connection.connect();
    const { apiVersions: offered } = await send(apiVersions, undefined, connectMsMax);
    connection.setVersions(
      Object.fromEntries(
        offered.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { minVersion, maxVersion }]),
      ),
    );
    connection.setSupportAuthenticationProtocol(true);
    await connection.authenticate();
    return channel;
  } catch (error) {
    close();
    const what = `connecting to the broker ${address}`;
    if (isAuthenticationError(error)) throw refused(what, error.message);
    if (error instanceof Error) throw unanswered(what, error.message);
    throw error;
  }
}

interface SocketOrder {
  readonly ssl: ConnectionOptions | null;
  readonly onConnect: () => void;
}

export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}

function tlsOptions(tls: NonNullable<KafkaSettings['tls']>, host: string): ConnectionOptions {
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.ca === '' ? {} : { ca: tls.ca }),
    ...(tls.certificate === '' ? {} : { cert: tls.certificate, key: tls.key }),
  };
}

function isAuthenticationError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    (error.name === 'KafkaJSSASLAuthenticationError' || error.name === 'KafkaJSNotImplemented')
  );
}

function isConnectionError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('KafkaJSConnection');
}
