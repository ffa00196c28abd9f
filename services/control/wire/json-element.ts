// JSON as AWS's SDKs name the members of a request, to the tree of elements that the XML of the same
// request would have given. It only knows which form of JSON stands for which shape; whether the
// content is allowed is read-shape.ts's one check for both.
// Invariant: whatever JSON it gets, the answer is an element or sentences, never an exception.
import { forbiddenCharacter, type XmlElement } from './parse-xml.ts';
import type { Shape } from './shape.ts';

export type JsonElement =
  | { readonly kind: 'element'; readonly element: XmlElement }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

const problemsMax = 5;
const shownCharactersMax = 200;

/** null counts as absent. name: the root element's; paths in sentences begin below it. */
export function jsonElement(shape: Shape, json: unknown, name: string): JsonElement {
  const problems: string[] = [];
  const element = convert(shape, json, name, '', problems);
  if (problems.length > 0) return { kind: 'problems', problems: problems.slice(0, problemsMax) };
  return { kind: 'element', element };
}

function convert(
  shape: Shape,
  json: unknown,
  name: string,
  path: string,
  problems: string[],
): XmlElement {
  switch (shape.kind) {
    case 'structure':
      return branch(name, members(shape.members, json, path, problems));
    case 'list':
      return branch(name, items(shape, json, path, problems));
    case 'map':
      return branch(name, entries(shape, json, path, problems));
    case 'integer':
      return leaf(
        name,
        typeof json === 'number' ? String(json) : wrong(path, 'a number', problems),
      );
    case 'boolean':
      return leaf(
        name,
        typeof json === 'boolean' ? String(json) : wrong(path, 'true or false', problems),
      );
    case 'text':
    case 'enum':
    case 'timestamp':
      return leaf(name, words(json, path, problems));
  }
}

function members(
  known: Extract<Shape, { kind: 'structure' }>['members'],
  json: unknown,
  path: string,
  problems: string[],
): readonly XmlElement[] {
  return fieldsOf(json, path, problems).map(([name, value]) => {
    const member = Object.hasOwn(known, name) ? known[name] : undefined;
    // What the shape does not know is for read-shape.ts to refuse or to leave out.
    if (member === undefined) return leaf(name, '');
    return convert(member.shape, value, name, path === '' ? name : `${path}.${name}`, problems);
  });
}

function items(
  shape: Extract<Shape, { kind: 'list' }>,
  json: unknown,
  path: string,
  problems: string[],
): readonly XmlElement[] {
  if (!Array.isArray(json)) {
    wrong(path, 'a list', problems);
    return [];
  }
  return json.map((item, index) =>
    convert(shape.member, item, shape.itemName, `${path}[${index + 1}]`, problems),
  );
}

function entries(
  shape: Extract<Shape, { kind: 'map' }>,
  json: unknown,
  path: string,
  problems: string[],
): readonly XmlElement[] {
  return fieldsOf(json, path, problems).map(([key, value]) =>
    branch('entry', [
      leaf('key', words(key, path, problems)),
      convert(shape.value, value, 'value', `${path}.${key}`, problems),
    ]),
  );
}

function fieldsOf(
  json: unknown,
  path: string,
  problems: string[],
): readonly (readonly [string, unknown])[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    wrong(path, 'an object', problems);
    return [];
  }
  return Object.entries(json).filter(([, value]) => value !== null);
}

function words(json: unknown, path: string, problems: string[]): string {
  if (typeof json !== 'string') return wrong(path, 'text', problems);
  // What XML cannot carry must not come in by JSON, since reports and answers are XML again.
  if (forbiddenCharacter.test(json) || !json.isWellFormed()) {
    return wrong(path, 'text without control characters', problems);
  }
  return json;
}

function wrong(path: string, form: string, problems: string[]): string {
  if (problems.length < problemsMax)
    problems.push(`${path === '' ? 'It' : shown(path)} must be ${form}.`);
  return '';
}

/** Keys of a map may be as long as the whole record. */
function shown(path: string): string {
  return path.length <= shownCharactersMax ? path : `${path.slice(0, shownCharactersMax)}…`;
}

function leaf(name: string, text: string): XmlElement {
  return { name, text, children: [] };
}

function branch(name: string, children: readonly XmlElement[]): XmlElement {
  return { name, text: '', children };
}
