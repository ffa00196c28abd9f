// Answers before they become HTTP: a status, a media type, a body. Refusals become the error
// document that the AWS clients of each protocol parse, with the status from the one error table.
import { type Refusal, type RefusalCode, refusalTable } from '../../core/errors.ts';
import { escape, wireNamespace, xmlDeclaration } from '../wire/write-shape.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Set on refusals, for the log. */
  readonly code?: RefusalCode;
}

export interface AnswerIds {
  readonly requestId: string;
  readonly hostId: string;
}

export const xmlType = 'application/xml';
export const jsonType = 'application/json; charset=utf-8';
export const textType = 'text/plain; charset=utf-8';

const messageCharactersMax = 1024;
const snsNamespace = 'http://sns.amazonaws.com/doc/2010-03-31/';

export function xmlAnswer(body: string): Answer {
  return { status: 200, contentType: xmlType, body };
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: jsonType, body: `${JSON.stringify(value)}\n` };
}

export function refusalAnswer(
  refusal: Refusal,
  protocol: 's3control' | 'sns' | 'json',
  ids: AnswerIds,
): Answer {
  const { httpStatus } = refusalTable[refusal.code];
  const message = shorten(refusal.message);
  const { code } = refusal;
  if (protocol === 'json') return { ...jsonAnswer(httpStatus, { code, message }), code };
  const type = httpStatus >= 500 ? 'Receiver' : 'Sender';
  const namespace = protocol === 'sns' ? snsNamespace : wireNamespace;
  return {
    status: httpStatus,
    contentType: xmlType,
    code,
    body:
      `${xmlDeclaration}<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type>` +
      `<Code>${code}</Code><Message>${escape(message)}</Message></Error>` +
      `<RequestId>${ids.requestId}</RequestId><HostId>${ids.hostId}</HostId></ErrorResponse>`,
  };
}

function shorten(message: string): string {
  const characters = Array.from(message);
  return characters.length <= messageCharactersMax
    ? message
    : `${characters.slice(0, messageCharactersMax - 1).join('')}…`;
}
