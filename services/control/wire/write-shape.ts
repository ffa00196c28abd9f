// A value of a shape to XML, members in the table's order, list items as the shape names them.
// Invariant: whatever text is inside, the document is well-formed: what XML cannot hold is written
// as a visible escape such as \x01.
import type { Shape, WritableOf } from './shape.ts';

export const wireNamespace = 'http://awss3control.amazonaws.com/doc/2018-08-20/';
export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A whole answer: declaration, root element with the namespace, members. */
export function writeDocument<S extends Shape>(
  root: string,
  shape: S,
  value: WritableOf<S>,
): string {
  return `${xmlDeclaration}<${root} xmlns="${wireNamespace}">${write(shape, value)}</${root}>`;
}

function write(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'structure':
      return Object.entries(shape.members)
        .map(([name, member]) => {
          const inside = memberOf(value, name);
          return inside === undefined ? '' : element(name, write(member.shape, inside));
        })
        .join('');
    case 'list':
      return (Array.isArray(value) ? value : [])
        .map((item) => element(shape.itemName, write(shape.member, item)))
        .join('');
    case 'map':
      return (isObject(value) ? Object.entries(value) : [])
        .map(([key, inside]) =>
          element('entry', element('key', escape(key)) + element('value', escape(String(inside)))),
        )
        .join('');
    case 'text':
    case 'enum':
    case 'integer':
    case 'boolean':
    case 'timestamp':
      return escape(String(value));
  }
}

function element(name: string, inside: string): string {
  return inside === '' ? `<${name}/>` : `<${name}>${inside}</${name}>`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function memberOf(value: unknown, name: string): unknown {
  const found = isObject(value) ? Object.entries(value).find(([key]) => key === name) : undefined;
  return found?.[1];
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ['\r', '&#13;'],
]);

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const unsafe = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Text that may stand between two tags. */
export function escape(text: string): string {
  return text.toWellFormed().replace(unsafe, (character) => {
    const hexadecimal = character.charCodeAt(0).toString(16).padStart(2, '0');
    return escapes.get(character) ?? `\\x${hexadecimal}`;
  });
}
