// The XML body of a call to the value of its shape. Members that are not known and do no harm are
// named in the log, so that whoever wonders finds them.
import type { XmlElement } from '../wire/parse-xml.ts';
import { parseXml } from '../wire/parse-xml.ts';
import { readShape } from '../wire/read-shape.ts';
import type { Shape, ValueOf } from '../wire/shape.ts';
import { type CallAnswer, type CallPorts, refuse } from './call.ts';

export type ReadBody<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'answer'; readonly answer: CallAnswer };

/** root: the name of the document's element, as the service model has it. */
export function readRoot(body: Uint8Array, root: string): ReadBody<XmlElement> {
  const parsed = parseXml(body);
  if (parsed.kind === 'malformed') return answer(refuse('MalformedXML', parsed.message));
  if (parsed.element.name !== root) {
    return answer(refuse('MalformedXML', `The root element must be ${root}.`));
  }
  return { kind: 'value', value: parsed.element };
}

export function readMembers<S extends Shape>(
  shape: S,
  element: XmlElement,
  call: string,
  { log }: Pick<CallPorts, 'log'>,
): ReadBody<ValueOf<S>> {
  const read = readShape(shape, element, '');
  if (read.kind === 'problems') {
    return answer(refuse('BadRequestException', read.problems.join(' ')));
  }
  if (read.ignored.length > 0) {
    log.warn({ members: read.ignored }, `${call}: members ignored that are not known here`);
  }
  return { kind: 'value', value: read.value };
}

function answer(refusal: CallAnswer): { readonly kind: 'answer'; readonly answer: CallAnswer } {
  return { kind: 'answer', answer: refusal };
}
