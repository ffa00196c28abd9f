// What rots unseen: purity of core, one place for the environment, documents that name what exists.
// Each check first asserts that it found something to check; each message names the replacement.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refusalTable } from '../services/core/errors.ts';
import { settingTable } from '../services/core/settings.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = globSync('{services,schemas,infra,test}/**/*.ts').toSorted();
const inServices = sources.filter((path) => path.startsWith('services/'));

function findings(paths: readonly string[], pattern: RegExp, remedy: string): string[] {
  expect(paths.length).toBeGreaterThan(0);
  return paths.flatMap((path) =>
    withoutComments(read(path))
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}: ${remedy}`] : [],
      ),
  );
}

/** Keeps line numbers; good enough for sources that biome has formatted. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

test('core has no clock, chance, timers, process or node: of its own', () => {
  const core = inServices.filter((path) => path.startsWith('services/core/'));
  const impure =
    /\bDate\.now\b|new Date\(\)|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bprocess\.|\bperformance\.|'node:|\bfetch\(|\bcrypto\./;
  expect(findings(core, impure, 'take it as an argument (Clock, Random, Hashing)')).toEqual([]);
});

test('the simulated rooms wait on their ports only', () => {
  const simulated = inServices.filter((path) =>
    /^services\/(ingest|worker|reporter)\/|^services\/control\/(coordinator|rules\/)/.test(path),
  );
  const ownTime =
    /\bDate\.now\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\(|\bperformance\./;
  expect(findings(simulated, ownTime, 'use the Clock and Random ports')).toEqual([]);
});

test('the environment is read only where a process starts', () => {
  const starters = /\/(main|demo)\.ts$|^services\/standalone\/service\.ts$/;
  const others = inServices.filter((path) => !starters.test(path));
  expect(findings(others, /process\.env\b/, 'let main.ts read it and pass it in')).toEqual([]);
});

test('no default export, barrel, enum or namespace', () => {
  expect(
    findings(
      inServices,
      /^export default|^export \* from|^(export )?(const )?enum |^namespace /,
      'use named exports and unions',
    ),
  ).toEqual([]);
});

test('the process that has a database open never opens its files by fs', () => {
  const sqlite = inServices.filter((path) => path.startsWith('services/adapters/log/sqlite/'));
  expect(
    findings(
      sqlite,
      /\b(readFile|writeFile|open|createReadStream|createWriteStream|copyFile)(Sync)?\(.*\.db/,
      'use stat or SQLite itself: POSIX locks would drop',
    ),
  ).toEqual([]);
});

test('every source file opens by saying what it is', () => {
  const silent = [...inServices, ...sources.filter((path) => path.startsWith('schemas/'))].filter(
    (path) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)),
  );
  expect(silent).toEqual([]);
});

test('lines have at most 100 columns', () => {
  const columnsMax = 100;
  const long = inServices.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) =>
        line.length > columnsMax && !/['"`]/.test(line) ? [`${path}:${index + 1}`] : [],
      ),
  );
  expect(long).toEqual([]);
});

test('every setting stands in docs/CONFIGURATION.md and back', () => {
  const documented = [...read('docs/CONFIGURATION.md').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(
    ([, name]) => name,
  );
  expect(documented.length).toBeGreaterThan(0);
  expect(new Set(documented)).toEqual(new Set(settingTable.map(({ name }) => name)));
});

test('every error code stands in docs/API.md and back', () => {
  const documented = [...read('docs/API.md').matchAll(/^\| `([A-Za-z0-9]+)` \| \d{3} \|/gm)].map(
    ([, code]) => code,
  );
  expect(documented.length).toBeGreaterThan(0);
  expect(new Set(documented)).toEqual(new Set(Object.keys(refusalTable)));
});

test('every folder stands in the file map of docs/ARCHITECTURE.md', () => {
  const folders = new Set(
    globSync('{services,schemas,infra,test,docs}/**/*.*').map((path) =>
      path.replace(/\/[^/]+$/, ''),
    ),
  );
  const map = read('docs/ARCHITECTURE.md');
  const mapped = [...folders].filter((folder) => !folder.startsWith('test/fixtures'));
  expect(mapped.length).toBeGreaterThan(10);
  expect(mapped.filter((folder) => !map.includes(`\`${folder}/\``))).toEqual([]);
});

test('every schema has a round-trip test and an old-reader test', () => {
  const schemas = globSync('schemas/*.avsc').map((path) => path.replace(/^schemas\/|\.avsc$/g, ''));
  expect(schemas.length).toBeGreaterThanOrEqual(8);
  const tests = globSync('test/unit/schemas/**/*.test.ts').map(read).join('\n');
  for (const schema of schemas) expect(tests, schema).toContain(schema);
  expect(tests).toMatch(/old reader/);
});

test('dependencies have exact versions', () => {
  const manifest: unknown = JSON.parse(read('package.json'));
  const versions = dependencyVersions(manifest);
  expect(versions.length).toBeGreaterThan(10);
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

function dependencyVersions(manifest: unknown): string[] {
  if (typeof manifest !== 'object' || manifest === null) return [];
  return Object.entries(manifest)
    .filter(([section]) => section.endsWith('ependencies'))
    .flatMap(([, entries]) => Object.values(entries ?? {}).map(String));
}
