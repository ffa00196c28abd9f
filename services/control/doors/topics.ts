// The door of local SNS topics: the query API as a signed form, and the public links that messages
// carry. The service behind it answers in SNS's own documents; refusals of the door do too.
import type { Refusal } from '../../core/errors.ts';
import type { TopicService } from '../../core/notify.ts';
import type { Keys } from '../auth/keys.ts';
import { verifySignature } from '../auth/verify-signature.ts';
import type { Answer } from '../front/answer.ts';
import {
  headerOf,
  type Parameter,
  readParameters,
  type WireRequest,
} from '../front/wire-request.ts';

export type DoorAnswer =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Attributes and entries of a publish; a message itself is one parameter. */
export const formParametersMax = 1000;

export interface TopicPorts {
  readonly topics: TopicService;
  readonly keys: Keys;
  readonly region: string;
  readonly nowMs: number;
}

export async function answerTopicCall(
  request: WireRequest,
  ports: TopicPorts,
  signal: AbortSignal,
): Promise<DoorAnswer> {
  const { keys, region, nowMs, topics } = ports;
  const verification = verifySignature(request, { service: 'sns', region, nowMs, keys });
  if (verification.kind === 'refused') return verification;
  const form = readForm(request);
  if (form === undefined) {
    return refused('The body must be a form (application/x-www-form-urlencoded) in UTF-8.');
  }
  const { Action: action, ...parameters } = form;
  if (action === undefined) return refused('The form must name an Action.');
  const answer = await topics.handle(
    action,
    nullPrototype(parameters),
    verification.caller,
    signal,
  );
  return { kind: 'answer', answer };
}

/** undefined: no public page of the topics is here. */
export async function answerTopicLink(
  request: WireRequest,
  topics: TopicService,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  return topics.get(request.path, firstValues(request.parameters), signal);
}

function refused(message: string): DoorAnswer {
  return { kind: 'refused', refusal: { code: 'BadRequestException', message } };
}

function readForm(request: WireRequest): Readonly<Record<string, string>> | undefined {
  const mediaType = (headerOf(request, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded') return undefined;
  try {
    const written = new TextDecoder('utf-8', { fatal: true }).decode(request.body);
    // In a form, unlike in a query of ours, '+' is a space.
    const parameters = readParameters(written.replaceAll('+', '%20'));
    if (parameters === undefined || parameters.length > formParametersMax) return undefined;
    return firstValues(parameters);
  } catch {
    return undefined;
  }
}

function firstValues(parameters: readonly Parameter[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = Object.create(null);
  for (const { name, value } of parameters) {
    if (!(name in values)) values[name] = value;
  }
  return values;
}

function nullPrototype(
  members: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), members);
}
