// Opens the .avsc files beside this one as Avro types. Named records that several files use
// (Failure, JobRequest) come first, since the others refer to them by name.
import { readFileSync } from 'node:fs';
import avro from 'avsc';

/** The version that this build writes; +1 with every change of any .avsc (schemas/README.md). */
export const schemaVersion = 2;

export const schemaNames = [
  'failure',
  'job-request',
  'command',
  'level',
  'reply',
  'history',
  'job',
  'task-slice',
  'result-slice',
  'part',
] as const;
export type SchemaName = (typeof schemaNames)[number];

/** message: the union of command and level, as it stands in the inbox. */
export type SchemaTypes = Readonly<Record<SchemaName | 'message', avro.Type>>;

export function readSchema(folder: URL, name: SchemaName): string {
  return readFileSync(new URL(`${name}.avsc`, folder), 'utf8');
}

/** Every schema of a folder as a type; edit changes a schema's text first (tests of evolution). */
export function openTypes(
  folder: URL,
  edit: (name: SchemaName, text: string) => string = (_name, text) => text,
): SchemaTypes {
  const registry = {};
  const open = (name: SchemaName): avro.Type =>
    avro.Type.forSchema(JSON.parse(edit(name, readSchema(folder, name))), { registry });
  const types = {
    failure: open('failure'),
    'job-request': open('job-request'),
    command: open('command'),
    level: open('level'),
    reply: open('reply'),
    history: open('history'),
    job: open('job'),
    'task-slice': open('task-slice'),
    'result-slice': open('result-slice'),
    part: open('part'),
  };
  const branches = ['s3batch.Command', 's3batch.Level'];
  const message = avro.Type.forSchema(branches, { registry, wrapUnions: true });
  return { ...types, message };
}

export const schemaFolder = new URL('./', import.meta.url);
export const currentTypes = openTypes(schemaFolder);
/** Every earlier version, to read what it wrote. */
export const formerTypes: ReadonlyMap<number, SchemaTypes> = new Map(
  Array.from({ length: schemaVersion - 1 }, (_, index) => [index + 1, formerOf(index + 1)]),
);

function formerOf(version: number): SchemaTypes {
  return openTypes(new URL(`v${version}/`, schemaFolder));
}
