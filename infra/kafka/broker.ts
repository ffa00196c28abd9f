// A real Kafka broker of one node, without a container: for tests, and for users who want to try
// S3BATCH_LOG=kafka. startBroker resolves when the broker takes requests. The handle is what a test
// does to it: kill -9, restart with the same data and ports, freeze, thaw, stop.
// Invariant: unless it is to outlive us, the broker ends with this process, however that ends.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bringJars, defaultJarsFolder } from './bring-jars.ts';
import {
  type BrokerFiles,
  brokerFilesIn,
  type Certificate,
  formatOnce,
  writeBrokerFiles,
} from './broker-files.ts';
import type { Listener, Security, User } from './broker-properties.ts';
import { useClassArchive } from './class-archive.ts';
import { findJava } from './find-java.ts';
import { freePorts, portIsFree } from './free-ports.ts';
import type { JavaProcess } from './java-process.ts';
import { isKafkaProblem, kafkaProblem } from './kafka-problem.ts';
import { type BrokerSetting, runBroker } from './run-broker.ts';

export interface ListenerOptions {
  /** Capital letters, such as PROXIED or LOGIN. */
  readonly name: string;
  readonly security: Security;
  /** What clients are told to connect to, if not this listener itself: a proxy in front of it. */
  readonly advertised?: { readonly host: string; readonly port: number };
}

export interface BrokerOptions {
  readonly jarsFolder?: string;
  /** The java command; absent: the one on the PATH. */
  readonly java?: string;
  /** Absent: a folder of its own, removed by stop(). */
  readonly dataFolder?: string;
  /** Of the plain listener; absent: a free one. */
  readonly port?: number;
  /** Beside the plain listener, which may do everything. */
  readonly listeners?: readonly ListenerOptions[];
  /** Who may log in at SASL listeners, by PLAIN and both SCRAMs; made when the folder is made. */
  readonly users?: readonly User[];
  /** For SSL listeners. */
  readonly certificate?: Certificate;
  /** True: whoever logs in may do only what ACLs allow. */
  readonly needsRights?: boolean;
  /** Added to server.properties, over what stands there. */
  readonly properties?: Readonly<Record<string, string>>;
  /** True: the broker goes on when this process ends. */
  readonly outlivesUs?: boolean;
  /** Hears what takes long, once each: bringing jars, archiving classes. */
  readonly onSlow?: (what: string) => void;
}

export interface Broker extends AsyncDisposable {
  /** host:port of the plain listener. */
  readonly address: string;
  /** host:port on which a listener listens, by its name; the plain one is PLAINTEXT. */
  addressOf(listener: string): string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly pid: number;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, same data, same ports; one that still runs is stopped first. */
  restart(): Promise<void>;
  /** Freezes the process: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it, and removes the data folder if that was its own. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';
const plainName = 'PLAINTEXT';
/** With ports of our own choice: somebody else may take one between our look and Java's start. */
const triesMax = 3;

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const onSlow = options.onSlow ?? (() => {});
  const jarsFolder = resolve(options.jarsFolder ?? defaultJarsFolder);
  const java = await findJava(options.java);
  const jars = await bringJars(jarsFolder, onSlow);
  const archiveWords = await useClassArchive(java, jars, jarsFolder, onSlow);
  if (options.port !== undefined && !(await portIsFree(host, options.port))) {
    throw kafkaProblem(
      `Port ${options.port} of ${host} is in use. Stop what uses it, or choose another port.`,
    );
  }
  const folder = resolve(options.dataFolder ?? mkdtempSync(join(tmpdir(), 's3batch-kafka-')));
  const isOwnFolder = options.dataFolder === undefined;
  for (let tries = 1; ; tries += 1) {
    const { listeners, files } = await prepare(folder, options);
    await formatOnce(folder, java.command, jars, archiveWords, options.users ?? []);
    const setting: BrokerSetting = {
      ...files,
      java: java.command,
      jars,
      archiveWords,
      host,
      port: listeners[0]?.port ?? 0,
      guard: options.outlivesUs === true ? null : { throwaway: isOwnFolder ? folder : null },
    };
    try {
      return brokerOf(await runBroker(setting), setting, listeners, folder, isOwnFolder);
    } catch (error) {
      if (!isKafkaProblem(error) || tries === triesMax || !portWasTaken(files)) throw error;
    }
  }
}

async function prepare(folder: string, options: BrokerOptions) {
  const extra = options.listeners ?? [];
  const [controllerPort = 0, free = 0, ...others] = await freePorts(host, extra.length + 2);
  const port = options.port ?? free;
  const listeners: Listener[] = [
    { name: plainName, security: 'PLAINTEXT', port, advertised: { host, port } },
    ...extra.map(({ name, security, advertised }, index) => {
      const own = others[index] ?? 0;
      return { name, security, port: own, advertised: advertised ?? { host, port: own } };
    }),
  ];
  const plan = {
    host,
    controllerPort,
    listeners,
    users: options.users ?? [],
    needsRights: options.needsRights ?? false,
    properties: options.properties ?? {},
  };
  return { listeners, files: writeBrokerFiles(folder, plan, options.certificate ?? null) };
}

function portWasTaken({ logFile }: BrokerFiles): boolean {
  return readFileSync(logFile, 'utf8').includes('Address already in use');
}

function brokerOf(
  started: JavaProcess,
  setting: BrokerSetting,
  listeners: readonly Listener[],
  folder: string,
  isOwnFolder: boolean,
): Broker {
  let running = started;
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    running.send(signal);
    // A frozen process hears SIGTERM only when it goes on.
    running.send('SIGCONT');
    await running.ended;
  };
  const stop = async () => {
    await end(isOwnFolder ? 'SIGKILL' : 'SIGTERM');
    if (isOwnFolder) rmSync(folder, { recursive: true, force: true });
  };
  return {
    address: `${host}:${setting.port}`,
    addressOf: (listener) => {
      const found = listeners.find(({ name }) => name === listener);
      if (found === undefined) throw new Error(`this broker has no listener ${listener}`);
      return `${host}:${found.port}`;
    },
    dataFolder: folder,
    logFile: brokerFilesIn(folder).logFile,
    get pid() {
      return running.pid;
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      if (!running.hasEnded()) await end('SIGTERM');
      running = await runBroker(setting);
    },
    pause: () => running.send('SIGSTOP'),
    resume: () => running.send('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
