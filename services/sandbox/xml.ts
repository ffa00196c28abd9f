// The little XML that S3 needs: elements, text and entities, no attributes kept. DOCTYPE is
// refused, depth and size are bounded by the caller's body limit and depthMax.

export interface XmlElement {
  readonly name: string;
  /** Character data directly inside, entities resolved. */
  text: string;
  readonly children: XmlElement[];
}

const depthMax = 32;

/** null: not well-formed, too deep, or with a DOCTYPE. */
export function parseXml(source: string): XmlElement | null {
  const root: XmlElement = { name: '', text: '', children: [] };
  const open: XmlElement[] = [root];
  let at = 0;
  while (at < source.length) {
    const current = open.at(-1);
    if (current === undefined) return null;
    const tag = source.indexOf('<', at);
    current.text += unescapeXml(source.slice(at, tag < 0 ? source.length : tag));
    if (tag < 0) break;
    const end = source.indexOf('>', tag);
    if (end < 0) return null;
    const inside = source.slice(tag + 1, end);
    at = end + 1;
    if (inside.startsWith('?')) continue;
    if (inside.startsWith('!')) return null;
    if (inside.startsWith('/')) {
      if (open.pop()?.name !== inside.slice(1).trim() || open.length === 0) return null;
      continue;
    }
    const name = /^[^\s/]+/.exec(inside)?.[0];
    if (name === undefined) return null;
    const element: XmlElement = { name, text: '', children: [] };
    current.children.push(element);
    if (!inside.endsWith('/')) open.push(element);
    if (open.length > depthMax) return null;
  }
  return open.length === 1 ? (root.children[0] ?? null) : null;
}

export function childText(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w{2,4}));/g,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return entities[name] ?? whole;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}

const special: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Control characters become references, as S3 writes them, though XML 1.0 forbids them. */
export function escapeXml(text: string): string {
  return text.replace(
    /[&<>"]|\p{Cc}/gu,
    (character) => special[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

export function element(name: string, content: string | number): string {
  return `<${name}>${typeof content === 'number' ? content : escapeXml(content)}</${name}>`;
}

export function xmlDocument(root: string, inside: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${root}>`
  );
}
