// kafkajs is used from the inside (its encoders, decoders and connection), so that another version,
// or a file that was changed, could lose records without a word. This is checked before anything of
// it is loaded: wire.ts and channel.ts import this file first.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

const versionKnown = '2.2.4';
/** Over every file of its src folder, each with its name and length before it. */
const hashKnown = '864a39bb5efb9203770b6b5f4418139fc60e6746510ac270aed49de3870c0b1f';

/** folder: where kafkajs lies. Throws an Error that says what differs. */
export function checkKafkajs(folder: string): void {
  const about: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const version =
    typeof about === 'object' && about !== null && 'version' in about ? about.version : undefined;
  if (version !== versionKnown) {
    throw foreign(`kafkajs ${String(version)} in ${folder}, where ${versionKnown} is needed`);
  }
  if (hashOf(join(folder, 'src')) !== hashKnown) {
    throw foreign(`files of kafkajs in ${join(folder, 'src')} are not those of ${versionKnown}`);
  }
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, name: relative(folder, path).split(sep).join('/') }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { path, name } of files) {
    const bytes = readFileSync(path);
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function foreign(what: string): Error {
  const error = new Error(`${what}; run npm ci in the folder of s3batch`);
  return Object.assign(error, { name: 'KafkaProblem' });
}

checkKafkajs(dirname(createRequire(import.meta.url).resolve('kafkajs/package.json')));
