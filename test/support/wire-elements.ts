// Requests made from the table of shapes: for a shape, arbitrary elements that have it. With spoil,
// some leaves hold what their shape does not allow, and some members are strange, doubled or gone.
import fc from 'fast-check';
import { forbiddenCharacter, type XmlElement } from '../../services/control/wire/parse-xml.ts';
import type { Shape, TextShape } from '../../services/control/wire/shape.ts';
import { escape } from '../../services/control/wire/write-shape.ts';

type Elements = fc.Arbitrary<XmlElement>;

const itemsMax = 3;
const charactersMax = 60;
const isClean = (text: string): boolean => !forbiddenCharacter.test(text) && text.isWellFormed();

export function anyElement(shape: Shape, name: string, spoil = false): Elements {
  const made = goodElement(shape, name, spoil);
  if (!spoil) return made;
  return fc.oneof({ weight: 12, arbitrary: made }, { weight: 1, arbitrary: badElement(name) });
}

function goodElement(shape: Shape, name: string, spoil: boolean): Elements {
  switch (shape.kind) {
    case 'structure':
      return structureElement(shape, name, spoil);
    case 'list': {
      const item = anyElement(shape.member, shape.itemName, spoil);
      const maxLength = Math.min(shape.max, Math.max(shape.min, itemsMax));
      return branches(name, fc.array(item, { minLength: shape.min, maxLength }));
    }
    case 'map':
      return branches(
        name,
        fc
          .dictionary(textOf(shape.key), textOf(shape.value), {
            minKeys: shape.min,
            maxKeys: itemsMax,
          })
          .map((entries) =>
            Object.entries(entries).map(([key, value]) =>
              branch('entry', [leaf('key', key), leaf('value', value)]),
            ),
          ),
      );
    case 'text':
      return textOf(shape).map((text) => leaf(name, text));
    case 'enum':
      return fc.constantFrom(...shape.values).map((text) => leaf(name, text));
    case 'integer':
      return fc
        .oneof(fc.constantFrom(shape.min, shape.max), fc.integer(shape))
        .map((number) => leaf(name, String(number)));
    case 'boolean':
      return fc.boolean().map((flag) => leaf(name, String(flag)));
    case 'timestamp':
      return fc
        .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((date) => leaf(name, date.toISOString()));
  }
}

function structureElement(
  shape: Extract<Shape, { kind: 'structure' }>,
  name: string,
  spoil: boolean,
): Elements {
  const members = Object.entries(shape.members);
  if (shape.exactlyOne) {
    const one = members.map(([key, member]) => anyElement(member.shape, key, spoil));
    return fc.oneof(...one).map((child) => branch(name, [child]));
  }
  const each = members.map(([key, member]) => {
    const element = anyElement(member.shape, key, spoil).map((child) => [child]);
    const none: XmlElement[] = [];
    return member.required && !spoil ? element : fc.oneof(fc.constant(none), element);
  });
  return branches(
    name,
    fc.tuple(...each).map((children) => children.flat()),
  );
}

function badElement(name: string): Elements {
  return fc.oneof(
    fc
      .string({ maxLength: charactersMax })
      .filter(isClean)
      .map((text) => leaf(name, text)),
    fc
      .constantFrom('-1', '99999999999999999999', 'x'.repeat(3_000))
      .map((text) => leaf(name, text)),
    fc
      .constantFrom('Strange', '__proto__', 'constructor')
      .map((child) => branch(name, [leaf(child, ''), leaf(child, '1')])),
    fc.constantFrom('Strange', 'toString').map((other) => leaf(other, '')),
  );
}

function textOf({ min, max, pattern }: TextShape): fc.Arbitrary<string> {
  const maxLength = Math.min(max, charactersMax);
  const inRange = (text: string): boolean =>
    isClean(text) && Array.from(text).length >= min && Array.from(text).length <= max;
  if (pattern === null) {
    const unit = fc.constantFrom('a', 'B', '7', ' ', '&', '<', '"', '\r', '\n', 'ü', '日', '💾');
    return fc.string({ unit, minLength: min, maxLength });
  }
  // Classes such as \p{L} are not for stringMatching.
  const unit = fc.constantFrom('a', 'Z', '0', '_', '.', '/', '=', '+', '-', '@', ' ', 'é', '本');
  const matching = pattern.unicode
    ? fc.string({ unit, minLength: min, maxLength })
    : fc.oneof(fc.stringMatching(pattern), sensible(pattern) ?? fc.stringMatching(pattern));
  return matching.filter((text) => inRange(text) && pattern.test(text));
}

/** Names as people give them, which arbitrary ones of the same pattern hardly ever are. */
function sensible(pattern: RegExp): fc.Arbitrary<string> | null {
  const names = ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/key', 'arn:aws:lambda:f', 'f'];
  const matching = names.filter((name) => pattern.test(name));
  return matching.length === 0 ? null : fc.constantFrom(...matching);
}

function branches(name: string, children: fc.Arbitrary<readonly XmlElement[]>): Elements {
  return children.map((all) => branch(name, all));
}

function branch(name: string, children: readonly XmlElement[]): XmlElement {
  return { name, text: '', children };
}

function leaf(name: string, text: string): XmlElement {
  return { name, text, children: [] };
}

/** As a client would send it. */
export function xmlOf({ name, text, children }: XmlElement): string {
  return `<${name}>${escape(text)}${children.map(xmlOf).join('')}</${name}>`;
}
