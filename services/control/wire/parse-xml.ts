// Bytes of a request body to a tree of elements. Deliberately small XML: no DOCTYPE, no entities
// but the five predefined ones and character references, attributes ignored, depth and size
// limited.
// Invariant: whatever the bytes are, the answer is a tree or a sentence, never an exception.
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string;
  /** Character data of this element alone, references resolved. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export type ParsedXml =
  | { readonly kind: 'element'; readonly element: XmlElement }
  | { readonly kind: 'malformed'; readonly message: string };

export const xmlDepthMax = 32;
/** Elements and text runs together; far above the largest legal request (8,192 map entries). */
export const xmlNodesMax = 100_000;
const messageCharactersMax = 200;

const textName = '#text';
const cdataName = '#cdata';
const attributesName = ':@';

/** What XML 1.0 does not let stand in a document, raw or as a reference. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
export const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: cdataName,
  maxNestedTags: xmlDepthMax,
});

export function parseXml(bytes: Uint8Array): ParsedXml {
  const document = decodeUtf8(bytes);
  if (document === undefined) return malformed('The body is not UTF-8.');
  if (/<!(doctype|entity)/i.test(document)) {
    return malformed('A DOCTYPE or ENTITY declaration is not accepted.');
  }
  if (forbiddenCharacter.test(document)) {
    return malformed('The body holds a character that XML does not allow.');
  }
  try {
    const validity = XMLValidator.validate(document);
    if (validity !== true) return malformed(`${validity.err.msg} (line ${validity.err.line})`);
    return rootOf(parser.parse(document));
  } catch (error) {
    // The parser throws for what it finds malformed; a bug of ours would read the same here.
    return malformed(error instanceof Error ? error.message : 'The body is not XML.');
  }
}

/** The parser's messages may quote a whole body. */
function malformed(message: string): ParsedXml {
  return { kind: 'malformed', message: message.slice(0, messageCharactersMax) };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function rootOf(nodes: unknown): ParsedXml {
  const budget = { nodes: xmlNodesMax };
  const top = elementOf('', nodes, 0, budget);
  const [root, ...more] = top.children;
  if (root === undefined) return malformed('The body holds no element.');
  if (more.length > 0) return malformed('The body holds more than one root element.');
  if (top.text.trim() !== '') return malformed('Text stands outside of the root element.');
  return { kind: 'element', element: root };
}

function elementOf(
  name: string,
  nodes: unknown,
  depth: number,
  budget: { nodes: number },
): XmlElement {
  if (depth > xmlDepthMax) throw new Error(`Elements are nested deeper than ${xmlDepthMax}.`);
  const children: XmlElement[] = [];
  let text = '';
  for (const node of listOf(nodes)) {
    budget.nodes -= 1;
    if (budget.nodes < 0) throw new Error(`The body holds more than ${xmlNodesMax} nodes.`);
    const entry = Object.entries(node).find(([key]) => key !== attributesName);
    if (entry === undefined) continue;
    const [key, value] = entry;
    if (key === textName) text += resolveReferences(String(value));
    else if (key === cdataName) text += listOf(value).map(textOf).join('');
    else children.push(elementOf(key, value, depth + 1, budget));
  }
  return { name, text, children };
}

function listOf(nodes: unknown): readonly object[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.filter((node) => typeof node === 'object' && node !== null);
}

function textOf(node: object): string {
  return textName in node ? String(node[textName]) : '';
}

const predefined: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function resolveReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12};?)/g, (whole, inside: string) => {
    const name = inside.endsWith(';') ? inside.slice(0, -1) : '';
    const character = predefined.get(name) ?? characterOf(name);
    if (character === undefined) throw new Error(`${whole} is not a reference XML knows.`);
    return character;
  });
}

function characterOf(name: string): string | undefined {
  const digits = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (digits === null) return undefined;
  const point = Number.parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16);
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
  const character = String.fromCodePoint(point);
  return forbiddenCharacter.test(character) ? undefined : character;
}
