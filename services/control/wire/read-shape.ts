// An element of a request to a value of its shape: types, required members, enums, patterns, ranges
// and lengths, all from the table. Every problem is a sentence that begins with the member's path.
// Invariant: no problem means that the value has exactly the shape's type.

import type { XmlElement } from './parse-xml.ts';
import type { Shape, TextShape, ValueOf } from './shape.ts';

export type ReadShape<S extends Shape> =
  | {
      readonly kind: 'value';
      readonly value: ValueOf<S>;
      /** Paths of members that this version does not know and that do no harm. */
      readonly ignored: readonly string[];
    }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

interface Findings {
  readonly problems: string[];
  readonly ignored: string[];
}

/** More would not help anyone; and a body of 1 MiB could name a hundred thousand. */
const problemsMax = 5;
/** They go into one line of the log. */
const ignoredMax = 20;
const shownCharactersMax = 100;

export function readShape<S extends Shape>(
  shape: S,
  element: XmlElement,
  path: string,
): ReadShape<S> {
  const found: Findings = { problems: [], ignored: [] };
  const value = read(shape, element, path, found);
  if (found.problems.length > 0) {
    return { kind: 'problems', problems: found.problems.slice(0, problemsMax) };
  }
  // The walk below follows the shape member by member; TypeScript cannot follow it through data.
  return { kind: 'value', value: value as ValueOf<S>, ignored: found.ignored };
}

/** The same check for text that did not come as XML (a header, a query parameter). */
export function readText<S extends Shape>(shape: S, written: string, name: string): ReadShape<S> {
  return readShape(shape, { name, text: written, children: [] }, name);
}

function read(shape: Shape, element: XmlElement, path: string, found: Findings): unknown {
  switch (shape.kind) {
    case 'structure':
      return readStructure(shape, element, path, found);
    case 'list':
      return readList(shape, element, path, found);
    case 'map':
      return readMap(shape, element, path, found);
    case 'text':
    case 'enum':
    case 'integer':
    case 'boolean':
    case 'timestamp':
      if (element.children.length > 0) {
        found.problems.push(`${path} must hold text, not elements.`);
        return undefined;
      }
      return readLeaf(shape, element.text, path, found);
  }
}

function readStructure(
  shape: Extract<Shape, { kind: 'structure' }>,
  element: XmlElement,
  path: string,
  found: Findings,
): unknown {
  const { members, unknown } = shape;
  refuseText(element, path, found);
  const value: Record<string, unknown> = Object.create(null);
  for (const child of element.children) {
    const member = Object.hasOwn(members, child.name) ? members[child.name] : undefined;
    const childPath = path === '' ? child.name : `${path}.${child.name}`;
    if (member === undefined) {
      if (unknown === 'ignored') note(found, childPath);
      else found.problems.push(`${shown(childPath)} is not supported by this version of s3batch.`);
    } else if (child.name in value) {
      found.problems.push(`${childPath} is given twice.`);
    } else {
      value[child.name] = read(member.shape, child, childPath, found);
    }
    if (found.problems.length >= problemsMax) return value;
  }
  for (const [name, member] of Object.entries(members)) {
    if (member.required && !(name in value)) {
      found.problems.push(`${path === '' ? name : `${path}.${name}`} is required.`);
    }
  }
  const count = element.children.length;
  if (shape.exactlyOne && count !== 1) {
    const names = Object.keys(members).join(', ');
    found.problems.push(`${path} must hold exactly one of ${names}, not ${count}.`);
  }
  return value;
}

function note(found: Findings, path: string): void {
  if (found.ignored.length < ignoredMax) found.ignored.push(shown(path));
}

function isCountFine(
  shape: { readonly min: number; readonly max: number },
  element: XmlElement,
  path: string,
  what: string,
  found: Findings,
): boolean {
  const count = element.children.length;
  if (count >= shape.min && count <= shape.max) return true;
  found.problems.push(`${path} must hold ${range(shape.min, shape.max)} ${what}, not ${count}.`);
  return false;
}

function readList(
  shape: Extract<Shape, { kind: 'list' }>,
  element: XmlElement,
  path: string,
  found: Findings,
): unknown {
  refuseText(element, path, found);
  if (!isCountFine(shape, element, path, 'items', found)) return undefined;
  const values: unknown[] = [];
  for (const [index, child] of element.children.entries()) {
    values.push(read(shape.member, child, `${path}[${index + 1}]`, found));
    if (found.problems.length >= problemsMax) break;
  }
  return values;
}

