// What is wrong with the files that settings name, found before anything starts.
import { parseRolesFile } from '../adapters/s3/roles-file.ts';
import { parseKeys } from '../control/auth/keys.ts';
import { parseRules } from '../control/rules/parse-rules.ts';
import type { Settings } from '../core/settings.ts';
import type { SettingFiles } from './thread-data.ts';

/** Every complaint about the files that settings name; empty if all can be used. */
export function fileProblems(settings: Settings, files: SettingFiles): string[] {
  const problems: string[] = [];
  const collect = (name: string, path: string | null, answer: { kind: string }) => {
    if ('problems' in answer && Array.isArray(answer.problems)) {
      problems.push(...answer.problems.map((problem) => `${name}=${path}: ${problem}`));
    }
  };
  if (files.keys !== null) collect('S3BATCH_KEYS', settings.keysFile, parseKeys(files.keys));
  if (files.roles !== null) {
    collect('S3BATCH_ROLES', settings.rolesFile, parseRolesFile(files.roles, settings.region));
  }
  if (files.rules !== null) {
    collect(
      'S3BATCH_RULES',
      settings.rulesFile,
      parseRules(files.rules, { topicArn: settings.topicArn, pollMs: settings.rulesPollMs }),
    );
  }
  return problems;
}
