// Answers of the AWS query protocol: a result document, or an ErrorResponse. Values are plain data;
// a list becomes <member> elements, a map <entry><key/><value/></entry>.
import type { TopicAnswer } from '../../../core/notify.ts';
import type { TopicRefusal } from './refusal.ts';

export type XmlValue = string | readonly XmlValue[] | { readonly [name: string]: XmlValue };

/** A map, as lists of pairs, for the elements that AWS spells with <entry>. */
export function entries(map: Readonly<Record<string, string>>): XmlValue {
  return { entry: Object.entries(map).map(([key, value]) => ({ key, value })) };
}

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';
const contentType = 'text/xml';

export function renderResult(action: string, result: XmlValue | null, id: string): TopicAnswer {
  const inner = result === null ? '' : `<${action}Result>${render(result)}</${action}Result>`;
  const body =
    `<${action}Response xmlns="${namespace}">${inner}` +
    `<ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></${action}Response>`;
  return { status: 200, contentType, body };
}

export function renderRefusal(refusal: TopicRefusal, id: string): TopicAnswer {
  const type = refusal.status >= 500 ? 'Receiver' : 'Sender';
  const error = { Type: type, Code: refusal.code, Message: refusal.message };
  const body =
    `<ErrorResponse xmlns="${namespace}"><Error>${render(error)}</Error>` +
    `<RequestId>${id}</RequestId></ErrorResponse>`;
  return { status: refusal.status, contentType, body };
}

function render(value: XmlValue): string {
  if (typeof value === 'string') return escapeText(value);
  if (isList(value)) return value.map((item) => `<member>${render(item)}</member>`).join('');
  return Object.entries(value)
    .map(([name, inner]) => renderMember(name, inner))
    .join('');
}

function renderMember(name: string, inner: XmlValue): string {
  if (name === 'entry' && typeof inner !== 'string' && isList(inner)) {
    return inner.map((item) => `<entry>${render(item)}</entry>`).join('');
  }
  return `<${name}>${render(inner)}</${name}>`;
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}

/** Characters that XML 1.0 cannot hold become U+FFFD. */
function escapeText(text: string): string {
  return text.toWellFormed().replace(/[&<>\r\p{Cc}\uFFFE\uFFFF]/gu, (character) => {
    if (character === '&') return '&amp;';
    if (character === '<') return '&lt;';
    if (character === '>') return '&gt;';
    if (character === '\r') return '&#13;';
    return character === '\n' || character === '\t' ? character : '\uFFFD';
  });
}