function readMap(
  shape: Extract<Shape, { kind: 'map' }>,
  element: XmlElement,
  path: string,
  found: Findings,
): unknown {
  refuseText(element, path, found);
  if (!isCountFine(shape, element, path, 'entries', found)) return undefined;
  const value: Record<string, string> = Object.create(null);
  for (const [index, entry] of element.children.entries()) {
    const entryPath = `${path}.entry[${index + 1}]`;
    const [key, inside] = [entry.children[0], entry.children[1]];
    const pair = key?.name === 'value' ? { key: inside, value: key } : { key, value: inside };
    if (
      entry.name !== 'entry' ||
      entry.children.length !== 2 ||
      pair.key?.name !== 'key' ||
      pair.value?.name !== 'value'
    ) {
      found.problems.push(`${entryPath} must be an entry of one key and one value.`);
    } else {
      refuseText(entry, entryPath, found);
      const name = read(shape.key, pair.key, `${entryPath}.key`, found);
      const content = read(shape.value, pair.value, `${entryPath}.value`, found);
      if (typeof name === 'string' && typeof content === 'string') {
        if (name in value) found.problems.push(`${entryPath}.key is given twice.`);
        value[name] = content;
      }
    }
    if (found.problems.length >= problemsMax) break;
  }
  return value;
}

type Leaf = Exclude<Shape, { kind: 'structure' | 'list' | 'map' }>;

function readLeaf(shape: Leaf, written: string, path: string, found: Findings): unknown {
  switch (shape.kind) {
    case 'text':
      return readWords(shape, written, path, found);
    case 'enum':
      if (shape.values.includes(written)) return written;
      found.problems.push(
        `${path} must be one of ${shape.values.join(', ')}, not '${shown(written)}'.`,
      );
      return undefined;
    case 'boolean':
      if (written === 'true' || written === 'false') return written === 'true';
      found.problems.push(`${path} must be true or false, not '${shown(written)}'.`);
      return undefined;
    case 'integer': {
      const value = /^-?\d{1,16}$/.test(written) ? Number(written) : Number.NaN;
      if (Number.isSafeInteger(value) && value >= shape.min && value <= shape.max) return value;
      found.problems.push(
        `${path} must be a whole number ${range(shape.min, shape.max)}, not '${shown(written)}'.`,
      );
      return undefined;
    }
    case 'timestamp': {
      const instant = instantOf(written);
      if (instant !== undefined) return instant;
      found.problems.push(
        `${path} must be a time such as 2030-01-31T00:00:00Z, not '${shown(written)}'.`,
      );
      return undefined;
    }
  }
}

function readWords(
  shape: TextShape,
  written: string,
  path: string,
  found: Findings,
): string | undefined {
  const characters = Array.from(written).length;
  if (characters < shape.min || characters > shape.max) {
    found.problems.push(
      `${path} must have ${range(shape.min, shape.max)} characters, not ${characters}.`,
    );
    return undefined;
  }
  if (shape.pattern !== null && !shape.pattern.test(written)) {
    found.problems.push(`${path} must match ${shape.pattern.source}, not '${shown(written)}'.`);
    return undefined;
  }
  return written;
}

const instantPattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

function instantOf(written: string): string | undefined {
  const parts = instantPattern.exec(written);
  const instantMs = Date.parse(written);
  if (parts === null || Number.isNaN(instantMs)) return undefined;
  // Date.parse turns 31 February into 3 March.
  const daysMax = new Date(Date.UTC(Number(parts[1]), Number(parts[2]), 0)).getUTCDate();
  return Number(parts[3]) > daysMax ? undefined : new Date(instantMs).toISOString();
}

function refuseText(element: XmlElement, path: string, found: Findings): void {
  if (element.text.trim() !== '') {
    found.problems.push(`${path === '' ? element.name : path} must hold elements, not text.`);
  }
}

function range(min: number, max: number): string {
  return min === max ? `${min}` : `from ${min} to ${max}`;
}

function shown(written: string): string {
  const characters = Array.from(written);
  return characters.length <= shownCharactersMax
    ? written
    : `${characters.slice(0, shownCharactersMax).join('')}…`;
}
