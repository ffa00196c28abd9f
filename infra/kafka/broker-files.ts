// The files of one broker in its folder: server.properties, the PEM files of its certificate, and
// the formatted log folder. Formatting is done once per folder; SCRAM users are made with it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrokerPlan, brokerProperties, type User } from './broker-properties.ts';
import { kafkaProblem } from './kafka-problem.ts';
import { javaWords } from './run-broker.ts';

export interface Certificate {
  /** Private key (PKCS #8) and certificate chain, PEM. */
  readonly keyAndChain: string;
  /** If given, clients must show a certificate of one of these authorities, PEM. */
  readonly clientAuthorities?: string;
}

export interface BrokerFiles {
  readonly propertiesFile: string;
  readonly logFile: string;
  /** Holds the number of the process that was started last. */
  readonly pidFile: string;
}

const secretMode = 0o600;
const clusterIdBytes = 16;

export function brokerFilesIn(folder: string): BrokerFiles {
  return {
    propertiesFile: join(folder, 'server.properties'),
    logFile: join(folder, 'broker.log'),
    pidFile: join(folder, 'broker.pid'),
  };
}

export function writeBrokerFiles(
  folder: string,
  plan: Omit<BrokerPlan, 'logFolder' | 'keyFile' | 'clientAuthoritiesFile'>,
  certificate: Certificate | null,
): BrokerFiles {
  mkdirSync(folder, { recursive: true });
  const files = brokerFilesIn(folder);
  const write = (name: string, text: string | undefined): string | null => {
    if (text === undefined) return null;
    writeFileSync(join(folder, name), text, { mode: secretMode });
    return join(folder, name);
  };
  const properties = brokerProperties({
    ...plan,
    logFolder: logFolderIn(folder),
    keyFile: write('broker.pem', certificate?.keyAndChain),
    clientAuthoritiesFile: write('client-authorities.pem', certificate?.clientAuthorities),
  });
  writeFileSync(files.propertiesFile, properties, { mode: secretMode });
  return files;
}

/** Does nothing to a folder that is formatted already. */
export async function formatOnce(
  folder: string,
  java: string,
  jars: readonly string[],
  archiveWords: readonly string[],
  users: readonly User[],
): Promise<void> {
  if (existsSync(join(logFolderIn(folder), 'meta.properties'))) return;
  const scram = users.flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  );
  const words = javaWords(jars, archiveWords, [
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    newClusterId(),
    '--config',
    brokerFilesIn(folder).propertiesFile,
    ...scram,
  ]);
  await new Promise<void>((resolve, reject) => {
    execFile(java, words, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(kafkaProblem(`${folder} could not be formatted: ${stderr || stdout}`.trim()));
    });
  });
}

/** Kafka writes ids so, and refuses one that looks like an option. */
function newClusterId(): string {
  const id = randomBytes(clusterIdBytes).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

function logFolderIn(folder: string): string {
  return join(folder, 'log');
}
