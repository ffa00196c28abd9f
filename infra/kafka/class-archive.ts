// An archive of the classes that a broker loads, beside the jars: with it Java starts a broker in
// half the time. Made once per version of Java by a broker that does nothing but start and stop.
// It only saves time: where it cannot be made, or Java does not like it, brokers start without.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatOnce, writeBrokerFiles } from './broker-files.ts';
import type { Java } from './find-java.ts';
import { freePorts } from './free-ports.ts';
import { runBroker } from './run-broker.ts';

const host = '127.0.0.1';

/** The words that make Java use it. */
export async function useClassArchive(
  java: Java,
  jars: readonly string[],
  jarsFolder: string,
  onSlow: (what: string) => void,
): Promise<readonly string[]> {
  const archive = join(jarsFolder, `classes-${java.version}.jsa`);
  if (!existsSync(archive)) {
    onSlow('archiving the classes of Kafka for faster starts, once');
    try {
      await makeArchive(java.command, jars, archive);
    } catch (error) {
      onSlow(`no archive could be made: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }
  return [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
}

async function makeArchive(java: string, jars: readonly string[], archive: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 's3batch-kafka-'));
  try {
    const [port = 0, controllerPort = 0] = await freePorts(host, 2);
    const plain = {
      name: 'PLAINTEXT',
      security: 'PLAINTEXT',
      port,
      advertised: { host, port },
    } as const;
    const plan = {
      host,
      controllerPort,
      listeners: [plain],
      users: [],
      needsRights: false,
      properties: {},
    };
    const files = writeBrokerFiles(folder, plan, null);
    await formatOnce(folder, java, jars, [], []);
    const partial = `${archive}.${process.pid}.partial`;
    const archiveWords = [`-XX:ArchiveClassesAtExit=${partial}`];
    const running = await runBroker({
      ...files,
      java,
      jars,
      archiveWords,
      host,
      port,
      guard: { throwaway: folder },
    });
    running.send('SIGTERM');
    await running.ended;
    renameSync(partial, archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
