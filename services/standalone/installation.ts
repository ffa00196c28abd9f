// One installation on one machine: the log's owner and the service threads around it.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { connectLog } from '../adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../adapters/log/sqlite/owner.ts';
import { controlTopics } from '../core/names.ts';
import type { Settings } from '../core/settings.ts';
import { fileProblems } from './file-problems.ts';
import { keepHeapsSmall } from './heaps.ts';
import { type SupervisedThread, supervise } from './supervisor.ts';
import { type ServiceName, type SettingFiles, serviceNames } from './thread-data.ts';

export interface Installation {
  readonly url: string;
  crash(service: ServiceName): void;
  close(): Promise<void>;
}

/** A start that cannot succeed as configured: the text names the setting and the remedy. */
export interface StartProblem extends Error {
  readonly name: 'StartProblem';
}

export function isStartProblem(error: unknown): error is StartProblem {
  return error instanceof Error && error.name === 'StartProblem';
}

function startProblem(message: string): StartProblem {
  return Object.assign(new Error(message), { name: 'StartProblem' as const });
}

export async function startInstallation(
  settings: Settings,
  logger: Logger,
  onLogLost: (error: Error) => void,
): Promise<Installation> {
  const files: SettingFiles = {
    keys: readSettingFile('S3BATCH_KEYS', settings.keysFile),
    roles: readSettingFile('S3BATCH_ROLES', settings.rolesFile),
    rules: readSettingFile('S3BATCH_RULES', settings.rulesFile),
  };
  const problems = fileProblems(settings, files);
  if (problems.length > 0) throw startProblem(problems.join('\ns3batch: '));
  const threads = new Map<ServiceName, SupervisedThread>();
  let isDiskLow = false;
  const onLowDisk = (low: boolean, freeBytes: number) => {
    isDiskLow = low;
    logger.warn({ freeBytes }, low ? 'the disk is nearly full: jobs are paused' : 'disk is fine');
    for (const thread of threads.values()) thread.order(low ? 'disk low' : 'disk fine');
  };
  keepHeapsSmall();
  const directory = settings.dataDirectory;
  const owner = await openLogOwner({ directory, onLowDisk, onLost: onLogLost }).catch(
    (error: unknown) => {
      throw startProblem(`S3BATCH_DATA=${directory}: ${messageOf(error)}`);
    },
  );
  const { log, spaces } = connectLog(owner.port());
  await spaces.create('control', controlTopics);
  await log.end();
  const stopAll = async () => {
    await Promise.all([...threads.values()].map((thread) => thread.stop()));
    await owner.end();
  };
  try {
    const url = await new Promise<string>((resolve, reject) => {
      for (const service of serviceNames) {
        const data = () => ({ settings, files, isDiskLow });
        const thread = supervise(service, data, () => owner.port(), logger, {
          onMessage: (message) => {
            if (message.kind === 'listening') resolve(message.url);
            else reject(startProblem(message.problem));
          },
        });
        threads.set(service, thread);
      }
    });
    return { url, crash: (service) => threads.get(service)?.order('crash'), close: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function readSettingFile(name: string, path: string | null): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw startProblem(`${name}=${path}: the file cannot be read: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
