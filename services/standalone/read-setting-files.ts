// Reads the files that settings name, once, before anything starts: keys, roles and rules, and the
// certificates for brokers. A service that runs alone reads only what it uses, so that a worker
// needs no copy of the keys that may call control.
import { readFileSync } from 'node:fs';
import type { KafkaPlan, KafkaSettings } from '../core/kafka-settings.ts';
import type { Settings } from '../core/settings.ts';
import { fileProblems } from './file-problems.ts';
import { messageOf, startProblem } from './start-problem.ts';
import type { ServiceName, SettingFiles } from './thread-data.ts';

export interface ReadFiles {
  readonly files: SettingFiles;
  /** null: the embedded log. */
  readonly kafka: KafkaSettings | null;
}

/** Throws a StartProblem with everything that is wrong with them. */
export function readSettingFiles(settings: Settings, services: readonly ServiceName[]): ReadFiles {
  const problems: string[] = [];
  const read = (name: string, path: string | null): string | null => {
    if (path === null) return null;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`${name}=${path}: the file cannot be read: ${messageOf(error)}`);
      return null;
    }
  };
  const isAnsweringCalls = services.includes('control');
  const files: SettingFiles = {
    keys: isAnsweringCalls ? read('S3BATCH_KEYS', settings.keysFile) : null,
    roles: read('S3BATCH_ROLES', settings.rolesFile),
    rules: isAnsweringCalls ? read('S3BATCH_RULES', settings.rulesFile) : null,
  };
  const kafka = settings.kafka === null ? null : withCertificates(settings.kafka, read, problems);
  problems.push(...fileProblems(settings, files));
  if (problems.length > 0) throw startProblem(...problems);
  return { files, kafka };
}

function withCertificates(
  plan: KafkaPlan,
  read: (name: string, path: string | null) => string | null,
  problems: string[],
): KafkaSettings {
  if (plan.tls === null) return { ...plan, tls: null };
  const pem = (name: string, path: string | null): string => {
    const text = read(name, path);
    if (text !== null && !/^-----BEGIN [A-Z0-9 ]+-----$/m.test(text)) {
      problems.push(`${name}=${path}: holds no PEM text, which begins with -----BEGIN.`);
    }
    return text ?? '';
  };
  const { caFile, certificateFile, keyFile } = plan.tls;
  const tls = {
    ca: pem('KAFKA_TLS_CA', caFile),
    certificate: pem('KAFKA_TLS_CERT', certificateFile),
    key: pem('KAFKA_TLS_KEY', keyFile),
  };
  return { ...plan, tls };
}
